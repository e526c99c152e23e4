//! Whether an object has become what it says: the rules of kstatus, which Flux follows, and those of a few kinds that
//! kstatus does not know. Pure; called for what was applied and for what a watch shows.

mod condition;
mod custom;
mod workload;

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::object::{split_version, text};

/// How far an object is; the words are kstatus'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As wanted.
    Current,
    /// On its way.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// It is being deleted.
    Terminating,
    /// It is not there.
    NotFound,
    /// It was not seen: nothing can be said of it.
    Unknown,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "Current",
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown => "Unknown",
        })
    }
}

/// The health of one object, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How far it is.
    pub state: State,
    /// Why, in a few words.
    pub message: String,
}

/// Each condition of an object as `type=status reason: message`.
pub(crate) fn conditions(object: &Value) -> Vec<String> {
    condition::list(object).map(|condition| condition.to_string()).collect()
}

/// The same of those that are chosen by type and status.
pub(crate) fn condition_lines(object: &Value, chosen: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let list = condition::list(object).filter(|condition| chosen(condition.kind, condition.status));
    list.map(|condition| condition.to_string()).collect()
}

/// Whether its condition `Ready` is true.
pub(crate) fn is_ready(object: &Value) -> bool {
    condition::is_true(object, "Ready")
}

impl Health {
    pub(crate) fn new(state: State, message: impl Into<String>) -> Self {
        Self { state, message: message.into() }
    }

    pub(crate) fn current(message: impl Into<String>) -> Self {
        Self::new(State::Current, message)
    }

    pub(crate) fn in_progress(message: impl Into<String>) -> Self {
        Self::new(State::InProgress, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(State::Failed, message)
    }

    /// The health of an object that is there.
    pub(crate) fn of(object: &Value, now: Timestamp) -> Self {
        if let Some(health) = common(object) {
            return health;
        }
        let (group, kind) = (split_version(text(object, "/apiVersion")).0, text(object, "/kind"));
        workload::health(group, kind, object, now)
            .or_else(|| custom::health(group, kind, object))
            .or_else(|| condition::ready(object))
            .unwrap_or_else(|| Self::current("Resource is current"))
    }
}

/// What holds for every kind: deletion, a generation not yet observed, `Reconciling` and `Stalled`.
fn common(object: &Value) -> Option<Health> {
    if let Some(health) = leaving(object).or_else(|| unobserved(object)) {
        return Some(health);
    }
    for found in condition::list(object) {
        match (found.kind, found.status) {
            ("Reconciling", "True") => return Some(Health::in_progress(found.message)),
            ("Stalled", "True") => return Some(Health::failed(found.message)),
            _ => {}
        }
    }
    None
}

/// One that is being deleted.
pub(crate) fn leaving(object: &Value) -> Option<Health> {
    let leaving = !text(object, "/metadata/deletionTimestamp").is_empty();
    leaving.then(|| Health::new(State::Terminating, "Resource scheduled for deletion"))
}

/// One whose controller has not seen its generation.
pub(crate) fn unobserved(object: &Value) -> Option<Health> {
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64)?;
    let observed = observed(object).filter(|observed| *observed != generation)?;
    Some(Health::in_progress(format!(
        "{} generation is {generation}, but latest observed generation is {observed}",
        text(object, "/kind")
    )))
}

/// The generation that the kind's controller has seen; Argo Rollouts writes it as text.
fn observed(object: &Value) -> Option<i64> {
    let observed = object.pointer("/status/observedGeneration")?;
    observed.as_i64().or_else(|| observed.as_str()?.parse().ok())
}

/// Whether a Canary has gone from one phase to another since; its clock tells seconds.
pub(crate) fn has_moved(canary: &Value, since: Timestamp) -> bool {
    let moved = text(canary, "/status/lastTransitionTime").parse::<Timestamp>();
    moved.is_ok_and(|moved| moved.as_second() > since.as_second())
}

/// A whole number at a JSON pointer.
fn int(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

#[cfg(test)]
mod tests;
