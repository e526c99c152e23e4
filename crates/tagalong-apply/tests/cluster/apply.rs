//! One object: created, changed, left, skipped, made anew, refused.

use serde_json::json;
use tagalong_apply::Owner;

use crate::place::{FORCE, OPTIONS, Place, failures, shown};

#[tokio::test]
async fn only_what_differs_is_written() {
    let Some(place) = Place::new("apply").await else { return };
    let namespace = &place.namespace;
    let objects = [place.deployment("web", "nginx:1"), place.config_map("settings", &json!({"a": "1"}))];
    assert_eq!(
        place.applied(&objects).await,
        [format!("ConfigMap/{namespace}/settings created"), format!("Deployment/{namespace}/web created")]
    );
    let live = place.get("configmap", "settings");
    assert_eq!(live["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], json!(namespace));
    assert_eq!(live["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"], "flux-system");
    assert_eq!(live["metadata"]["managedFields"][0]["manager"], "kustomize-controller");

    drop(place.counter.take());
    assert_eq!(
        place.applied(&objects).await,
        [
            format!("ConfigMap/{namespace}/settings unchanged"),
            format!("Deployment/{namespace}/web unchanged")
        ]
    );
    let asked = place.counter.take();
    assert_eq!(asked.iter().filter(|line| line.starts_with("GET /")).count(), 2, "{asked:?}");
    assert_eq!(asked.iter().filter(|line| line.starts_with("PATCH dry-run ")).count(), 2, "{asked:?}");
    assert_eq!(asked.len(), 4, "{asked:?}");

    let changed = [place.deployment("web", "nginx:2"), place.config_map("settings", &json!({"a": "1"}))];
    let outcome = place.apply(&changed).await;
    assert_eq!(
        shown(&outcome),
        [
            format!("ConfigMap/{namespace}/settings unchanged"),
            format!("Deployment/{namespace}/web configured")
        ]
    );
    let fields: Vec<String> = outcome.changes[1].fields.iter().map(ToString::to_string).collect();
    assert_eq!(fields, ["spec.template.spec.containers[app].image: \"nginx:1\" instead of \"nginx:2\""]);
    assert_eq!(place.counter.take_writes().len(), 1);
}

#[tokio::test]
async fn a_label_taken_from_git_is_taken_from_the_cluster() {
    let Some(place) = Place::new("label").await else { return };
    let mut object = place.config_map("settings", &json!({"a": "1"}));
    object["metadata"]["labels"] = json!({"team": "a"});
    place.applied(std::slice::from_ref(&object)).await;
    object["metadata"]["labels"] = json!({});
    let namespace = &place.namespace;
    assert_eq!(place.applied(&[object]).await, [format!("ConfigMap/{namespace}/settings configured")]);
    assert_eq!(place.get("configmap", "settings")["metadata"]["labels"]["team"], json!(null));
}

#[tokio::test]
async fn an_object_says_how_it_is_handled() {
    let Some(place) = Place::new("marks").await else { return };
    let marked = |name: &str, key: &str, value: &str, data: &str| {
        let mut object = place.config_map(name, &json!({ "a": data }));
        object["metadata"]["annotations"] = json!({format!("kustomize.toolkit.fluxcd.io/{key}"): value});
        object
    };
    let ignored = [marked("ignore", "ssa", "Ignore", "1"), marked("off", "reconcile", "disabled", "1")];
    let shown = place.applied(&ignored).await;
    assert!(shown.iter().all(|line| line.ends_with("skipped")), "{shown:?}");
    assert!(place.get("configmap", "off").is_null());

    place.applied(&[marked("once", "ssa", "IfNotPresent", "1")]).await;
    let shown = place.applied(&[marked("once", "ssa", "IfNotPresent", "2")]).await;
    assert!(shown[0].ends_with("skipped"), "{shown:?}");
    assert_eq!(place.get("configmap", "once")["data"]["a"], "1");

    // Somebody switches an object off in the cluster.
    place.applied(&[place.config_map("live", &json!({"a": "1"}))]).await;
    place.kubectl(&["annotate", "configmap", "live", "kustomize.toolkit.fluxcd.io/reconcile=disabled"], "");
    let shown = place.applied(&[place.config_map("live", &json!({"a": "2"}))]).await;
    assert!(shown[0].ends_with("skipped"), "{shown:?}");
}

#[tokio::test]
async fn a_field_that_cannot_change_makes_the_object_anew_only_by_force() {
    let Some(place) = Place::new("force").await else { return };
    let namespace = &place.namespace;
    let with = |app: &str| {
        let mut object = place.deployment("web", "nginx:1");
        object["spec"]["selector"]["matchLabels"]["app"] = json!(app);
        object["spec"]["template"]["metadata"]["labels"]["app"] = json!(app);
        object
    };
    place.applied(&[with("a")]).await;
    let uid = place.get("deployment", "web")["metadata"]["uid"].clone();

    let outcome = place.apply(&[with("b")]).await;
    let said = failures(&outcome);
    assert!(
        said[0].starts_with(&format!("Deployment/{namespace}/web dry-run failed (Invalid): ")),
        "{said:?}"
    );
    assert!(said[0].contains("field is immutable"), "{said:?}");
    assert_eq!(place.get("deployment", "web")["metadata"]["uid"], uid);

    let outcome = place.cluster.apply(&place.owner, vec![with("b")], &FORCE).await;
    assert_eq!(shown(&outcome), [format!("Deployment/{namespace}/web configured")], "{:?}", outcome.failures);
    let live = place.get("deployment", "web");
    assert_eq!(live["spec"]["selector"]["matchLabels"]["app"], "b");
    assert_ne!(live["metadata"]["uid"], uid);

    // The annotation says the same for one object.
    let mut object = with("c");
    object["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/force": "enabled"});
    assert_eq!(place.applied(&[object]).await, [format!("Deployment/{namespace}/web configured")]);
}

#[tokio::test]
async fn an_object_is_made_anew_only_when_the_old_one_is_gone() {
    let Some(place) = Place::new("anew").await else { return };
    let with = |app: &str| {
        let mut object = place.deployment("web", "nginx:1");
        object["metadata"]["finalizers"] = json!(["acme.dev/hold"]);
        object["spec"]["selector"]["matchLabels"]["app"] = json!(app);
        object["spec"]["template"]["metadata"]["labels"]["app"] = json!(app);
        object
    };
    place.applied(&[with("a")]).await;
    drop(place.counter.take());
    let release = async {
        let mut asked: Vec<String> = Vec::new();
        // Deleted, and looked for since.
        while !asked
            .iter()
            .skip_while(|line| !line.starts_with("DELETE "))
            .any(|line| line.starts_with("GET "))
        {
            asked.extend(place.counter.take());
            tokio::task::yield_now().await;
        }
        let patch = json!({"metadata": {"finalizers": null}}).to_string();
        place.kubectl(&["patch", "deployment", "web", "--type=merge", "-p", &patch], "");
    };
    let both = async { tokio::join!(place.cluster.apply(&place.owner, vec![with("b")], &FORCE), release) };
    let (outcome, ()) = tokio::time::timeout(FORCE.patience * 2, both).await.unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let live = place.get("deployment", "web");
    assert_eq!(live["spec"]["selector"]["matchLabels"]["app"], "b");
    assert_eq!(live["metadata"]["deletionTimestamp"], json!(null));
}

#[tokio::test]
async fn an_object_that_is_being_deleted_is_made_again_once_it_is_gone() {
    let Some(place) = Place::new("leaving").await else { return };
    let object = place.config_map("settings", &json!({"a": "1"}));
    let mut held = object.clone();
    held["metadata"]["finalizers"] = json!(["acme.dev/hold"]);
    place.kubectl(&["apply", "-f", "-"], &held.to_string());
    place.kubectl(&["delete", "configmap", "settings", "--wait=false"], "");
    drop(place.counter.take());
    let release = async {
        let mut asked: Vec<String> = Vec::new();
        // It was looked at, and is looked for since.
        while asked.iter().filter(|line| line.starts_with("GET ")).count() < 3 {
            asked.extend(place.counter.take());
            tokio::task::yield_now().await;
        }
        let patch = json!({"metadata": {"finalizers": null}}).to_string();
        place.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", &patch], "");
    };
    let objects = [object];
    let both = async { tokio::join!(place.applied(&objects), release) };
    drop(tokio::time::timeout(OPTIONS.patience * 2, both).await.unwrap());
    let live = place.get("configmap", "settings");
    assert_eq!(live["metadata"]["deletionTimestamp"], json!(null));
    assert_eq!(live["data"]["a"], "1");
}

#[tokio::test]
async fn force_alone_does_not_delete_a_definition_and_all_that_it_defines() {
    let Some(place) = Place::new("definition").await else { return };
    let group = format!("{}.dev", place.namespace);
    let name = format!("widgets.{group}");
    let with = |scope: &str| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "spec": {"group": group, "scope": scope,
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}}}]}})
    };
    place.applied(&[with("Cluster")]).await;
    let uid = place.get("crd", &name)["metadata"]["uid"].clone();
    let outcome = place.cluster.apply(&place.owner, vec![with("Namespaced")], &FORCE).await;
    let said = failures(&outcome);
    assert!(said[0].contains("immutable"), "{said:?}");
    assert_eq!(place.get("crd", &name)["metadata"]["uid"], uid);
}

