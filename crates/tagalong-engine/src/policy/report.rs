//! How a turn of an ImagePolicy ended, as status, events and the next turn.

use super::{Failure, Retry, Selected};
use crate::context::Context;
use crate::desk::{Desk, Event, Finding};
use crate::outcome::conclude;
use crate::wake::key_of;
use crate::wake::requested_at;
use crate::wheel::Failed;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use tagalong_api::condition::Outcome;
use tagalong_api::validate::DigestReflection;
use tagalong_api::{ImagePolicy, ImagePolicyStatus};

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
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    let waits = matches!(&result, Err(failure) if failure.retry == Retry::FirstScan);
    if waits && status.conditions.is_empty() {
        // A new policy of a new repository: what it would say now holds for a moment and costs two writes.
        return Ok(Action::requeue(context.settings.requeue_dependency));
    }
    let outcome = match &result {
        Ok(selected) => {
            if status.latest_ref.as_ref() != Some(&selected.latest) {
                status.observed_previous_ref = status.latest_ref.replace(selected.latest.clone());
            }
            Outcome::Ready { message: resolved(&status) }
        }
        Err(failure) => Outcome::NotReady {
            reason: failure.reason,
            message: failure.message.clone(),
            stalled: failure.retry == Retry::Stalled,
        },
    };
    if let Some(requested) = requested_at(object) {
        status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    finish(context, object, status, &outcome, now).await?;
    let next = match result {
        Ok(Selected { valid, .. }) => match (valid.digest, valid.interval) {
            (DigestReflection::Always, Some(interval)) => Action::requeue(context.jittered(interval)),
            _ => Action::await_change(),
        },
        Err(Failure { retry: Retry::BackOff, message, .. }) => return Err(Failed { message }),
        Err(Failure { retry: Retry::Dependency | Retry::FirstScan, .. }) => {
            Action::requeue(context.settings.requeue_dependency)
        }
        Err(_) => Action::await_change(),
    };
    context.retries.succeeded("ImagePolicy", &key_of(object));
    Ok(next)
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
