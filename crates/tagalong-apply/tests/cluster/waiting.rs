//! Health seen through watches.

use std::time::Duration;

use serde_json::{Value, json};
use tagalong_apply::{Entry, State};

use crate::place::{OPTIONS, Place, finished, overdue};

/// Writes a status as the Deployment's controller and kubelet would.
fn rollout(place: &Place, name: &str, status: &str) {
    place.kubectl(&["patch", "deployment", name, "--subresource=status", "--type=merge", "-p", status], "");
}

async fn pending(place: &Place, objects: &[Value]) -> Vec<Entry> {
    let outcome = place.apply(objects).await;
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let waits = outcome.changes.into_iter().filter(|change| change.health.state != State::Current);
    waits.map(|change| change.entry).collect()
}

#[tokio::test]
async fn a_wait_ends_when_all_are_healthy_and_looks_through_watches() {
    let Some(place) = Place::new("wait").await else { return };
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut set: Vec<Value> = names.iter().map(|name| place.deployment(name, "nginx:1")).collect();
    set.push(place.config_map("settings", &json!({})));
    let waits = pending(&place, &set).await;
    assert_eq!(waits.len(), names.len(), "a ConfigMap is current at once");
    drop(place.counter.take());
    let become_ready = async {
        for name in names {
            rollout(&place, name, &finished(1));
        }
    };
    let (waited, ()) = tokio::join!(place.cluster.wait(&waits, OPTIONS.patience, true), become_ready);
    waited.unwrap();
    let asked = place.counter.take();
    assert!(asked.len() <= 3, "one list and one watch for six Deployments: {asked:?}");
    // Now that they are, the next apply has nothing to wait for.
    assert!(pending(&place, &set).await.is_empty());
}

#[tokio::test]
async fn a_failed_object_ends_the_wait_early() {
    let Some(place) = Place::new("fails").await else { return };
    let waits = pending(&place, &[place.deployment("bad", "x:1"), place.deployment("slow", "x:1")]).await;
    rollout(&place, "bad", &overdue(1));
    let ended = place.cluster.wait(&waits, OPTIONS.patience, true).await.unwrap_err();
    assert!(!ended.timed_out);
    assert_eq!(
        ended.to_string(),
        format!(
            "failed early due to stalled resources: [Deployment/{}/bad status: 'Failed': Progress deadline exceeded]",
            place.namespace
        )
    );
}

#[tokio::test]
async fn the_time_is_up() {
    let Some(place) = Place::new("late").await else { return };
    let mut waits = pending(&place, &[place.deployment("slow", "x:1")]).await;
    waits.push(Entry::of(&place.config_map("absent", &json!({}))).unwrap());
    waits.push(
        serde_json::from_value(json!({"id": format!("{}_x_nowhere.dev_Thing", place.namespace), "v": "v1"}))
            .unwrap(),
    );
    let ended = place.cluster.wait(&waits, Duration::from_millis(500), false).await.unwrap_err();
    assert!(ended.timed_out);
    let said = ended.to_string();
    assert!(said.starts_with("timeout waiting for: ["), "{said}");
    assert!(
        said.contains("/slow status: 'InProgress': Deployment status.observedGeneration not found"),
        "{said}"
    );
    assert!(said.contains("/absent status: 'NotFound'"), "{said}");
    assert!(said.contains("/x status: 'NotFound'"), "{said}");
}

#[tokio::test]
async fn a_version_that_is_not_served_and_a_kind_that_comes_later_are_found() {
    let Some(place) = Place::new("kinds").await else { return };
    let namespace = &place.namespace;
    let group = format!("{namespace}.dev");
    let entry = |id: String, version: &str| -> Entry {
        serde_json::from_value(json!({"id": id, "v": version})).unwrap()
    };
    place.applied(&[place.deployment("web", "nginx:1")]).await;
    rollout(&place, "web", &finished(1));
    let waits = [
        entry(format!("{namespace}_web_apps_Deployment"), "v1beta1"),
        entry(format!("{namespace}_one_{group}_Gadget"), "v1"),
    ];
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("gadgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    let object = json!({"apiVersion": format!("{group}/v1"), "kind": "Gadget",
        "metadata": {"name": "one", "namespace": namespace}});
    drop(place.counter.take());
    let define = async {
        // Its group was asked for, in vain.
        let mut asked: Vec<String> = Vec::new();
        while !asked.iter().any(|line| line.contains(&group) || line == "GET /apis") {
            asked.extend(place.counter.take());
            tokio::task::yield_now().await;
        }
        place.applied(&[definition, object]).await
    };
    let (waited, _) = tokio::join!(place.cluster.wait(&waits, OPTIONS.patience, true), define);
    waited.unwrap();
}

#[tokio::test]
async fn a_job_that_cleans_itself_up_has_completed() {
    let Some(place) = Place::new("job").await else { return };
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "once", "namespace": place.namespace},
        "spec": {"ttlSecondsAfterFinished": 0, "template": {"spec": {"restartPolicy": "Never",
            "containers": [{"name": "app", "image": "x:1"}]}}}});
    let waits = pending(&place, &[job]).await;
    drop(place.counter.take());
    let clean_up = async {
        // Deleted only once it was seen: the watch is opened after the list.
        let mut asked = 0;
        while asked < 2 {
            asked += place.counter.take().iter().filter(|line| line.contains("/jobs")).count();
            tokio::task::yield_now().await;
        }
        place.kubectl(&["delete", "job", "once"], "");
    };
    let both = async { tokio::join!(place.cluster.wait(&waits, OPTIONS.patience, true), clean_up) };
    let (waited, ()) = tokio::time::timeout(OPTIONS.patience * 2, both).await.unwrap();
    waited.unwrap();
}