#[tokio::test]
async fn force_does_not_delete_for_an_object_that_is_wrong_in_itself() {
    let Some(place) = Place::new("wrong").await else { return };
    place.applied(&[place.deployment("web", "nginx:1")]).await;
    let uid = place.get("deployment", "web")["metadata"]["uid"].clone();
    let mut wrong = place.deployment("web", "nginx:1");
    wrong["spec"]["replicas"] = json!(-1);
    let outcome = place.cluster.apply(&place.owner, vec![wrong], &FORCE).await;
    let said = failures(&outcome);
    assert!(said[0].contains("spec.replicas"), "{said:?}");
    assert_eq!(place.get("deployment", "web")["metadata"]["uid"], uid);
}

#[tokio::test]
async fn nothing_is_written_when_one_object_is_refused() {
    let Some(place) = Place::new("refused").await else { return };
    let namespace = &place.namespace;
    let good = place.config_map("good", &json!({"a": "1"}));
    drop(place.counter.take());
    let mut stray = place.config_map("stray", &json!({}));
    stray["metadata"]["namespace"] = json!("");
    let outcome = place
        .apply(&[
            good.clone(),
            place.config_map("bad", &json!({"a": {"b": 1}})),
            json!({"apiVersion": "acme.dev/v1", "kind": "Nothing", "metadata": {"name": "n", "namespace": namespace}}),
            stray,
        ])
        .await;
    let said = failures(&outcome);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with(&format!("ConfigMap/{namespace}/bad dry-run failed")) || said[1].contains("bad"),
        "{said:?}"
    );
    assert!(said.contains(&"ConfigMap/stray namespace not specified".to_owned()), "{said:?}");
    let unknown =
        format!("Nothing/{namespace}/n: no matches for kind \"Nothing\" in version \"acme.dev/v1\"");
    assert!(said.contains(&unknown), "{said:?}");
    assert!(place.counter.take_writes().is_empty());

    // A document that is no object is said before anything is asked.
    let outcome = place.apply(&[good, json!({"kind": "ConfigMap"})]).await;
    assert_eq!(
        failures(&outcome),
        ["ConfigMap/ is no Kubernetes object: it needs apiVersion, kind and metadata.name"]
    );
    assert!(place.counter.take().is_empty());
}

