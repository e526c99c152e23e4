//! How an object stood when it was applied, as far as a watch of its metadata shows it: which version it was, and who
//! held what of it. Pure; made by apply and by the watch, compared by whoever holds both.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use serde_json::{Map, Value};

use crate::object::text;
use crate::{ignore, managed, takeover};

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    version: String,
    /// Of the entries of `managedFields` that count: who, how and when, and what those hold that would be taken over.
    entries: u64,
    /// The fields that are ours, each by the hash of its path; sorted.
    ours: Box<[u64]>,
    /// Those of them that are left as they stand; sorted.
    left: Box<[u64]>,
}

impl Standing {
    /// Of an object, or of its metadata alone.
    pub fn of(object: &Value) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut ours = Vec::new();
        for entry in managed::entries(object).iter().filter(|entry| takeover::counts(entry)) {
            (entry.manager, entry.operation, entry.time).hash(&mut hasher);
            match (takeover::ours(entry), entry.fields()) {
                (true, Some(fields)) => each(fields, &mut Vec::new(), &mut |path| ours.push(hash(path))),
                (_, fields) => fields.map(Value::to_string).hash(&mut hasher),
            }
        }
        let version = text(object, "/metadata/resourceVersion").to_owned();
        Self { version, entries: hasher.finish(), ours: sorted(ours), left: Box::default() }
    }

    /// Of an object whose fields at these JSON pointers are left as they stand.
    pub(crate) fn leaving(object: &Value, pointers: &[String]) -> Self {
        let mut left = Vec::new();
        for entry in managed::entries(object).iter().filter(|entry| takeover::ours(entry)) {
            let Some(fields) = entry.fields() else { continue };
            for pointer in pointers {
                // What is held as one value further up goes with all of it.
                let held = ignore::path(entry, object, pointer);
                let Some(held) = held.filter(|held| held.len() == pointer.split('/').count() - 1) else {
                    continue;
                };
                each(fields, &mut Vec::new(), &mut |path| {
                    if path.len() >= held.len() && path.iter().zip(&held).all(|(one, other)| one == other) {
                        left.push(hash(path));
                    }
                });
            }
        }
        Self { left: sorted(left), ..Self::of(object) }
    }

    /// Whether `seen` is later than this, and somebody took a field from us in between or wrote as kubectl does. A
    /// field that is none of ours, or left as it stands, and a status, may change as they like.
    pub fn drifted(&self, seen: &Self) -> bool {
        let count = |field: &&u64| self.left.binary_search(field).is_err();
        let same = || self.ours.iter().filter(count).eq(seen.ours.iter().filter(count));
        (seen.entries != self.entries || !same()) && seen.is_after(self)
    }

    /// Whether this is a later version. They are numbers that grow; where they are not, every version counts as later.
    pub fn is_after(&self, other: &Self) -> bool {
        let number = |standing: &Self| standing.version.parse::<u64>().ok();
        number(self).zip(number(other)).is_none_or(|(this, other)| this > other)
    }
}

/// Calls for the path of each field of a tree that holds no others.
fn each<'t>(tree: &'t Value, path: &mut Vec<&'t str>, call: &mut impl FnMut(&[&str])) {
    for (step, below) in tree.as_object().into_iter().flatten() {
        path.push(step);
        if below.as_object().is_none_or(Map::is_empty) {
            call(path);
        } else {
            each(below, path, call);
        }
        path.pop();
    }
}

fn hash(path: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

fn sorted(mut fields: Vec<u64>) -> Box<[u64]> {
    fields.sort_unstable();
    fields.dedup();
    fields.into()
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

    #[test]
    fn who_takes_a_field_that_is_left_as_it_stands_is_no_drift_and_who_takes_another_is() {
        let standing = |version: &str, fields: Value, left: &[&str]| {
            let entry = json!({"manager": "kustomize-controller", "operation": "Apply", "time": "2026-01-01T00:00:00Z",
                "fieldsV1": fields});
            let object = json!({"metadata": {"resourceVersion": version, "managedFields": [entry]},
                "spec": {"replicas": 1, "paused": true, "list": [{"name": "a", "image": "x"}]}});
            let left: Vec<String> = left.iter().map(|pointer| (*pointer).to_owned()).collect();
            Standing::leaving(&object, &left)
        };
        let all = json!({"f:spec": {"f:replicas": {}, "f:paused": {},
            "f:list": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}}});
        let without = |path: &str| {
            let mut fields = all.clone();
            let (above, last) = path.rsplit_once('/').unwrap();
            fields.pointer_mut(above).unwrap().as_object_mut().unwrap().shift_remove(last);
            fields
        };
        let item = |field: &str| format!("/f:spec/f:list/k:{{\"name\":\"a\"}}/{field}");
        let (image, name) = (item("f:image"), item("f:name"));
        let rows = [
            ("/f:spec/f:replicas", vec!["/spec/replicas"], false),
            ("/f:spec/f:replicas", vec!["/spec/other", "/spec/replicas"], false),
            ("/f:spec/f:replicas", vec!["/spec"], false),
            ("/f:spec/f:replicas", vec!["/spec/paused"], true),
            ("/f:spec/f:replicas", vec![], true),
            (image.as_str(), vec!["/spec/list/0/image"], false),
            (image.as_str(), vec!["/spec/list/1/image"], true),
            (name.as_str(), vec!["/spec/list/0/image"], true),
            ("/f:spec/f:list", vec!["/spec/list"], false),
        ];
        for (taken, left, expected) in rows {
            let (applied, seen) = (standing("7", all.clone(), &left), standing("8", without(taken), &[]));
            assert_eq!(applied.drifted(&seen), expected, "{taken} {left:?}");
            assert!(!seen.drifted(&applied));
        }
    }
}
