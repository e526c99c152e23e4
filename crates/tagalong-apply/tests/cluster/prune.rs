//! What left an inventory is deleted, if it is ours.

use serde_json::{Value, json};
use tagalong_apply::Inventory;

use crate::place::{OPTIONS, Place, failures, shown};

#[tokio::test]
async fn what_left_is_deleted_and_what_is_not_ours_stays() {
    let Some(place) = Place::new("prune").await else { return };
    let namespace = &place.namespace;
    let map = |name: &str| place.config_map(name, &json!({"a": "1"}));
    let annotated = |name: &str, key: &str| {
        let mut object = map(name);
        object["metadata"]["annotations"] = json!({format!("kustomize.toolkit.fluxcd.io/{key}"): "disabled"});
        object
    };
    let all = [
        map("stays"),
        map("goes"),
        annotated("kept", "prune"),
        map("gone"),
        map("theirs"),
        place.deployment("web", "a:1"),
    ];
    place.applied(&all).await;
    place.kubectl(&["delete", "configmap", "gone"], "");
    place.kubectl(
        &["label", "configmap", "theirs", "kustomize.toolkit.fluxcd.io/name=other", "--overwrite"],
        "",
    );

    let (before, after) = (Inventory::of(&all), Inventory::of(&all[..1]));
    let pruned = place.cluster.prune(&place.owner, &before.without(&after)).await;
    assert_eq!(
        shown(&pruned),
        [
            format!("Deployment/{namespace}/web deleted"),
            format!("ConfigMap/{namespace}/theirs skipped"),
            format!("ConfigMap/{namespace}/kept skipped"),
            format!("ConfigMap/{namespace}/gone deleted"),
            format!("ConfigMap/{namespace}/goes deleted"),
        ]
    );
    assert_eq!(failures(&pruned), [""; 0]);
    assert_eq!(pruned.staying, []);
    let left = place.kubectl(&["get", "configmap,deployment", "-o", "name"], "");
    assert_eq!(left.lines().collect::<Vec<_>>(), ["configmap/kept", "configmap/stays", "configmap/theirs"]);
}

#[tokio::test]
async fn an_object_that_another_takes_over_at_the_same_moment_stays() {
    let Some(place) = Place::new("moved").await else { return };
    let object = place.config_map("moved", &json!({}));
    place.applied(std::slice::from_ref(&object)).await;
    let (plane, namespace) = (place.plane, place.namespace.clone());
    // Between the look at the labels and the deletion, its next owner has applied it.
    place.counter.before_next_write(move || {
        let label = ["label", "configmap", "moved", "kustomize.toolkit.fluxcd.io/name=other", "--overwrite"];
        let done = plane.kubectl(&[&label[..], &["-n", &namespace]].concat(), "").unwrap();
        assert!(done.success, "{}", done.stderr);
    });
    let pruned = place.cluster.prune(&place.owner, &Inventory::of(&[object]).entries).await;
    assert_eq!(failures(&pruned), [""; 0]);
    assert_eq!(shown(&pruned), [format!("ConfigMap/{}/moved skipped", place.namespace)]);
    assert_eq!(
        place.get("configmap", "moved")["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"],
        "other"
    );
}

#[tokio::test]
async fn an_object_that_stays_for_its_finalizer_is_waited_for() {
    let Some(place) = Place::new("finalizer").await else { return };
    let mut object = place.config_map("slow", &json!({}));
    object["metadata"]["finalizers"] = json!(["acme.dev/hold"]);
    place.applied(std::slice::from_ref(&object)).await;
    let gone = Inventory::of(&[object]).entries;
    let pruned = place.cluster.prune(&place.owner, &gone).await;
    assert!(shown(&pruned)[0].ends_with("deleted"));
    assert_eq!(pruned.staying, gone);
    let late = place.cluster.wait_gone(&gone, std::time::Duration::from_millis(1)).await.unwrap_err();
    assert!(late.to_string().starts_with("timeout waiting for: [ConfigMap/"), "{late}");
    // A second prune of what is on its way out asks for nothing more.
    drop(place.counter.take());
    let again = place.cluster.prune(&place.owner, &gone).await;
    assert!(place.counter.take_writes().is_empty());
    assert!(shown(&again)[0].ends_with("unchanged"));
    assert_eq!(again.staying, gone);
    let waiting = place.cluster.wait_gone(&gone, OPTIONS.patience);
    let release = async {
        let patch = json!({"metadata": {"finalizers": null}}).to_string();
        place.kubectl(&["patch", "configmap", "slow", "--type=merge", "-p", &patch], "");
    };
    let (waited, ()) = tokio::join!(waiting, release);
    waited.unwrap();
    assert_eq!(place.cluster.prune(&place.owner, &gone).await.staying, []);
}

#[tokio::test]
async fn an_object_whose_definition_was_made_anew_is_found_where_it_is_now() {
    let Some(place) = Place::new("anew").await else { return };
    let namespace = &place.namespace;
    let group = format!("{namespace}.dev");
    let definition = |plural: &str| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {"group": group, "scope": "Namespaced",
                "names": {"plural": plural, "singular": "thing", "kind": "Thing"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}}}]}})
    };
    let thing = json!({"apiVersion": format!("{group}/v1"), "kind": "Thing",
        "metadata": {"name": "one", "namespace": namespace}});
    place.applied(&[definition("things"), thing.clone()]).await;
    place.kubectl(&["delete", "crd", &format!("things.{group}")], "");
    // Another way to the same cluster makes it anew; this one still knows the old path.
    let again = tagalong_apply::Cluster::new(place.config()).unwrap();
    let outcome = again.apply(&place.owner, vec![definition("thingies"), thing.clone()], &OPTIONS).await;
    assert_eq!(failures(&outcome), [""; 0]);
    let pruned = place.cluster.prune(&place.owner, &Inventory::of(&[thing]).entries).await;
    assert_eq!(failures(&pruned), [""; 0]);
    let left = place.kubectl(&["get", &format!("thingies.{group}"), "-o", "name"], "");
    assert_eq!(left, "");
}

#[tokio::test]
async fn a_version_or_kind_that_is_no_longer_served_is_found_or_gone() {
    let Some(place) = Place::new("versions").await else { return };
    let namespace = &place.namespace;
    place.applied(&[place.deployment("web", "a:1")]).await;
    let entries: Vec<Value> = vec![
        json!({"id": format!("{namespace}_web_apps_Deployment"), "v": "v1beta1"}),
        json!({"id": format!("{namespace}_x_vanished.dev_Thing"), "v": "v1"}),
    ];
    let inventory: Inventory = serde_json::from_value(json!({ "entries": entries })).unwrap();
    let pruned = place.cluster.prune(&place.owner, &inventory.entries).await;
    assert_eq!(failures(&pruned), [""; 0]);
    assert_eq!(
        shown(&pruned),
        [format!("Thing/{namespace}/x deleted"), format!("Deployment/{namespace}/web deleted")]
    );
    assert!(place.get("deployment", "web").is_null());
}
