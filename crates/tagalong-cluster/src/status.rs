//! A status as a JSON merge patch of what differs, so that other writers of the object are left alone. Pure; used by
//! the desk.

use kube::Resource;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tagalong_api::condition::OURS;

/// The patch that brings the status of `object` to `wanted`; `None` where it is there already. The patch carries the
/// version it was made from, so that nobody's change in between is lost.
pub(crate) fn patch<K: Resource + Serialize>(object: &K, wanted: &Value) -> Option<Value> {
    let object_value = serde_json::to_value(object).ok()?;
    let current = object_value.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut wanted = wanted.clone();
    keep_foreign(&current, &mut wanted);
    let status = difference(&current, &wanted)?;
    let version = object.meta().resource_version.clone();
    Some(json!({"metadata": {"resourceVersion": version}, "status": status}))
}

/// Conditions that are not ours stay as they are now.
fn keep_foreign(current: &Value, wanted: &mut Value) {
    let ours = |condition: &Value| {
        let kind = condition.get("type").and_then(Value::as_str).unwrap_or_default();
        OURS.contains(&kind)
    };
    let list = |value: &Value| value.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let conditions: Vec<Value> = list(wanted)
        .into_iter()
        .filter(|condition| ours(condition))
        .chain(list(current).into_iter().filter(|condition| !ours(condition)))
        .collect();
    if let Some(wanted) = wanted.as_object_mut()
        && !conditions.is_empty()
    {
        wanted.insert("conditions".to_owned(), conditions.into());
    }
}

/// What a merge patch (RFC 7386) has to hold to turn `from` into `to`; `None` where they are the same.
fn difference(from: &Value, to: &Value) -> Option<Value> {
    if from == to {
        return None;
    }
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else { return Some(to.clone()) };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        let changed = match old.get(key) {
            Some(before) => difference(before, value),
            None => Some(value.clone()),
        };
        if let Some(changed) = changed {
            patch.insert(key.clone(), changed);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_api::ImageRepository;

    #[test]
    fn a_patch_holds_what_differs() {
        let check = |from: Value, to: Value, patch: Option<Value>| assert_eq!(difference(&from, &to), patch);
        check(json!({"a": 1}), json!({"a": 1}), None);
        check(json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), Some(json!({"b": 3})));
        check(json!({"a": 1, "b": 2}), json!({"a": 1}), Some(json!({"b": null})));
        check(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1}}), Some(json!({"a": {"c": null}})));
        check(json!({}), json!({"a": [1]}), Some(json!({"a": [1]})));
    }

    #[test]
    fn a_condition_of_somebody_else_stays() {
        let object: ImageRepository = serde_json::from_value(json!({
            "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageRepository",
            "metadata": {"name": "web", "resourceVersion": "7"},
            "spec": {"image": "a/b", "interval": "1m"},
            "status": {"observedGeneration": -1, "conditions": [condition("Theirs", "True")]},
        }))
        .unwrap();
        let wanted = json!({"observedGeneration": 1, "conditions": [condition("Ready", "True")]});
        let patch = patch(&object, &wanted).unwrap();
        assert_eq!(patch["metadata"], json!({"resourceVersion": "7"}));
        assert_eq!(
            patch["status"],
            json!({"observedGeneration": 1, "conditions": [condition("Ready", "True"), condition("Theirs", "True")]})
        );
    }

    #[test]
    fn nothing_is_written_when_nothing_differs() {
        let object: ImageRepository = serde_json::from_value(json!({
            "metadata": {"name": "web"}, "spec": {"image": "a/b", "interval": "1m"},
            "status": {"observedGeneration": 2, "conditions": [condition("Ready", "True")]},
        }))
        .unwrap();
        let wanted = json!({"observedGeneration": 2, "conditions": [condition("Ready", "True")]});
        assert_eq!(patch(&object, &wanted), None);
    }

    fn condition(kind: &str, status: &str) -> Value {
        json!({
            "type": kind, "status": status, "reason": "Succeeded", "message": "m",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        })
    }
}
