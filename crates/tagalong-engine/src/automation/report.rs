//! How a turn of an ImageUpdateAutomation ended, as status, events and the next turn.

use super::{Done, Failure, TurnOutcome, TurnReport, Wait, pinned, pulled, wait};
use crate::context::Context;
use crate::desk::{Desk, Event, EventType, Finding};
use crate::known_tips::KnownTip;
use crate::outcome::conclude;
use crate::wake::key_of;
use crate::wake::requested_at;
use crate::wheel::Failed;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::controller::Action;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::condition::{Outcome, READY, find};
use tagalong_api::{ImageUpdateAutomation, ImageUpdateAutomationStatus, Reason};

/// What there is to write beside a revert is written right after it.
const AFTER_REVERT: Duration = Duration::from_secs(1);

/// A suspended automation keeps its conditions (RULES 28).
pub(super) async fn suspended<D: Desk>(
    context: &Context<D>,
    object: &ImageUpdateAutomation,
    now: Timestamp,
) -> Result<Action, Failed> {
    let status = object.status.clone().unwrap_or_default();
    finish(context, object, status, &Outcome::Suspended, Vec::new(), None, now).await?;
    Ok(Action::await_change())
}

/// Ok and Err alike become one status, its events, one next time.
pub(super) async fn report<D: Desk>(
    context: &Context<D>,
    object: &ImageUpdateAutomation,
    result: Result<Done, Failure>,
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    status.last_automation_run_time = Some(Time(now));
    if let Some(requested) = requested_at(object) {
        status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    match result {
        Ok(done) => {
            let turn = done.turn;
            let tip = done.tip.filter(|_| !context.settings.dry_run);
            let mut events = events(&turn, &status);
            let pins = pinned::statuses(&turn.plan);
            events.extend(pinned::event(&turn, &status.pins));
            events.extend(pinned::rewritten(&turn));
            status.pins = pins;
            status.pull_requests = match &turn.outcome {
                TurnOutcome::Waiting(_) => status.pull_requests,
                _ if done.failure.is_some() || done.leaves_pulls => {
                    pulled::statuses_so_far(&turn.pulls, &status.pull_requests)
                }
                _ => pulled::statuses(&turn.pulls),
            };
            status.observed_policies = Some(done.observed_policies);
            status.observed_source_revision = Some(done.observed_revision);
            if let Some(commit) = pushed(&turn) {
                status.last_push_commit = Some(commit.to_owned());
                status.last_push_time = Some(Time(now));
            }
            let wait = match &turn.outcome {
                TurnOutcome::Waiting(wait) => Some(wait),
                _ => None,
            };
            let next = wait::rest(context.jittered(done.interval), wait, now);
            let soon = done.soon.into_iter().chain(reverted(&turn).then_some(AFTER_REVERT));
            let next = soon.fold(next, Duration::min);
            let outcome = match &done.failure {
                None => Outcome::Ready { message: standing(&turn) },
                Some((reason, message)) => {
                    Outcome::NotReady { reason: *reason, message: message.clone(), stalled: false }
                }
            };
            finish(context, object, status, &outcome, events, Some(Arc::new(turn)), now).await?;
            note_tip(context, object, tip).await;
            if let Some((_, message)) = done.failure {
                return Err(Failed { message });
            }
            context.retries.succeeded("ImageUpdateAutomation", &key_of(object));
            Ok(Action::requeue(next))
        }
        Err(Failure { reason, message, stalled }) => {
            let outcome = Outcome::NotReady { reason, message: message.clone(), stalled };
            finish(context, object, status, &outcome, Vec::new(), None, now).await?;
            if stalled { Ok(Action::await_change()) } else { Err(Failed { message }) }
        }
    }
}

/// What the automation knows of its branch from now on: only once what was to be said of it has been said.
async fn note_tip<D: Desk>(context: &Context<D>, object: &ImageUpdateAutomation, tip: Option<KnownTip>) {
    let Some(tip) = tip else { return };
    let (known_tips, key) = (context.mirrors.known_tips().clone(), key_of(object));
    // It cannot fail but by a panic, which costs an event at most.
    _ = tokio::task::spawn_blocking(move || known_tips.note(&key, &tip)).await.is_ok();
}

/// Whether the turn has pushed a commit that takes another one back.
fn reverted(turn: &TurnReport) -> bool {
    turn.plan.revert.is_some() && matches!(turn.outcome, TurnOutcome::Pushed { .. })
}

/// The commit that the turn has pushed; of several the last one.
fn pushed(turn: &TurnReport) -> Option<&str> {
    match &turn.outcome {
        TurnOutcome::Pushed { commit, .. } => Some(commit),
        TurnOutcome::PullRequests { planned: false } => pulled::pushed(&turn.pulls),
        _ => None,
    }
}

/// The message of Ready: Flux's, but where the push branch cannot be used, or a dry run wrote nothing, it says so.
fn standing(turn: &TurnReport) -> String {
    match &turn.outcome {
        TurnOutcome::ForeignCommits { commit } => foreign(turn, commit),
        TurnOutcome::PullRequests { .. } => pulled::standing(&turn.pulls),
        TurnOutcome::Waiting(wait) => waiting(turn, wait),
        TurnOutcome::Planned { .. } => format!("{} would be written", written(turn)),
        _ => "repository up-to-date".to_owned(),
    }
}

fn waiting(turn: &TurnReport, wait: &Wait) -> String {
    format!("{}: {} not written yet: {}", wait.reason, written(turn), wait.message)
}

/// What there is to write: `2 fields in 1 file`.
fn written(turn: &TurnReport) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!("{} in {}", count(turn.plan.edits.len(), "field"), count(turn.changes.len(), "file"))
}

