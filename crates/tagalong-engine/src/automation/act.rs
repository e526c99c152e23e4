//! Carries a turn out: look, plan, ask, commit, push; and again when the branch moved meanwhile (RULES 20).

use super::gather::{self, Gathered};
use super::look::{Looked, Scope};
use super::plan::{EditPlan, plan};
use super::rollback::{self, Heard};
use super::round::{Job, Round, Studied};
use super::{Done, Failure, TurnOutcome, TurnReport, exists, pulls, vanished};
use crate::context::Context;
use crate::desk::Desk;
use crate::known_tips::KnownTip;
use crate::mirrors::{Guard, Opened};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::validate::ValidAutomation;
use tagalong_api::{ImageReference, Reason};
use tagalong_forge::Allowance;

/// How often a push is tried in one turn (RULES 20).
const PUSHES: u32 = 10;
/// How soon a Kustomization is asked again that nobody here watches, while it is not Ready with what the branch holds.
const ASK_AGAIN: Duration = Duration::from_secs(30);

pub(crate) async fn write<D: Desk>(
    context: &Context<D>,
    valid: &ValidAutomation,
    gathered: Gathered,
    lock_key: &str,
    now: Timestamp,
) -> Result<Done, Failure> {
    let settings = &context.settings;
    let job = Arc::new(Job {
        valid: valid.clone(),
        scope: Scope::new(valid.folder.clone(), &valid.line_files),
        gathered,
        instance: settings.instance.clone(),
        folder: context.desk.folder().map(ToOwned::to_owned),
        dry_run: settings.dry_run,
        max_mirror_size: settings.max_mirror_size,
        planned: context.turns.planned(lock_key),
        replaceable: None,
        known_tips: context.mirrors.known_tips().clone(),
        now,
        allowance: Allowance::default(),
        meters: context.meters.clone(),
    });
    for moved in 0..PUSHES {
        let (heard, deaf) = rollback::listen(context, valid).await?;
        let mirror = mirror(context, &job).await?;
        let (mut planned, mirror) = planned(context, &job, mirror, heard).await?;
        planned.failure = planned.failure.or_else(|| deaf.as_deref().map(unheard));
        let done = if valid.pull_request.is_some() {
            // Others may use the mirror while the host is asked.
            drop(mirror);
            pulls::write(context, &job, planned, moved).await?
        } else {
            planned.put_revert_first();
            push(&job, planned, mirror, moved).await?
        };
        if let Some(done) = done {
            if settings.dry_run && valid.pull_request.is_none() {
                context.turns.plan(lock_key, &done.turn.changes);
            }
            let seen = done.turn.plan.tags_written();
            let seen = seen.iter().filter_map(|(policy, tag)| context.decisions.first_seen(policy, tag));
            context.meters.ended(&done.turn, seen, Timestamp::now());
            return Ok(done);
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    }
    Err(failed(
        Reason::GitOperationFailed,
        "failed to update source",
        &format!("the branch moved during each of {PUSHES} pushes"),
    ))
}

/// A branch that was looked at, and what is to be written to it.
pub(super) struct Planned {
    pub(super) looked: Arc<Looked>,
    pub(super) edits: EditPlan,
    pub(super) observed_policies: BTreeMap<String, ImageReference>,
    /// What takes a commit back that was not healthy, beside the edits.
    pub(super) rollback: Option<EditPlan>,
    /// When the last of the tags in them was first listed.
    pub(super) newest: Option<Timestamp>,
    /// The next turn comes after so long at most.
    pub(super) soon: Option<Duration>,
    /// What a registry or a host did not answer.
    pub(super) failure: Option<(Reason, String)>,
}

impl Planned {
    /// What takes a commit back is a commit of its own; the rest has its turn right after it.
    fn put_revert_first(&mut self) {
        if let Some(EditPlan { edits, revert, .. }) = self.rollback.take() {
            self.edits = EditPlan { edits, revert, ..std::mem::take(&mut self.edits) };
        }
    }

    pub(super) fn done(self, job: &Job, turn: TurnReport, observed_revision: String) -> Done {
        Done {
            tip: self.tip(job, &turn.outcome),
            leaves_pulls: false,
            turn,
            observed_policies: self.observed_policies,
            observed_revision,
            failure: self.failure,
            interval: job.valid.interval,
            soon: self.soon,
        }
    }

    /// The tip of the branch that is read, as it is after the turn.
    fn tip(&self, job: &Job, outcome: &TurnOutcome) -> Option<KnownTip> {
        let fetched = &self.looked.fetched;
        let refname = fetched.refname.clone()?;
        let commit = match outcome {
            TurnOutcome::Pushed { commit, .. } if refname == job.push_ref() => commit,
            _ => &fetched.commit,
        };
        Some(KnownTip { remote: job.gathered.remote.url.lock_key(), refname, commit: commit.clone() })
    }
}

/// The mirror of the job's remote.
pub(super) async fn mirror<D: Desk>(context: &Context<D>, job: &Job) -> Result<Guard, Failure> {
    let mirror = context.mirrors.take(&job.gathered.source, &job.gathered.remote).await;
    mirror.map_err(|why| failed(Reason::GitOperationFailed, "failed to checkout source", &why))
}

/// Looks, plans, and asks history and registries.
async fn planned<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    mirror: Guard,
    heard: Heard,
) -> Result<(Planned, Guard), Failure> {
    let valid = &job.valid;
    // Anew each round: what was selected may have moved while the branch did.
    let (mut policies, observed_policies) = gather::policies(context, valid);
    let (looked, holds, mut edits, mirror) = {
        let (job, policies) = (Arc::clone(job), policies.clone());
        let (studied, mirror) = blocking(mirror, move |opened| job.study(opened, &policies)).await?;
        let Studied { looked, holds, edits } = studied?;
        (looked, holds, edits, mirror)
    };
    let asked = exists::ask(context, &edits, &mut policies).await;
    if asked.held {
        edits = plan(&valid.key.namespace, &looked.files, &policies);
        holds.apply(&mut edits);
    }
    vanished::note(context, &mut edits).await;
    let tags = edits.tags_written();
    let newest = tags.iter().filter_map(|(policy, tag)| context.decisions.first_seen(policy, tag)).max();
    let failure =
        asked.unanswered.map(|why| (Reason::UpdateFailed, format!("failed to apply policies: {why}")));
    let (looked, heard) = (Arc::new(looked), Arc::new(heard));
    let (rollback, mirror) = rollback::find(context, job, &heard, &looked, mirror).await?;
    let soon = heard.is_open(&looked.fetched.commit).then_some(ASK_AGAIN);
    Ok((Planned { looked, edits, observed_policies, rollback, newest, soon, failure }, mirror))
}

