//! `status.conditions`, which most kinds have.

use std::fmt;

use serde_json::Value;

use super::Health;
use crate::object::text;

/// One condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    observed: Option<i64>,
}

impl fmt::Display for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind, self.status)?;
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason)?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// The conditions of an object.
pub(super) fn list(object: &Value) -> impl Iterator<Item = Condition<'_>> {
    let list = object.pointer("/status/conditions").and_then(Value::as_array);
    list.into_iter().flatten().map(|condition| Condition {
        kind: text(condition, "/type"),
        status: text(condition, "/status"),
        reason: text(condition, "/reason"),
        message: text(condition, "/message"),
        observed: condition.get("observedGeneration").and_then(Value::as_i64),
    })
}

/// The condition of a type.
pub(super) fn find<'a>(object: &'a Value, kind: &str) -> Option<Condition<'a>> {
    list(object).find(|condition| condition.kind == kind)
}

/// Whether the condition of a type is `True`.
pub(super) fn is_true(object: &Value, kind: &str) -> bool {
    find(object, kind).is_some_and(|condition| condition.status == "True")
}

/// What the `Ready` condition says, where there is one. One that was written for an older generation says nothing yet.
pub(super) fn ready(object: &Value) -> Option<Health> {
    let ready = find(object, "Ready")?;
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    if ready.observed.is_some_and(|observed| generation.is_some_and(|generation| observed < generation)) {
        return Some(Health::in_progress("Ready was said of an older generation"));
    }
    match ready.status {
        "True" => Some(Health::current("Resource is Ready")),
        "False" | "Unknown" => Some(Health::in_progress(ready.message)),
        _ => None,
    }
}