fn foreign(turn: &TurnReport, commit: &str) -> String {
    let short: String = commit.chars().take(7).collect();
    format!(
        "{}: branch '{}' holds commit '{short}', which is not ours, and is left alone; merge or delete the branch to \
         go on",
        Reason::ForeignCommits,
        turn.branch
    )
}

/// What happened in a turn that went to its end; Flux's words for the push. A branch that is left alone is told
/// once, not at every turn.
fn events(turn: &TurnReport, status: &ImageUpdateAutomationStatus) -> Vec<Event> {
    match &turn.outcome {
        TurnOutcome::Pushed { commit, message, refspec } => {
            let short: String = commit.chars().take(7).collect();
            let refspec =
                refspec.as_ref().map(|refspec| format!(" and refspecs '{refspec}'")).unwrap_or_default();
            let message = format!("pushed commit '{short}' to branch '{}'{refspec}\n{message}", turn.branch);
            if reverted(turn) {
                return vec![Event { event_type: EventType::Warning, reason: Reason::RolledBack, message }];
            }
            vec![Event { event_type: EventType::Normal, reason: Reason::Succeeded, message }]
        }
        TurnOutcome::ForeignCommits { commit } => {
            once(status, EventType::Warning, Reason::ForeignCommits, foreign(turn, commit))
        }
        TurnOutcome::Waiting(wait) => once(status, EventType::Normal, wait.reason, waiting(turn, wait)),
        TurnOutcome::PullRequests { planned: false } => pulled::events(&turn.pulls, &status.pull_requests),
        TurnOutcome::PullRequests { planned: true }
        | TurnOutcome::UpToDate
        | TurnOutcome::Planned { .. }
        | TurnOutcome::AlreadyPushed { .. } => Vec::new(),
    }
}

/// An event, unless the object's condition says the same already.
fn once(
    status: &ImageUpdateAutomationStatus,
    event_type: EventType,
    reason: Reason,
    message: String,
) -> Vec<Event> {
    let told = find(&status.conditions, READY).is_some_and(|ready| ready.message == message);
    if told { Vec::new() } else { vec![Event { event_type, reason, message }] }
}

async fn finish<D: Desk>(
    context: &Context<D>,
    object: &ImageUpdateAutomation,
    mut status: ImageUpdateAutomationStatus,
    outcome: &Outcome,
    mut events: Vec<Event>,
    turn: Option<Arc<TurnReport>>,
    now: Timestamp,
) -> Result<(), Failed> {
    let (generation, observed) = (object.metadata.generation, status.observed_generation);
    let concluded = conclude(
        outcome,
        &status.conditions,
        observed,
        generation,
        now,
        "no change since last reconciliation",
    );
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    // The push says it already.
    if events.iter().all(|event| [Reason::Pinned, Reason::HistoryRewritten].contains(&event.reason)) {
        events.extend(concluded.event);
    }
    let status = (object.status.as_ref() != Some(&status)).then(|| Box::new(status));
    let finding = Finding::Automation { key: key_of(object), status, events, turn };
    context.desk.post(finding).await.map_err(|error| Failed { message: error.to_string() })
}