/// The Kustomizations could not be asked; everything else is done all the same.
fn unheard(why: &str) -> (Reason, String) {
    (Reason::UpdateFailed, format!("failed to ask the Kustomizations how they are: {why}"))
}

/// One commit on the branch; `None` where the branch moved meanwhile.
async fn push(
    job: &Arc<Job>,
    mut planned: Planned,
    mirror: Guard,
    moved: u32,
) -> Result<Option<Done>, Failure> {
    let round = {
        let (job, looked) = (Arc::clone(job), Arc::clone(&planned.looked));
        let (edits, newest) = (std::mem::take(&mut planned.edits), planned.newest);
        let (result, _mirror) =
            blocking(mirror, move |opened| job.round(opened, &looked, edits, newest, moved)).await?;
        result?
    };
    Ok(match round {
        Round::Again => None,
        Round::Refused(why) => {
            return Err(failed(Reason::GitOperationFailed, "failed to update source", &why));
        }
        Round::Ended(turn, revision) => Some(planned.done(job, *turn, revision)),
    })
}

/// Runs a step that blocks with the mirror, and gives the mirror back.
pub(super) async fn blocking<T: Send + 'static>(
    guard: Guard,
    step: impl FnOnce(&mut Opened) -> Result<T, Failure> + Send + 'static,
) -> Result<(Result<T, Failure>, Guard), Failure> {
    let done = crate::mirrors::blocking(guard, step).await;
    done.map_err(|why| failed(Reason::GitOperationFailed, "failed to update source", &why))
}

/// A failure that time may mend.
pub(super) fn failed(reason: Reason, what: &str, why: &str) -> Failure {
    Failure { reason, message: format!("{what}: {why}"), stalled: false }
}
