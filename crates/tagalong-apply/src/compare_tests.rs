//! Cases for the comparison.

use super::*;
use serde_json::json;

fn shown(live: &Value, wanted: &Value) -> Vec<String> {
    compare(live, wanted).iter().map(ToString::to_string).collect()
}

fn entry(manager: &str, operation: &str, time: &str, fields: &Value) -> Value {
    json!({"manager": manager, "operation": operation, "time": time, "fieldsV1": fields})
}

#[test]
fn what_the_server_keeps_is_no_drift() {
    let live = json!({"apiVersion": "v1", "kind": "A", "spec": {"a": 1}, "status": {"x": 1},
        "metadata": {"name": "a", "resourceVersion": "1", "generation": 2, "managedFields": [], "labels": {}}});
    let wanted = json!({"apiVersion": "v1", "kind": "A", "spec": {"a": 1},
        "metadata": {"name": "a", "resourceVersion": "2"}});
    assert!(shown(&live, &wanted).is_empty());
}

#[test]
fn metadata_of_a_manifest_is_compared() {
    let live = json!({"metadata": {"labels": {"a": "1", "x": "y"}, "finalizers": ["f"]}});
    let wanted =
        json!({"metadata": {"labels": {"a": "2"}, "annotations": {"acme.dev/b": "c"}, "finalizers": ["f"]}});
    assert_eq!(
        shown(&live, &wanted),
        [
            "metadata.labels.a: \"1\" instead of \"2\"",
            "metadata.labels.x: \"y\" instead of nothing",
            "metadata.annotations: nothing instead of {\"acme.dev/b\":\"c\"}",
        ]
    );
}

#[test]
fn a_list_item_is_found_by_its_key_and_its_holder_named() {
    let container = |image: &str| json!({"name": "app", "image": image});
    let fields = json!({"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}}}}});
    let ours = json!({"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}}}}});
    let live = json!({"metadata": {"managedFields": [
            entry("kustomize-controller", "Apply", "2026-01-01T00:00:00Z", &ours),
            entry("kubectl-edit", "Update", "2026-01-02T00:00:00Z", &fields),
        ]}, "spec": {"containers": [{"name": "side"}, container("b:2")]}});
    let wanted = json!({"spec": {"containers": [container("b:1"), {"name": "side"}]}});
    let found = compare(&live, &wanted);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "spec.containers[app].image: \"b:2\" instead of \"b:1\", by kubectl-edit"
    );
    assert_eq!(found[0].by.as_ref().unwrap().time, "2026-01-02T00:00:00Z");
}

#[test]
fn a_field_that_is_still_ours_has_no_other_holder() {
    let fields = json!({"f:spec": {"f:a": {}}});
    let live = json!({"metadata": {"managedFields": [
            entry("kustomize-controller", "Apply", "1", &fields), entry("other", "Update", "2", &fields),
        ]}, "spec": {"a": 1}});
    assert_eq!(compare(&live, &json!({"spec": {"a": 2}}))[0].by, None);
    assert_eq!(shown(&live, &json!({"spec": {}})), ["spec.a: 1 instead of nothing"]);
}

#[test]
fn who_holds_a_value_as_one_holds_what_is_in_it() {
    let live = json!({"metadata": {"managedFields": [entry("helm", "Update", "1", &json!({"f:spec": {"f:a": {}}}))]},
        "spec": {"a": {"b": 1}}});
    assert_eq!(shown(&live, &json!({"spec": {"a": {"b": 2}}})), ["spec.a.b: 1 instead of 2, by helm"]);
}

#[test]
fn a_list_without_keys_or_in_another_order_differs_as_one() {
    let list = |items: Value| json!({"spec": {"args": items}});
    assert_eq!(
        shown(&list(json!(["a", "b"])), &list(json!(["b", "a"]))),
        ["spec.args: [\"a\",\"b\"] instead of [\"b\",\"a\"]"]
    );
}

#[test]
fn a_long_value_is_cut() {
    let found = compare(&json!({"data": {"a": "x".repeat(500)}}), &json!({"data": {"a": "y"}}));
    assert_eq!(found[0].live.as_ref().unwrap().chars().count(), 81);
}

#[test]
fn a_secret_shows_no_value() {
    let secret = |value: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": value, "data": {"p": value}, "metadata": {
            "labels": {"l": value}, "annotations": {"kubectl.kubernetes.io/last-applied-configuration": value}}})
    };
    let found = shown(&secret("hunter2"), &secret("hunter3"));
    assert_eq!(
        found,
        [
            "data.p: *** instead of ***",
            "metadata.labels.l: \"hunter2\" instead of \"hunter3\"",
            "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]: *** instead of ***",
            "type: \"hunter2\" instead of \"hunter3\"",
        ]
    );
}
