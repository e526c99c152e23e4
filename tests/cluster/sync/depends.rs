//! One after the other.

use super::super::place::Place;
use super::place::{APPS, READY, config};

#[test]
fn what_depends_waits_and_goes_on_at_once() {
    let Some(place) = Place::synced("depends", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    place.apply(&place.kustomization("apps", "  dependsOn: [{name: infra}]\n"));
    let args = ["--controllers=image,source,kustomize", "--requeue-dependency=1h"];
    let _controller = place.controller(&args);
    place.until_ready_says(APPS, &format!("dependency '{}/infra' not found", place.namespace));
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "DependencyNotReady");
    place.apply(&place.kustomization("infra", "  path: ./infra\n"));
    place.until_ready_says("kustomization/infra", "path not found");
    let revision = place.push(&[("infra/c.yaml", &config("infra", "1"))], "1");
    place.until_applied("kustomization/infra", &revision);
    place.until_applied(APPS, &revision);
    // Of the next commit as well the first goes first.
    let revision = place.push(&[("infra/c.yaml", &config("infra", "2"))], "2");
    place.until_applied(APPS, &revision);
    assert_eq!(place.get("kustomization/infra", ".status.lastAppliedRevision"), revision);
}

#[test]
fn an_expression_says_when_what_depends_may_go_on() {
    let Some(place) = Place::synced("ready-expr", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    // Suspended and never Ready: the built-in rule would wait for ever.
    place.apply(&place.kustomization("infra", "  suspend: true\n"));
    let ready = "  dependsOn: [{name: infra, readyExpr: \"dep.metadata.labels.go == self.metadata.name\"}]\n";
    place.apply(&place.kustomization("apps", ready));
    let args = ["--controllers=image,source,kustomize", "--requeue-dependency=1h"];
    let _controller = place.controller(&args);
    place.until_ready_says(APPS, "readyExpr: there is no 'labels'");
    place.own(&["label", "kustomization/infra", "go=no"], "");
    place.until_ready_says(APPS, "/infra' is not ready according to readyExpr eval");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "DependencyNotReady");
    assert_eq!(place.own(&["get", "configmap", "web", "--ignore-not-found"], ""), "");
    place.own(&["label", "kustomization/infra", "go=apps", "--overwrite"], "");
    place.until_ready(APPS);
    assert_eq!(place.get("configmap/web", ".data.value"), "1");
}
