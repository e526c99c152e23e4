//! From how a turn ended to conditions, events and the next turn, the same way for every kind. Pure but for the
//! caller's clock; used by each kind's report step.

use crate::desk::{Event, EventType};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tagalong_api::Reason;
use tagalong_api::condition::{self, Outcome, READY};

/// What the conditions were and what they are now.
pub(crate) struct Concluded {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) observed_generation: Option<i64>,
    /// The event that the change deserves. A failure that says the same as the last one does not get another,
    /// so a failing object does not flood whoever listens.
    pub(crate) event: Option<Event>,
}

/// Concludes a turn. `quiet` is the trace event of a turn that changed nothing.
pub(crate) fn conclude(
    outcome: &Outcome,
    previous: &[Condition],
    observed: Option<i64>,
    generation: Option<i64>,
    now: Timestamp,
    quiet: &str,
) -> Concluded {
    let generation = generation.unwrap_or_default();
    let conditions = condition::next(outcome, previous, generation, now);
    let before = condition::find(previous, READY);
    let after = condition::find(&conditions, READY);
    let same = before.zip(after).is_some_and(|(before, after)| {
        (&before.status, &before.reason, &before.message) == (&after.status, &after.reason, &after.message)
    });
    let event = match outcome {
        Outcome::Ready { .. } if same => {
            Some(Event { event_type: EventType::Trace, reason: Reason::Succeeded, message: quiet.to_owned() })
        }
        Outcome::Ready { message } => {
            Some(Event { event_type: EventType::Normal, reason: Reason::Succeeded, message: message.clone() })
        }
        Outcome::NotReady { reason, message, .. } if !same => {
            Some(Event { event_type: EventType::Warning, reason: *reason, message: message.clone() })
        }
        _ => None,
    };
    let observed_generation = condition::observed_generation(outcome, observed, generation);
    Concluded { conditions, observed_generation, event }
}
