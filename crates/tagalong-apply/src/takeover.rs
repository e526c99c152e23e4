//! What has to be cleared away before an object is ours: fields that kubectl or an older controller holds, and the
//! annotations that they leave. Else a field that Git no longer says would stay, held by whoever wrote it first.

use serde_json::{Map, Value, json};

use crate::cluster::MANAGER;
use crate::managed::{self, Entry};

/// What `kubectl apply` and the predecessors of kustomize-controller left.
pub(crate) const ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
];
const LABELS: [&str; 1] = ["fluxcd.io/sync-gc-mark"];

/// The merge patch that clears it away; `None` where there is nothing.
pub(crate) fn patch(live: &Value) -> Option<Value> {
    let mut metadata = Map::new();
    for (map, keys) in [("annotations", &ANNOTATIONS[..]), ("labels", &LABELS[..])] {
        let found = live.get("metadata").and_then(|metadata| metadata.get(map)).and_then(Value::as_object);
        let gone: Map<_, _> = keys
            .iter()
            .filter(|key| found.is_some_and(|found| found.contains_key(**key)))
            .map(|key| ((*key).to_owned(), Value::Null))
            .collect();
        if !gone.is_empty() {
            metadata.insert(map.to_owned(), Value::Object(gone));
        }
    }
    if let Some(fields) = replaced(live) {
        metadata.insert("managedFields".to_owned(), fields);
    }
    if metadata.is_empty() {
        return None;
    }
    let version = live.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    metadata.insert("resourceVersion".to_owned(), version);
    Some(json!({ "metadata": metadata }))
}

/// What is left of a dry run's answer once everything is taken over: what kubectl alone holds and Git does not say goes,
/// or becomes what `made`, the object as it would be created, has there by default.
pub(crate) fn left(tried: &mut Value, live: &Value, wanted: &Value, made: &Value) {
    let entries = managed::entries(live);
    let trees = |ours: bool| -> Value {
        let of = entries.iter().filter(|entry| taken(entry) == ours && !self::ours(entry));
        of.filter_map(Entry::fields).fold(json!({}), |all, fields| managed::union(&all, fields))
    };
    leave(tried, &trees(true), Some(&trees(false)), wanted, Some(made));
}

fn leave(tried: &mut Value, tree: &Value, others: Option<&Value>, wanted: &Value, made: Option<&Value>) {
    for (step, below) in tree.as_object().into_iter().flatten() {
        let held = others.and_then(|others| others.get(step));
        if let Some(name) = step.strip_prefix("f:") {
            let default = made.and_then(|made| made.get(name));
            let Some(fields) = tried.as_object_mut() else { continue };
            let Some(found) = fields.get_mut(name) else { continue };
            match (wanted.get(name), default) {
                (Some(wanted), _) => leave(found, below, held, wanted, default),
                (None, _) if held.is_some() => leave(found, below, held, &Value::Null, default),
                (None, Some(default)) => found.clone_from(default),
                (None, None) => drop(fields.shift_remove(name)),
            }
        } else if let Some(Ok(key)) = step.strip_prefix("k:").map(serde_json::from_str::<Map<String, Value>>)
        {
            let is = |item: &Value| key.iter().all(|(name, value)| item.get(name) == Some(value));
            let item = |list: &'_ Value| list.as_array().and_then(|items| items.iter().position(is));
            let (said, there) = (item(wanted), item(tried));
            let Some((items, at)) = tried.as_array_mut().zip(there) else { continue };
            match said.and_then(|at| wanted.get(at)) {
                Some(wanted) => {
                    let default = made.and_then(|made| made.get(item(made)?));
                    if let Some(tried) = items.get_mut(at) {
                        leave(tried, below, held, wanted, default);
                    }
                }
                None if held.is_none() => drop(items.remove(at)),
                None => {}
            }
        } else if let Some(Ok(value)) = step.strip_prefix("v:").map(serde_json::from_str::<Value>)
            && held.is_none()
            && !wanted.as_array().is_some_and(|items| items.contains(&value))
            && let Some(items) = tried.as_array_mut()
        {
            items.retain(|item| *item != value);
        }
    }
}

/// Any of kubectl's commands, and this manager before it used server-side apply. Writes to a subresource stay.
fn taken(entry: &Entry<'_>) -> bool {
    let kubectl = entry.manager.starts_with("kubectl");
    entry.subresource.is_empty()
        && match entry.operation {
            "Apply" => kubectl,
            "Update" => {
                kubectl || entry.manager.starts_with("before-first-apply") || entry.manager == MANAGER
            }
            _ => false,
        }
}

/// Whether an entry is ours, or would be taken over.
pub(crate) fn counts(entry: &Entry<'_>) -> bool {
    ours(entry) || taken(entry)
}

/// Whether an entry is ours.
pub(crate) fn ours(entry: &Entry<'_>) -> bool {
    entry.manager == MANAGER && entry.operation == "Apply" && entry.subresource.is_empty()
}

