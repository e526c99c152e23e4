//! Whose an object is: two that claim one, and one that Flux has applied before.

use super::super::place::Place;
use super::place::{APPS, config, deployment};
use std::io::Write as _;

#[test]
fn of_two_that_claim_an_object_the_one_that_lost_it_does_not_delete_it() {
    let Some(place) = Place::synced("claimed", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.apply(&place.kustomization("other", ""));
    place.until_ready("kustomization/other");
    let owner = ".metadata.labels['kustomize\\.toolkit\\.fluxcd\\.io/name']";
    place.until("configmap/web", owner, "other");
    place.delete(APPS);
    place.own(&["get", "configmap", "web"], "");
    place.delete("kustomization/other");
    assert_eq!(place.own(&["get", "configmap", "web", "--ignore-not-found"], ""), "");
}

#[test]
fn what_flux_has_applied_is_taken_over_without_a_write() {
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/d.yaml", &deployment("web", "IMAGE:1.0.0"))];
    let Some(place) = Place::synced("fluxs", &files) else { return };
    let namespace = &place.namespace;
    // As kustomize-controller leaves them: its labels, its field manager, its inventory.
    let labels = format!(
        "{{name: web, labels: {{kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: {namespace}}}}}"
    );
    let image = place.estate.registry.image("acme/web");
    let left =
        format!("{}---\n{}---\n{}", files[0].1, files[1].1, config("stale", "1").replace("stale", "web"));
    let left =
        left.replace("IMAGE", &image).replace("metadata: {name: web}\n", &format!("metadata: {labels}\n"));
    let left: Vec<&str> = left.split("---\n").take(2).collect();
    let apply = ["apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-"];
    place.own(&apply, &left.join("---\n"));
    let stale = config("stale", "1").replace("{name: stale}", &labels.replace("name: web", "name: stale"));
    place.own(&apply, &stale);
    let object = place.kustomization("apps", "");
    place.apply(&object);
    let mut status = tempfile::NamedTempFile::new().unwrap();
    let entries = ["stale__ConfigMap", "web__ConfigMap", "web_apps_Deployment"];
    let entries: Vec<String> =
        entries.iter().map(|id| format!(r#"{{"id":"{namespace}_{id}","v":"v1"}}"#)).collect();
    write!(
        status,
        r#"{{"status":{{"observedGeneration":1,"lastAppliedRevision":"main@sha1:0","inventory":{{"entries":[{}]}}}}}}"#,
        entries.join(",")
    )
    .unwrap();
    let patch = format!("--patch-file={}", status.path().display());
    place.own(&["patch", APPS, "--subresource=status", "--type=merge", &patch], "");
    let versions =
        || ["configmap/web", "deployment/web"].map(|object| place.get(object, ".metadata.resourceVersion"));
    let before = versions();
    let _controller = place.syncing();
    let revision = format!("main@sha1:{}", place.estate.repo.rev("main").unwrap());
    place.until_applied(APPS, &revision);
    assert_eq!(versions(), before, "objects that did not change were written");
    assert_eq!(
        place.own(&["get", "configmap", "stale", "--ignore-not-found"], ""),
        "",
        "what left is deleted"
    );
    let ids = place.get(APPS, ".status.inventory.entries[*].id");
    assert_eq!(ids, format!("{namespace}_web__ConfigMap {namespace}_web_apps_Deployment"));
}