#[tokio::test]
async fn a_secret_shows_no_value_whatever_happens() {
    let Some(place) = Place::new("secret").await else { return };
    let secret = |data: serde_json::Value| {
        let mut object = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "token", "namespace": place.namespace}});
        object.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
        object
    };
    place.applied(&[secret(json!({"stringData": {"a": "hunter2", "b": "swordfish"}}))]).await;
    // A key that left stringData leaves the Secret.
    let outcome = place.apply(&[secret(json!({"stringData": {"a": "hunter3"}}))]).await;
    assert_eq!(place.get("secret", "token")["data"], json!({"a": "aHVudGVyMw=="}));
    let told = format!("{outcome:?}");
    assert!(told.contains("data.a") && told.contains("data.b"), "{told}");
    for value in ["hunter", "swordfish", "aHVudGVy", "c3dvcmRmaXNo"] {
        assert!(!told.contains(value), "{told}");
    }
    for data in [json!({"data": {"a": 4711_0815}}), json!({"stringData": {"a": 4711_0815}})] {
        let outcome = place.apply(&[secret(data)]).await;
        let told = format!("{outcome:?}");
        assert!(!outcome.failures.is_empty() && !told.contains("47110815"), "{told}");
    }
}

#[tokio::test]
async fn two_owners_of_one_object_are_told_apart() {
    let Some(place) = Place::new("owners").await else { return };
    let namespace = &place.namespace;
    let object = place.config_map("shared", &json!({"a": "1"}));
    place.applied(std::slice::from_ref(&object)).await;
    let other = Owner { name: "other".to_owned(), ..place.owner.clone() };
    let outcome = place.cluster.apply(&other, vec![object], &OPTIONS).await;
    assert_eq!(shown(&outcome), [format!("ConfigMap/{namespace}/shared configured")]);
    let fields: Vec<String> = outcome.changes[0].fields.iter().map(ToString::to_string).collect();
    assert_eq!(
        fields,
        [format!(
            "metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]: \"{namespace}\" instead of \"other\""
        )]
    );
    // The first no longer owns it, so it does not prune it.
    let entries: Vec<_> = outcome.changes.iter().map(|change| change.entry.clone()).collect();
    let pruned = place.cluster.prune(&place.owner, &entries).await;
    assert_eq!(shown(&pruned), [format!("ConfigMap/{namespace}/shared skipped")]);
}