/// The entries with all that is taken over in ours, which stands last; `None` where nothing is taken.
fn replaced(live: &Value) -> Option<Value> {
    let entries = managed::entries(live);
    let first = entries.iter().find(|entry| taken(entry))?;
    let mut result: Vec<Value> =
        entries.iter().filter(|entry| !taken(entry) && !ours(entry)).map(|entry| entry.raw.clone()).collect();
    let mut kept = entries.iter().find(|entry| ours(entry)).unwrap_or(first).raw.clone();
    let empty = json!({});
    let fields = entries
        .iter()
        .filter(|entry| taken(entry) || ours(entry))
        .filter_map(Entry::fields)
        .fold(empty, |all, fields| managed::union(&all, fields));
    if let Some(kept) = kept.as_object_mut() {
        kept.insert("manager".to_owned(), json!(MANAGER));
        kept.insert("operation".to_owned(), json!("Apply"));
        kept.insert("fieldsV1".to_owned(), fields);
    }
    result.push(kept);
    Some(Value::Array(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, subresource: &str, field: &str) -> Value {
        let mut entry = json!({"manager": manager, "operation": operation, "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {format!("f:{field}"): {}}}});
        if !subresource.is_empty() {
            entry["subresource"] = json!(subresource);
        }
        entry
    }

    fn live(entries: &[Value]) -> Value {
        json!({"metadata": {"resourceVersion": "7", "managedFields": entries}})
    }

    #[test]
    fn what_kubectl_wrote_becomes_ours() {
        let rows = [
            ("kubectl", "Apply", "", true),
            ("kubectl-client-side-apply", "Update", "", true),
            ("kubectl-edit", "Update", "", true),
            ("before-first-apply", "Update", "", true),
            ("before-first-apply", "Apply", "", false),
            ("kustomize-controller", "Update", "", true),
            ("kustomize-controller-2", "Update", "", false),
            ("kubectl", "Update", "scale", false),
            ("helm", "Update", "", false),
        ];
        for (manager, operation, subresource, expected) in rows {
            let found = patch(&live(&[entry(manager, operation, subresource, "a")]));
            assert_eq!(found.is_some(), expected, "{manager} {operation} {subresource}");
            if let Some(found) = found {
                assert_eq!(
                    found["metadata"]["managedFields"],
                    json!([entry("kustomize-controller", "Apply", "", "a")])
                );
                assert_eq!(found["metadata"]["resourceVersion"], "7");
            }
        }
    }

    #[test]
    fn fields_are_joined_and_others_stay() {
        let found = patch(&live(&[
            entry("kubectl-edit", "Update", "", "a"),
            entry("helm", "Update", "", "h"),
            entry("kustomize-controller", "Apply", "", "b"),
            entry("kubectl-patch", "Update", "", "c"),
        ]));
        let mut all = entry("kustomize-controller", "Apply", "", "a");
        all["fieldsV1"] = json!({"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}});
        assert_eq!(
            found.unwrap()["metadata"]["managedFields"],
            json!([entry("helm", "Update", "", "h"), all])
        );
    }

    #[test]
    fn what_kubectl_alone_holds_and_git_does_not_say_goes_or_becomes_the_default() {
        let fields = |tree: Value| json!({"f:spec": tree});
        let held = json!({"f:replicas": {}, "f:extra": {}, "f:shared": {}, "f:limit": {},
            "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:value": {}}, "k:{\"name\":\"B\"}": {".": {}}},
            "f:names": {"v:\"x\"": {}, "v:\"y\"": {}}});
        let mut kubectl = entry("kubectl-edit", "Update", "", "a");
        kubectl["fieldsV1"] = fields(held);
        let mut helm = entry("helm", "Update", "", "a");
        helm["fieldsV1"] = fields(json!({"f:shared": {}}));
        let live = json!({"metadata": {"managedFields": [kubectl, helm]}});
        let mut tried = json!({"spec": {"replicas": 2, "extra": 1, "shared": 1, "limit": 99, "untouched": 1,
            "env": [{"name": "A", "value": "1"}, {"name": "B"}], "names": ["x", "y"]}});
        let wanted = json!({"spec": {"replicas": 2, "env": [{"name": "A", "value": "1"}], "names": ["x"]}});
        let made = json!({"spec": {"replicas": 2, "limit": 10, "env": [{"name": "A", "value": "1"}], "names": ["x"]}});
        left(&mut tried, &live, &wanted, &made);
        assert_eq!(
            tried,
            json!({"spec": {"replicas": 2, "shared": 1, "limit": 10, "untouched": 1,
                "env": [{"name": "A", "value": "1"}], "names": ["x"]}})
        );
    }

    #[test]
    fn left_annotations_and_labels_go() {
        let object = json!({"metadata": {"resourceVersion": "7",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "keep": "1"},
            "labels": {"fluxcd.io/sync-gc-mark": "x", "keep": "1"}}});
        let metadata = json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": null},
            "labels": {"fluxcd.io/sync-gc-mark": null}, "resourceVersion": "7"});
        assert_eq!(patch(&object), Some(json!({ "metadata": metadata })));
        assert_eq!(patch(&json!({"metadata": {"annotations": {"keep": "1"}}})), None);
    }
}
