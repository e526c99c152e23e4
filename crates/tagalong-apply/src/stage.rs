//! One stage: look at every object, try it in a dry run, then write what differs. Called by apply.

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::apply::{LAG, Options};
use crate::change::{Action, Change, FieldDrift, Outcome};
use crate::cluster::Cluster;
use crate::compare::compare;
use crate::error::{self, ApplyError};
use crate::health::{Health, State};
use crate::inventory::Entry;
use crate::kinds::Served;
use crate::object::is_leaving;
use crate::order::{self, Stage};
use crate::standing::Standing;
use crate::{anew, mark, secret, takeover};

/// How many requests are under way at once.
pub(crate) const AT_ONCE: usize = 8;
/// How often an object that others write at the same moment is looked at again.
pub(crate) const TRIES: usize = 3;

/// An object as it is sent.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) entry: Entry,
    pub(crate) object: Value,
}

/// What there is to do for one object.
enum Plan {
    Leave(Action, Health, Option<Standing>),
    Write(Write),
}

/// What is to be written.
struct Write {
    served: Served,
    live: Option<Value>,
    fields: Vec<FieldDrift>,
    /// A field cannot change: the object has to be made anew.
    anew: bool,
    /// In place of the object that is wanted, where some of its fields are left as they stand.
    sent: Option<Box<Wanted>>,
}

impl Write {
    /// Somebody else deletes what stands there.
    fn is_leaving(&self) -> bool {
        self.live.as_ref().is_some_and(is_leaving)
    }
}

impl Cluster {
    /// Tries every object; writes only if all were accepted, those of one rank side by side.
    pub(crate) async fn apply_stage(&self, wanted: &[Wanted], options: &Options, outcome: &mut Outcome) {
        let looks: Vec<_> = wanted.iter().map(|wanted| self.look(wanted, options)).collect();
        let looked: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        let mut plans = Vec::new();
        for (wanted, plan) in wanted.iter().zip(looked) {
            match plan {
                Ok(plan) => plans.push((wanted, plan)),
                Err(failure) => outcome.failures.push(failure),
            }
        }
        if !outcome.failures.is_empty() {
            return;
        }
        for rank in plans.chunk_by(|(a, _), (b, _)| order::rank(&a.entry.id) == order::rank(&b.entry.id)) {
            let acts: Vec<_> = rank.iter().map(|(wanted, plan)| self.act(wanted, plan, options)).collect();
            for change in stream::iter(acts).buffered(AT_ONCE).collect::<Vec<_>>().await {
                match change {
                    Ok(change) => outcome.changes.push(change),
                    Err(failure) => outcome.failures.push(failure),
                }
            }
            if !outcome.failures.is_empty() {
                return;
            }
        }
    }

    /// What there is to do for an object: one read and one dry run.
    async fn look(&self, wanted: &Wanted, options: &Options) -> Result<Plan, ApplyError> {
        let id = &wanted.entry.id;
        let served = self.find(id, &wanted.entry.api_version()).await?;
        let live = self.get(&served, id).await?;
        if mark::skipped(&wanted.object, live.as_ref()) {
            let health =
                live.as_ref().map_or_else(|| Health::new(State::NotFound, ""), |live| self.health(live));
            return Ok(Plan::Leave(Action::Skipped, health, None));
        }
        if let Some(live) = &live
            && order::stage(id) == Stage::Definitions
            && is_leaving(live)
        {
            return Err(ApplyError::Terminating(id.clone()));
        }
        let sent = self.rules.leave(wanted, live.as_ref()).map(Box::new);
        let wanted = sent.as_deref().unwrap_or(wanted);
        let write = |live, fields, anew| {
            let (served, sent) = (served.clone(), sent.clone());
            Plan::Write(Write { served, live, fields, anew, sent })
        };
        let tried = match (self.rehearsed(&served, wanted).await, &live) {
            (Ok(tried), _) => tried,
            (Err(failure), Some(standing)) if anew::allowed(id, &wanted.object, standing, options) => {
                return match self.immutable(&served, wanted, &failure).await {
                    true => Ok(write(live, Vec::new(), true)),
                    false => Err(refusal(wanted, "dry-run", &failure)),
                };
            }
            (Err(failure), _) => {
                if unserved(&failure) {
                    // The kind may be served elsewhere by now, or no longer.
                    self.kinds.forget(&id.group);
                }
                return Err(refusal(wanted, "dry-run", &failure));
            }
        };
        let Some(standing) = &live else { return Ok(write(None, Vec::new(), false)) };
        let fields = compare(standing, &tried);
        if fields.is_empty() && clearing(wanted, standing).is_none() && !is_leaving(standing) {
            let stands = self.rules.standing(id, standing);
            return Ok(Plan::Leave(Action::Unchanged, self.health(standing), Some(stands)));
        }
        Ok(write(live, fields, false))
    }

