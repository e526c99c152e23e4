//! How a turn of an ImagePolicy ended, as status, events and the next turn.

use super::{Failure, Retry, Selected, Waiting};
use crate::context::Context;
use crate::desk::{Desk, Event, Finding};
use crate::outcome::conclude;
use crate::wake::key_of;
use crate::wake::requested_at;
use crate::wheel::Failed;
use jiff::{SignedDuration, Timestamp};
use kube::runtime::controller::Action;
use std::time::Duration;
use tagalong_api::condition::Outcome;
use tagalong_api::validate::DigestReflection;
use tagalong_api::{ImagePolicy, ImagePolicyStatus};

/// Of objects that were created together, one may be seen this much before the other.
const YOUNG: SignedDuration = SignedDuration::from_secs(2);

/// A suspended policy keeps its conditions and its last selection, which automations go on writing (RULES 7).
pub(super) async fn suspended<D: Desk>(
    context: &Context<D>,
    object: &ImagePolicy,
    now: Timestamp,
) -> Result<Action, Failed> {
    finish(context, object, object.status.clone().unwrap_or_default(), &Outcome::Suspended, now).await?;
    Ok(Action::await_change())
}

/// Ok and Err alike become one status, one event, one next time.
pub(super) async fn report<D: Desk>(
    context: &Context<D>,
    object: &ImagePolicy,
    result: Result<Selected, Failure>,
    waiting: Waiting,
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    if let Some(wait) = silent(context, object, &result, now) {
        return Ok(Action::requeue(wait));
    }
    let outcome = match &result {
        Ok(selected) => {
            if status.latest_ref.as_ref() != Some(&selected.latest) {
                status.observed_previous_ref = status.latest_ref.replace(selected.latest.clone());
            }
            let waits = waiting.best.as_ref().map(|hit| &hit.refusal);
            let waits = waits.map(|refusal| format!("; {}: {}", refusal.reason, refusal.message));
            Outcome::Ready { message: resolved(&status) + &waits.unwrap_or_default() }
        }
        Err(failure) => Outcome::NotReady {
            reason: failure.reason,
            message: failure.message.clone(),
            stalled: failure.retry == Retry::Stalled,
        },
    };
    if let Some(candidates) = waiting.candidates {
        status.candidates = candidates;
    }
    if let Some(requested) = requested_at(object) {
        status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    finish(context, object, status, &outcome, now).await?;
    let interval = match &result {
        Ok(Selected { valid, .. }) if valid.digest == DigestReflection::Always => valid.interval,
        _ => None,
    };
    let next = match result {
        Err(Failure { retry: Retry::BackOff, message, .. }) => return Err(Failed { message }),
        Err(Failure { retry: Retry::Dependency | Retry::FirstScan, .. }) => {
            Some(context.settings.requeue_dependency)
        }
        _ => {
            let jittered = [interval, waiting.again].map(|wait| wait.map(|wait| context.jittered(wait)));
            let until = waiting.until.map(|until| left(until, now));
            jittered.into_iter().chain([until]).flatten().min()
        }
    };
    context.retries.succeeded("ImagePolicy", &key_of(object));
    Ok(next.map_or_else(Action::await_change, Action::requeue))
}

/// The time until a candidate is old enough: exactly then it is looked at again.
fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}

/// How long a new policy says nothing: what it would say now holds for a moment and costs two writes. Its repository
/// wakes it, when it comes or when its first turn ends.
fn silent<D: Desk>(
    context: &Context<D>,
    object: &ImagePolicy,
    result: &Result<Selected, Failure>,
    now: Timestamp,
) -> Option<Duration> {
    let failure = result.as_ref().err()?;
    if object.status.as_ref().is_some_and(|status| !status.conditions.is_empty()) {
        return None;
    }
    let created = object.metadata.creation_timestamp.as_ref();
    let young = created.is_some_and(|created| now.duration_since(created.0).abs() < YOUNG);
    match failure.retry {
        Retry::FirstScan => Some(context.settings.requeue_dependency),
        Retry::Dependency if young => Some(YOUNG.unsigned_abs()),
        _ => None,
    }
}

/// Flux's message, which alerts and commit statuses show.
fn resolved(status: &ImagePolicyStatus) -> String {
    let Some(latest) = &status.latest_ref else { return String::new() };
    let digest = latest.digest.as_ref().map(|digest| format!(" with digest {digest}")).unwrap_or_default();
    let previous = status.observed_previous_ref.as_ref().map(|previous| format!(" (previously {previous})"));
    let previous = previous.unwrap_or_default();
    format!("Latest image tag for {} resolved to {}{digest}{previous}", latest.name, latest.tag)
}

async fn finish<D: Desk>(
    context: &Context<D>,
    object: &ImagePolicy,
    mut status: ImagePolicyStatus,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), Failed> {
    let (generation, observed) = (object.metadata.generation, status.observed_generation);
    let concluded =
        conclude(outcome, &status.conditions, observed, generation, now, "selection did not change");
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    let events: Vec<Event> = concluded.event.into_iter().collect();
    let status = (object.status.as_ref() != Some(&status)).then(|| Box::new(status));
    let finding = Finding::Policy { key: key_of(object), status, events };
    context.desk.post(finding).await.map_err(|error| Failed { message: error.to_string() })
}