#[tokio::test]
async fn what_flux_has_applied_is_taken_over_without_a_write() {
    let Some(place) = Place::new("estate").await else { return };
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": place.namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
    let set = [place.deployment("web", "nginx:1"), service, place.config_map("settings", &json!({"a": "1"}))];
    // Flux sends built-in kinds through Go's types, which adds empty fields, and bears the same manager and labels.
    let mut theirs = set.clone();
    for object in &mut theirs {
        object["metadata"]["labels"] = json!({"kustomize.toolkit.fluxcd.io/name": place.owner.name,
            "kustomize.toolkit.fluxcd.io/namespace": place.owner.namespace});
    }
    theirs[0]["spec"]["strategy"] = json!({});
    theirs[0]["spec"]["template"]["metadata"]["creationTimestamp"] = json!(null);
    theirs[0]["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
    theirs[0]["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = json!("TCP");
    theirs[1]["spec"]["ports"][0]["protocol"] = json!("TCP");
    theirs[1]["spec"]["ports"][0]["targetPort"] = json!(0);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": theirs}).to_string();
    place.kubectl(&["apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-"], &list);
    drop(place.counter.take());
    let shown = place.applied(&set).await;
    assert!(shown.iter().all(|line| line.ends_with("unchanged")), "{shown:?}");
    assert!(place.counter.take_writes().is_empty());
}
