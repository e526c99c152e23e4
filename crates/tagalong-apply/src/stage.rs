//! One stage: look at every object, try it in a dry run, then write what differs. Called by apply.

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use kube::core::Status;
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
use crate::{mark, secret, takeover};

/// How many requests are under way at once.
pub(crate) const AT_ONCE: usize = 8;
/// How often an object that others write at the same moment is looked at again.
const TRIES: usize = 3;

/// An object as it is sent.
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
            let health = live.as_ref().map_or_else(|| Health::new(State::NotFound, ""), health);
            return Ok(Plan::Leave(Action::Skipped, health, None));
        }
        if let Some(live) = &live
            && order::stage(id) == Stage::Definitions
            && is_leaving(live)
        {
            return Err(ApplyError::Terminating(id.clone()));
        }
        let write = |live, fields, anew| Plan::Write(Write { served: served.clone(), live, fields, anew });
        let tried = match (self.rehearsed(&served, wanted).await, &live) {
            (Ok(tried), _) => tried,
            (Err(failure), Some(standing)) if forced(wanted, standing, options) => {
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
        if fields.is_empty() && clearing(wanted, standing).is_none() {
            return Ok(Plan::Leave(Action::Unchanged, health(standing), Some(Standing::of(standing))));
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
        let Some(status) = error::status(failure) else { return false };
        let said = status.message.contains("is immutable") || status.message.contains("immutable field");
        if !(matches!(status.code, 409 | 422) || said) {
            return false;
        }
        let mut other = wanted.object.clone();
        other["metadata"]["name"] = json!(format!("{}-x", wanted.entry.id.name));
        match self.rehearse(served, &wanted.entry.id, &other).await {
            Ok(_) => true,
            Err(failure) => error::status(&failure).is_some_and(|refused| !same_cause(status, refused)),
        }
    }

    async fn act(&self, wanted: &Wanted, plan: &Plan, options: &Options) -> Result<Change, ApplyError> {
        let (action, fields, health, standing) = match plan {
            Plan::Leave(action, health, standing) => (*action, Vec::new(), health.clone(), standing.clone()),
            Plan::Write(write) => {
                let written = self.write(wanted, write, options).await?;
                let action = if write.live.is_some() { Action::Configured } else { Action::Created };
                (action, write.fields.clone(), self::health(&written), Some(Standing::of(&written)))
            }
        };
        Ok(Change { entry: wanted.entry.clone(), action, fields, health, standing })
    }

    async fn write(&self, wanted: &Wanted, write: &Write, options: &Options) -> Result<Value, ApplyError> {
        let id = &wanted.entry.id;
        match &write.live {
            Some(live) if write.anew => {
                self.delete(&write.served, id, live).await?;
                let gone = self.wait_gone(std::slice::from_ref(&wanted.entry), options.patience).await;
                gone.map_err(|unhealthy| ApplyError::NotReady(unhealthy.to_string()))?;
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

/// The path is not known, rather than the object or its namespace.
fn unserved(failure: &kube::Error) -> bool {
    error::status(failure).is_some_and(|status| {
        status.code == 404 && status.details.as_ref().is_none_or(|details| details.kind.is_empty())
    })
}

fn health(object: &Value) -> Health {
    Health::of(object, Timestamp::now())
}

fn forced(wanted: &Wanted, live: &Value, options: &Options) -> bool {
    options.force || mark::forced(&wanted.object, live)
}

fn clearing(wanted: &Wanted, live: &Value) -> Option<Value> {
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

/// Whether two refusals name the same field for the same reason.
fn same_cause(one: &Status, other: &Status) -> bool {
    let causes = |status: &Status| -> Vec<(String, String)> {
        let details = status.details.iter().flat_map(|details| &details.causes);
        details.map(|cause| (cause.field.clone(), cause.message.clone())).collect()
    };
    let known = causes(one);
    causes(other).iter().any(|cause| known.contains(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(causes: &[(&str, &str)]) -> Status {
        let causes: Vec<_> = causes
            .iter()
            .map(|(field, message)| json!({"field": field, "message": message, "reason": "x"}))
            .collect();
        serde_json::from_value(json!({"code": 422, "message": "invalid", "details": {"causes": causes}}))
            .unwrap()
    }

    #[test]
    fn an_object_that_is_wrong_in_itself_is_told_from_one_that_cannot_change() {
        let wrong = status(&[("spec.replicas", "must be at least 0")]);
        let unchangeable = status(&[("spec.selector", "field is immutable")]);
        assert!(same_cause(&wrong, &status(&[("spec.x", "no"), ("spec.replicas", "must be at least 0")])));
        assert!(!same_cause(&unchangeable, &status(&[("spec.ports[0].nodePort", "already allocated")])));
        assert!(!same_cause(&unchangeable, &status(&[])));
    }
}
