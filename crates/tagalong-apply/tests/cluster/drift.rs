//! Hand edits of each kind of manager: put right, and told with who made them.

use serde_json::{Value, json};
use tagalong_apply::Hidden;

use crate::place::Place;

/// What the next apply of the same objects reports.
async fn drift(place: &Place, object: &Value) -> Vec<String> {
    let outcome = place.apply(std::slice::from_ref(object)).await;
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    outcome.changes[0].fields.iter().map(ToString::to_string).collect()
}

async fn unchanged(place: &Place, object: &Value) {
    let shown = place.applied(std::slice::from_ref(object)).await;
    assert!(shown[0].ends_with("unchanged"), "{shown:?}");
}

#[tokio::test]
async fn an_edit_is_undone_and_its_manager_named() {
    let Some(place) = Place::new("drift").await else { return };
    let object = place.deployment("web", "nginx:1");
    place.applied(std::slice::from_ref(&object)).await;

    place.kubectl(&["set", "image", "deployment/web", "app=nginx:2"], "");
    assert_eq!(
        drift(&place, &object).await,
        ["spec.template.spec.containers[app].image: \"nginx:2\" instead of \"nginx:1\", by kubectl-set"]
    );
    unchanged(&place, &object).await;

    place.kubectl(&["scale", "deployment/web", "--replicas=3"], "");
    // Its own name is that of the program.
    let found = drift(&place, &object).await;
    assert!(found[0].starts_with("spec.replicas: 3 instead of 1, by kubectl"), "{found:?}");

    let patch = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "stolen"}}}).to_string();
    place.kubectl(&["patch", "deployment", "web", "--type=merge", "-p", &patch], "");
    let found = drift(&place, &object).await;
    assert!(
        found[0].starts_with("metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]: \"stolen\""),
        "{found:?}"
    );
    assert!(found[0].ends_with(", by kubectl-patch"), "{found:?}");

    let patch = json!({"spec": {"replicas": 5}}).to_string();
    let other = ["patch", "deployment", "web", "--type=merge", "--field-manager=autoscaler", "-p", &patch];
    place.kubectl(&other, "");
    assert_eq!(drift(&place, &object).await, ["spec.replicas: 5 instead of 1, by autoscaler"]);

    // A field that was taken away is held by nobody.
    let patch =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "ports": null}]}}}}).to_string();
    place.kubectl(&["patch", "deployment", "web", "-p", &patch], "");
    let found = drift(&place, &object).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("spec.template.spec.containers[app].ports: nothing instead of "),
        "{found:?}"
    );
    unchanged(&place, &object).await;
}

#[tokio::test]
async fn what_kubectl_added_goes_and_what_others_added_stays() {
    let Some(place) = Place::new("added").await else { return };
    let object = place.config_map("settings", &json!({"a": "1"}));
    place.applied(std::slice::from_ref(&object)).await;
    let add = |manager: &str, key: &str| {
        let patch = json!({"data": {key: "x"}}).to_string();
        place.kubectl(
            &[
                "patch",
                "configmap",
                "settings",
                "--type=merge",
                &format!("--field-manager={manager}"),
                "-p",
                &patch,
            ],
            "",
        );
    };
    add("kubectl-edit", "byhand");
    add("injector", "injected");
    // A dry run of the apply shows nothing of it: kubectl holds the field until it is taken over.
    let set = vec![object.clone()];
    let (differences, failures) = place.cluster.diff(&place.owner, set, &[], &Hidden::default()).await;
    assert!(failures.is_empty() && differences.len() == 1, "{failures:?} {differences:?}");
    let data = |side: &Option<Value>| side.as_ref().map(|side| side["data"].clone());
    assert_eq!(data(&differences[0].live), Some(json!({"a": "1", "byhand": "x", "injected": "x"})));
    assert_eq!(data(&differences[0].wanted), Some(json!({"a": "1", "injected": "x"})));
    assert_eq!(drift(&place, &object).await, ["data.byhand: \"x\" instead of nothing, by kubectl-edit"]);
    assert_eq!(place.get("configmap", "settings")["data"], json!({"a": "1", "injected": "x"}));
    unchanged(&place, &object).await;
}

#[tokio::test]
async fn an_object_of_kubectl_apply_is_taken_over_whole() {
    let Some(place) = Place::new("takeover").await else { return };
    let object = place.config_map("settings", &json!({"a": "1"}));
    let earlier = place.config_map("settings", &json!({"a": "1", "old": "2"})).to_string();
    for arguments in [&["apply", "-f", "-"][..], &["apply", "--server-side", "-f", "-"]] {
        place.kubectl(arguments, &earlier);
        place.applied(std::slice::from_ref(&object)).await;
        let live = place.get("configmap", "settings");
        assert_eq!(live["data"], json!({"a": "1"}), "{arguments:?}");
        assert_eq!(live["metadata"]["annotations"], json!(null), "{arguments:?}");
        let managers: Vec<&Value> = live["metadata"]["managedFields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["manager"])
            .collect();
        assert_eq!(managers, ["kustomize-controller"], "{arguments:?}");
        unchanged(&place, &object).await;
        place.kubectl(&["delete", "configmap", "settings"], "");
    }
}

#[tokio::test]
async fn merge_leaves_kubectl_its_fields() {
    let Some(place) = Place::new("merge").await else { return };
    let mut object = place.config_map("settings", &json!({"a": "1"}));
    object["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/ssa": "Merge"});
    place.kubectl(&["apply", "-f", "-"], &place.config_map("settings", &json!({"b": "2"})).to_string());
    place.applied(std::slice::from_ref(&object)).await;
    assert_eq!(place.get("configmap", "settings")["data"], json!({"a": "1", "b": "2"}));
    unchanged(&place, &object).await;
}

#[tokio::test]
async fn an_object_that_is_written_or_deleted_at_the_same_moment_ends_as_wanted() {
    let Some(place) = Place::new("race").await else { return };
    let object = place.config_map("settings", &json!({"a": "1"}));
    let earlier = place.config_map("settings", &json!({"a": "0", "old": "2"})).to_string();
    let (plane, namespace) = (place.plane, place.namespace.clone());
    let label = ["label", "configmap", "settings", "at=once", "-n"];
    let delete = ["delete", "configmap", "settings", "-n"];
    for arguments in [label.to_vec(), delete.to_vec()] {
        place.kubectl(&["apply", "-f", "-"], &earlier);
        let (namespace, asked) = (namespace.clone(), arguments.clone());
        place.counter.before_next_write(move || {
            let done = plane.kubectl(&[&asked[..], &[&namespace]].concat(), "").unwrap();
            assert!(done.success, "{}", done.stderr);
        });
        place.applied(std::slice::from_ref(&object)).await;
        let live = place.get("configmap", "settings");
        assert_eq!(live["data"], json!({"a": "1"}), "{arguments:?}");
        unchanged(&place, &object).await;
    }
}
