//! How a turn of a Kustomization ended, as status, events and the next turn.

use super::act::Done;
use super::{Failure, Next, Turn};
use crate::context::Context;
use crate::desk::{Desk, Event, EventType, Finding};
use crate::outcome::conclude;
use crate::wake::{key_of, requested_at};
use crate::wheel::Failed;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::controller::Action;
use std::time::Duration;
use tagalong_api::condition::{self, Outcome, READY};
use tagalong_api::validate::ValidKustomization;
use tagalong_api::{Kustomization, KustomizationStatus, Reason};
use tagalong_model::format_duration;

/// When the next turn is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    interval: Duration,
    retry: Duration,
}

impl Default for Pace {
    /// Of a spec that says nothing that could be read.
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self { interval: minute, retry: minute }
    }
}

impl From<ValidKustomization> for Pace {
    fn from(valid: ValidKustomization) -> Self {
        Self { interval: valid.interval, retry: valid.retry_interval }
    }
}

/// A suspended object keeps its conditions (RULES 28).
pub(super) async fn suspended<D: Desk>(
    context: &Context<D>,
    object: &Kustomization,
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    let (generation, observed) = (object.metadata.generation, status.observed_generation);
    let concluded = conclude(&Outcome::Suspended, &status.conditions, observed, generation, now, "");
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    post(context, object, &status, Vec::new()).await?;
    Ok(Action::await_change())
}

impl<D: Desk> Turn<'_, D> {
    /// Ok and Err alike become one status, its events, one next time.
    pub(super) async fn report(
        mut self,
        pace: &Pace,
        result: Result<Done, Failure>,
    ) -> Result<Action, Failed> {
        if let Some(requested) = requested_at(self.object) {
            self.status.last_handled_reconcile_at = Some(requested.to_owned());
        }
        let (outcome, reason) = match &result {
            Ok(done) => {
                let message = format!("Applied revision: {}", done.revision);
                (Outcome::Ready { message }, Reason::ReconciliationSucceeded)
            }
            Err(Failure { reason, message, stalled, .. }) => {
                let (message, stalled) = (message.clone(), *stalled);
                (Outcome::NotReady { reason: *reason, message, stalled }, *reason)
            }
        };
        let (generation, now) = (self.generation(), self.now);
        self.status.conditions = condition::next(&outcome, &self.status.conditions, generation, now);
        if let Outcome::Ready { message } = &outcome {
            condition::set(&mut self.status.conditions, READY, (true, reason, message), generation, now);
        }
        self.status.observed_generation =
            condition::observed_generation(&outcome, self.status.observed_generation, generation);
        let canceled = matches!(&result, Err(Failure { next: Next::Now, .. }));
        if canceled && self.is_suspended_now() {
            // What is suspended keeps the conditions that it had.
            let before = self.object.status.as_ref();
            self.status.conditions = before.map(|status| status.conditions.clone()).unwrap_or_default();
            self.status.observed_generation = before.and_then(|status| status.observed_generation);
            post(self.context, self.object, &self.status, Vec::new()).await?;
            return Ok(Action::await_change());
        }
        let events = self.event(pace, &result).into_iter().collect();
        post(self.context, self.object, &self.status, events).await?;
        self.next(pace, &result)
    }

    fn next(&self, pace: &Pace, result: &Result<Done, Failure>) -> Result<Action, Failed> {
        let retries = &self.context.retries;
        match result {
            Ok(_) => {
                retries.succeeded("Kustomization", &self.key);
                Ok(Action::requeue(self.context.jittered(pace.interval)))
            }
            Err(Failure { stalled: true, .. }) => Ok(Action::await_change()),
            // One that has but one run tries again within it, as every kind does.
            Err(Failure { next: Next::Retry, message, .. }) if self.context.settings.once => {
                Err(Failed { message: message.clone() })
            }
            Err(failure) => Ok(Action::requeue(match failure.next {
                Next::Retry => pace.retry,
                Next::Dependency => self.context.settings.requeue_dependency,
                Next::Now => Duration::ZERO,
            })),
        }
    }

    /// What the end of a turn is worth telling: a revision that is new, the end of a failure, a failure that is new.
    fn event(&self, pace: &Pace, result: &Result<Done, Failure>) -> Option<Event> {
        let before = self.object.status.as_ref();
        let was = before.and_then(|status| condition::find(&status.conditions, READY));
        match result {
            Ok(done) => {
                let known = before.and_then(|status| status.last_applied_revision.as_deref());
                let news = known != Some(&done.revision) || was.is_none_or(|was| was.status != "True");
                let event_type = if news { EventType::Normal } else { EventType::Trace };
                let message = format!(
                    "Reconciliation finished in {}, next run in {}",
                    format_duration(self.begun.elapsed()),
                    format_duration(pace.interval)
                );
                Some(Event { event_type, reason: Reason::ReconciliationSucceeded, message })
            }
            Err(failure) if said(was, failure) => None,
            Err(Failure { next: Next::Now, .. }) => None,
            Err(Failure { reason, next: Next::Dependency, message, .. }) => {
                Some(Event { event_type: EventType::Normal, reason: *reason, message: message.clone() })
            }
            Err(Failure { reason, message, .. }) => {
                Some(Event { event_type: EventType::Warning, reason: *reason, message: message.clone() })
            }
        }
    }
}

/// Whether the last turn ended with the same words.
fn said(was: Option<&Condition>, failure: &Failure) -> bool {
    was.is_some_and(|was| {
        let same = was.message == condition::shorten(&failure.message);
        same && was.status == "False" && was.reason == failure.reason.as_str()
    })
}

/// Hands a status and events to the desk.
pub(super) async fn post<D: Desk>(
    context: &Context<D>,
    object: &Kustomization,
    status: &KustomizationStatus,
    events: Vec<Event>,
) -> Result<(), Failed> {
    let revision = status.last_attempted_revision.clone();
    let status = Some(Box::new(status.clone()));
    let finding = Finding::Kustomization { key: key_of(object), status, events, revision };
    context.desk.post(finding).await.map_err(|error| Failed { message: error.to_string() })
}

/// Hands over what happened on the way, to the objects of this revision, while the status stays as it is.
pub(super) async fn tell<D: Desk>(
    context: &Context<D>,
    object: &Kustomization,
    revision: Option<String>,
    event: Event,
) -> Result<(), Failed> {
    let finding = Finding::Kustomization { key: key_of(object), status: None, events: vec![event], revision };
    context.desk.post(finding).await.map_err(|error| Failed { message: error.to_string() })
}