    /// The answer to a dry run. A kind that is served since this moment is not found at first.
    async fn rehearsed(&self, served: &Served, wanted: &Wanted) -> kube::Result<Value> {
        for _ in 1..TRIES {
            match self.patch(served, &wanted.entry.id, &wanted.object, true).await {
                Err(failure) if unserved(&failure) => sleep(LAG).await,
                answer => return answer,
            }
        }
        self.patch(served, &wanted.entry.id, &wanted.object, true).await
    }

    /// Whether a refusal is because of what stands there, and not because the object is wrong in itself. Flux takes
    /// every invalid object for the former, and deletes what stood before it finds out.
    async fn immutable(&self, served: &Served, wanted: &Wanted, failure: &kube::Error) -> bool {
        let Some(refused) = error::status(failure).filter(|refused| anew::may_be_immutable(refused)) else {
            return false;
        };
        let name = anew::other_name(&wanted.entry.id.name);
        let mut other = wanted.object.clone();
        other["metadata"]["name"] = json!(name);
        match self.rehearse(served, &wanted.entry.id, &other).await {
            Ok(_) => true,
            Err(failure) => {
                let again = error::status(&failure);
                again.is_some_and(|again| anew::is_immutable(refused, again, &wanted.entry.id.name))
            }
        }
    }

    async fn act(&self, wanted: &Wanted, plan: &Plan, options: &Options) -> Result<Change, ApplyError> {
        let (action, fields, health, standing) = match plan {
            Plan::Leave(action, health, standing) => (*action, Vec::new(), health.clone(), standing.clone()),
            Plan::Write(write) => {
                let wanted = write.sent.as_deref().unwrap_or(wanted);
                let written = self.write(wanted, write, options).await?;
                let action = if write.live.is_some() { Action::Configured } else { Action::Created };
                (
                    action,
                    changed(wanted, write, &written),
                    self.health(&written),
                    Some(self.rules.standing(&wanted.entry.id, &written)),
                )
            }
        };
        Ok(Change { entry: wanted.entry.clone(), action, fields, health, standing })
    }

    fn health(&self, object: &Value) -> Health {
        self.rules.health(object, Timestamp::now())
    }

    async fn write(&self, wanted: &Wanted, write: &Write, options: &Options) -> Result<Value, ApplyError> {
        let id = &wanted.entry.id;
        match &write.live {
            // What is on its way out would take with it whatever is written now.
            Some(live) if write.anew || write.is_leaving() => {
                if !write.is_leaving() {
                    self.delete(&write.served, id, live).await?;
                }
                let gone = self.wait_gone(std::slice::from_ref(&wanted.entry), options.patience);
                options.away(gone).await.map_err(|unhealthy| ApplyError::NotReady(unhealthy.to_string()))?;
            }
            Some(live) => self.clear(wanted, &write.served, live).await?,
            None => {}
        }
        let written = self.patch(&write.served, id, &wanted.object, false).await;
        written.map_err(|failure| refusal(wanted, "apply", &failure))
    }

    /// Takes over what kubectl holds, in the object as it stands now.
    async fn clear(&self, wanted: &Wanted, served: &Served, live: &Value) -> Result<(), ApplyError> {
        let id = &wanted.entry.id;
        let mut patch = clearing(wanted, live);
        for left in (0..TRIES).rev() {
            let Some(wish) = &patch else { return Ok(()) };
            match self.edit(served, id, wish).await {
                Err(failure) if error::code(&failure) == 409 && left > 0 => {
                    let now = self.get(served, id).await?;
                    patch = now.as_ref().and_then(|now| clearing(wanted, now));
                }
                Err(failure) if error::code(&failure) != 404 => {
                    return Err(refusal(wanted, "metadata.managedFields cleanup", &failure));
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

/// The fields that a write changed. With what is taken over go fields that no dry run has shown: kubectl's alone.
fn changed(wanted: &Wanted, write: &Write, written: &Value) -> Vec<FieldDrift> {
    let taken = write
        .live
        .as_ref()
        .filter(|live| !write.anew && !is_leaving(live) && clearing(wanted, live).is_some());
    taken.map_or_else(|| write.fields.clone(), |live| compare(live, written))
}

/// The path is not known, rather than the object or its namespace.
pub(crate) fn unserved(failure: &kube::Error) -> bool {
    error::status(failure).is_some_and(|status| {
        status.code == 404 && status.details.as_ref().is_none_or(|details| details.kind.is_empty())
    })
}

pub(crate) fn clearing(wanted: &Wanted, live: &Value) -> Option<Value> {
    if mark::merged(&wanted.object, live) { None } else { takeover::patch(live) }
}

pub(crate) fn refusal(wanted: &Wanted, attempt: &'static str, failure: &kube::Error) -> ApplyError {
    match ApplyError::of(&wanted.entry.id, attempt, failure) {
        ApplyError::Refused { id, attempt, reason, message } => {
            ApplyError::Refused { id, attempt, reason, message: secret::scrub(&wanted.object, message) }
        }
        other => other,
    }
}
