//! Carries a turn out: look, plan, ask, commit, push; and again when the branch moved meanwhile (RULES 20).

use super::gather::{self, Gathered};
use super::look::Scope;
use super::plan::plan;
use super::round::{Job, Round};
use super::{Done, Failure, exists, vanished};
use crate::context::Context;
use crate::desk::Desk;
use crate::mirrors::{Guard, Opened};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::Reason;
use tagalong_api::validate::ValidAutomation;

/// How often a push is tried in one turn (RULES 20).
const PUSHES: u32 = 10;

pub(crate) async fn write<D: Desk>(
    context: &Context<D>,
    valid: &ValidAutomation,
    gathered: Gathered,
    lock_key: &str,
    now: Timestamp,
) -> Result<Done, Failure> {
    let mirror = context.mirrors.take(&gathered.source, &gathered.remote).await;
    let mut mirror =
        mirror.map_err(|why| failed(Reason::GitOperationFailed, "failed to checkout source", &why))?;
    let scope = Scope::new(valid.folder.clone(), &valid.line_files);
    let settings = &context.settings;
    let job = Arc::new(Job {
        valid: valid.clone(),
        gathered,
        scope,
        instance: settings.instance.clone(),
        dry_run: settings.dry_run,
        max_mirror_size: settings.max_mirror_size,
        planned: context.turns.planned(lock_key),
        now,
        meters: context.meters.clone(),
    });
    for moved in 0..PUSHES {
        // Anew each round: what was selected may have moved while the branch did.
        let (mut policies, observed_policies) = gather::policies(context, valid);
        let (looked, holds, mut edits) = {
            let (job, policies) = (Arc::clone(&job), policies.clone());
            let (result, guard) = blocking(mirror, move |opened| {
                let mut looked = job.look(opened)?;
                let mut edits = plan(&job.valid.key.namespace, &looked.files, &policies);
                let holds = job.pins(opened, &looked, &policies, &edits)?;
                holds.apply(&mut edits);
                looked.rewritten = job.rewritten(opened, &looked)?;
                Ok((looked, holds, edits))
            })
            .await?;
            mirror = guard;
            result?
        };
        let asked = exists::ask(context, &edits, &mut policies).await;
        if asked.held {
            edits = plan(&valid.key.namespace, &looked.files, &policies);
            holds.apply(&mut edits);
        }
        vanished::note(context, &mut edits).await;
        let tags = edits.tags_written();
        let newest = tags.iter().filter_map(|(policy, tag)| context.decisions.first_seen(policy, tag)).max();
        let round = {
            let job = Arc::clone(&job);
            let (result, guard) =
                blocking(mirror, move |opened| job.round(opened, &looked, edits, newest, moved)).await?;
            mirror = guard;
            result?
        };
        if let Round::Ended(turn, observed_revision) = round {
            if settings.dry_run {
                context.turns.plan(lock_key, &turn.changes);
            }
            let seen = turn.plan.tags_written();
            let seen = seen.iter().filter_map(|(policy, tag)| context.decisions.first_seen(policy, tag));
            context.meters.ended(&turn, seen, Timestamp::now());
            let unanswered = asked.unanswered;
            return Ok(Done {
                turn: *turn,
                observed_policies,
                observed_revision,
                unanswered,
                interval: valid.interval,
            });
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    }
    Err(failed(
        Reason::GitOperationFailed,
        "failed to update source",
        &format!("the branch moved during each of {PUSHES} pushes"),
    ))
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
