//! How an object stood when it was applied, as far as a watch of its metadata shows it: which version it was, and who
//! held what of it. Pure; made by apply and by the watch, compared by whoever holds both.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use serde_json::Value;

use crate::managed;
use crate::object::text;
use crate::takeover;

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    version: String,
    /// Of the entries of `managedFields` that count: ours, and those that would be taken over.
    held: u64,
}

impl Standing {
    /// Of an object, or of its metadata alone.
    pub fn of(object: &Value) -> Self {
        let mut hasher = DefaultHasher::new();
        for entry in managed::entries(object).iter().filter(|entry| takeover::counts(entry)) {
            (entry.manager, entry.operation, entry.time).hash(&mut hasher);
            entry.fields().map(Value::to_string).hash(&mut hasher);
        }
        Self { version: text(object, "/metadata/resourceVersion").to_owned(), held: hasher.finish() }
    }

    /// Whether `seen` is later than this, and somebody took a field from us in between or wrote as kubectl does. A
    /// field that is none of ours, and a status, may change as they like.
    pub fn drifted(&self, seen: &Self) -> bool {
        seen.held != self.held && seen.is_after(self)
    }

    /// Whether this is a later version. They are numbers that grow; where they are not, every version counts as later.
    pub fn is_after(&self, other: &Self) -> bool {
        let number = |standing: &Self| standing.version.parse::<u64>().ok();
        number(self).zip(number(other)).is_none_or(|(this, other)| this > other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(version: &str, entries: &[(&str, &str, &str, Value)]) -> Standing {
        let entry = |(manager, operation, subresource, fields): &(&str, &str, &str, Value)| {
            json!({"manager": manager, "operation": operation, "subresource": subresource, "time": "2026-01-01T00:00:00Z",
                "fieldsV1": fields})
        };
        let entries: Vec<Value> = entries.iter().map(entry).collect();
        Standing::of(&json!({"metadata": {"resourceVersion": version, "managedFields": entries}}))
    }

    #[test]
    fn what_is_taken_from_us_is_drift_and_what_others_do_with_their_own_is_not() {
        let ours = |fields: Value| ("kustomize-controller", "Apply", "", fields);
        let (both, one) = (json!({"f:a": {}, "f:b": {}}), json!({"f:a": {}}));
        let applied = object("7", &[ours(both.clone())]);
        let b = json!({"f:b": {}});
        let rows = [
            ("8", vec![ours(both.clone())], false),
            ("8", vec![ours(one.clone()), ("helm", "Update", "", b.clone())], true),
            ("8", vec![ours(one.clone())], true),
            ("8", vec![ours(both.clone()), ("kubectl-edit", "Update", "", json!({"f:c": {}}))], true),
            (
                "8",
                vec![ours(both.clone()), ("kube-controller-manager", "Update", "", json!({"f:c": {}}))],
                false,
            ),
            ("8", vec![ours(both.clone()), ("kubectl", "Update", "scale", json!({"f:c": {}}))], false),
            // What stood before ours was written, seen late.
            ("7", vec![ours(one.clone())], false),
            ("6", vec![ours(one.clone())], false),
            ("x", vec![ours(one)], true),
        ];
        for (version, entries, expected) in rows {
            let seen = object(version, &entries);
            assert_eq!(applied.drifted(&seen), expected, "{version} {entries:?}");
        }
    }
}
