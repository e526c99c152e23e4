//! The end of a Kustomization, and its rest.

use super::super::place::Place;
use super::place::{APPS, READY, config};
use tagalong_testkit::git_repo::Change;

/// Deletes a Kustomization with these fields after it was applied; whether its ConfigMap is still there.
fn survives(place: &Place, name: &str, extra: &str) -> bool {
    let path = format!("apps/{name}");
    place.apply(&place.kustomization(name, &format!("  path: ./{path}\n{extra}")));
    let object = format!("kustomization/{name}");
    place.until_ready(&object);
    place.delete(&object);
    !place.own(&["get", "configmap", name, "--ignore-not-found"], "").is_empty()
}

#[test]
fn each_policy_of_deletion_does_as_it_says() {
    let names = ["mirror", "kept", "delete", "orphan"];
    let files: Vec<(String, String)> =
        names.iter().map(|name| (format!("apps/{name}/c.yaml"), config(name, "1"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let Some(place) = Place::synced("policies", &files) else { return };
    let _controller = place.syncing();
    assert!(!survives(&place, "mirror", ""));
    assert!(!survives(&place, "delete", "  deletionPolicy: Delete\n"));
    assert!(survives(&place, "orphan", "  deletionPolicy: Orphan\n"));
    let kept = place.kustomization("kept", "  path: ./apps/kept\n").replace("prune: true", "prune: false");
    place.apply(&kept);
    place.until_ready("kustomization/kept");
    place.delete("kustomization/kept");
    place.own(&["get", "configmap", "kept"], "");
}

#[test]
fn with_wait_for_termination_it_stays_until_its_objects_are_gone() {
    let held = config("held", "1").replace("{name: held}", "{name: held, finalizers: [example.com/held]}");
    let Some(place) = Place::synced("termination", &[("apps/c.yaml", &held)]) else { return };
    place.apply(&place.kustomization("apps", "  deletionPolicy: WaitForTermination\n"));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.own(&["delete", APPS, "--wait=false"], "");
    place.until_says("configmap/held", ".metadata.deletionTimestamp", "T");
    assert_eq!(place.get(APPS, ".metadata.finalizers"), r#"["finalizers.fluxcd.io"]"#);
    place.own(&["patch", "configmap/held", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#], "");
    place.own(&["wait", APPS, "--for=delete", "--timeout=60s"], "");
}

#[test]
fn without_the_account_that_applied_it_the_objects_stay_and_nothing_hangs() {
    let Some(place) = Place::synced("accountless", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    place.apply(&place.kustomization("apps", ""));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    place.own(&["delete", "serviceaccount", "deployer"], "");
    place.delete(APPS);
    place.own(&["get", "configmap", "web"], "");
    controller.until("unable to prune objects");
}

#[test]
fn one_that_could_not_be_applied_any_more_takes_its_objects_with_it_or_names_them() {
    let files = [("apps/c.yaml", &*config("web", "1")), ("far/c.yaml", &config("far", "1"))];
    let Some(place) = Place::synced("unserved", &files) else { return };
    place.apply(&place.kustomization("apps", ""));
    place.apply(&place.kustomization("far", "  path: ./far\n"));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    place.until_ready("kustomization/far");
    let patch = |object: &str, spec: &str| {
        place.own(&["patch", object, "--type=merge", "-p", &format!("{{\"spec\":{spec}}}")], "");
        place.until(object, &format!("{READY}.reason"), "FeatureGateDisabled");
        place.delete(object);
    };
    patch(APPS, r#"{"sourceRef":{"kind":"OCIRepository"}}"#);
    assert_eq!(place.own(&["get", "configmap", "web", "--ignore-not-found"], ""), "");
    // Where no way leads to what was applied, that is said.
    patch("kustomization/far", r#"{"kubeConfig":{"configMapRef":{"name":"cloud"}}}"#);
    place.own(&["get", "configmap", "far"], "");
    controller.until("unable to prune objects");
}

#[test]
fn a_suspended_one_is_left_alone_and_one_born_so_is_ready() {
    let Some(place) = Place::synced("suspended", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    place.apply(&place.kustomization("apps", ""));
    place.apply(&place.kustomization("born", "  suspend: true\n"));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.until("kustomization/born", ".status.conditions[?(@.type==\"Ready\")].reason", "Suspended");
    place.own(&["patch", APPS, "--type=merge", "-p", r#"{"spec":{"suspend":true}}"#], "");
    let revision = place.push(&[("apps/c.yaml", &config("web", "2"))], "1");
    // Somebody else of the same source has had its turn.
    place.apply(&place.kustomization("other", "  namePrefix: other-\n"));
    place.until_applied("kustomization/other", &revision);
    assert_eq!(place.get("configmap/web", ".data.value"), "1");
    place.own(&["patch", APPS, "--type=merge", "-p", r#"{"spec":{"suspend":false}}"#], "");
    place.until_applied(APPS, &revision);
    assert_eq!(place.get("configmap/web", ".data.value"), "2");
}

#[test]
fn what_is_deleted_and_stays_for_its_finalizer_stays_in_the_inventory_until_it_is_gone() {
    let held = config("held", "1").replace("{name: held}", "{name: held, finalizers: [example.com/held]}");
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/held.yaml", &held)];
    let Some(place) = Place::synced("staying", &files) else { return };
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.estate.repo.commit("main", "Less", &[Change::Delete("apps/held.yaml")]).unwrap();
    let revision = place.push(&[], "1");
    place.until_applied(APPS, &revision);
    let namespace = &place.namespace;
    let ids = || place.get(APPS, ".status.inventory.entries[*].id");
    assert_eq!(ids(), format!("{namespace}_held__ConfigMap {namespace}_web__ConfigMap"));
    assert!(place.get("configmap/held", ".metadata.deletionTimestamp").contains('T'));
    place.reconciled(APPS, "1");
    assert_eq!(ids(), format!("{namespace}_held__ConfigMap {namespace}_web__ConfigMap"));
    place.own(&["patch", "configmap/held", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#], "");
    place.reconciled(APPS, "2");
    assert_eq!(ids(), format!("{namespace}_web__ConfigMap"));
}
