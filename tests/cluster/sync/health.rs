//! Health is waited for, and a newer commit is not.

use super::super::place::Place;
use super::place::{APPS, READY, config, deployment};

const HEALTHY: &str = ".status.conditions[?(@.type==\"Healthy\")]";

/// The conditions of one that is there.
pub(super) const UP: &str = r#"{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"},{"type":"Available","status":"True"}"#;

/// The condition of one that will never be.
pub(super) const DOWN: &str =
    r#"{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":""}"#;

/// A Deployment that wants a replica.
pub(super) fn wanting(name: &str, image: &str) -> String {
    deployment(name, image).replace("replicas: 0", "replicas: 1")
}

impl Place {
    /// Writes a status as the Deployment's controller would.
    pub(super) fn rollout(&self, name: &str, condition: &str) {
        let object = format!("deployment/{name}");
        let generation = self.get(&object, ".metadata.generation");
        let status = format!(
            r#"{{"status":{{"observedGeneration":{generation},"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,"conditions":[{condition}]}}}}"#
        );
        self.own(&["patch", &object, "--subresource=status", "--type=merge", "-p", &status], "");
    }
}

#[test]
fn it_is_ready_when_all_are_healthy_and_says_what_it_waits_for() {
    let files = [("apps/web.yaml", &*wanting("web", "IMAGE:1.0.0"))];
    let Some(place) = Place::synced("healthy", &files) else { return };
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let _controller = place.syncing();
    let reconciling = ".status.conditions[?(@.type==\"Reconciling\")].message";
    place.until_says(APPS, reconciling, "Running health checks for revision main@sha1:");
    assert_eq!(place.get(APPS, &format!("{READY}.status")), "Unknown");
    place.rollout("web", UP);
    place.until_ready(APPS);
    assert!(place.get(APPS, &format!("{HEALTHY}.message")).starts_with("Health check passed in "));
    assert_eq!(place.get(APPS, reconciling), "");
}

#[test]
fn what_has_failed_ends_the_wait_and_a_new_commit_ends_it_too() {
    let files = [("apps/web.yaml", &*wanting("web", "IMAGE:1.0.0"))];
    let Some(place) = Place::synced("unhealthy", &files) else { return };
    let check = "  healthChecks: [{apiVersion: apps/v1, kind: Deployment, name: web}]\n";
    place.apply(&place.kustomization("apps", check));
    let mut controller = place.syncing();
    controller.until("Deployment/");
    place.until_says("deployment/web", ".metadata.name", "web");
    place.rollout("web", DOWN);
    let says = place.until_ready_says(APPS, "failed early");
    assert!(says.contains(&format!("Deployment/{}/web status: 'Failed'", place.namespace)), "{says}");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "HealthCheckFailed");
    assert_eq!(place.get(APPS, &format!("{HEALTHY}.status")), "False");
    assert_eq!(place.get(APPS, ".status.lastAppliedRevision"), "");
    // The next commit waits for a health that never comes; the one after it is applied nevertheless.
    let second = place.push(&[("apps/web.yaml", &wanting("web", "IMAGE:1.1.0"))], "1");
    place.until(APPS, ".status.lastAttemptedRevision", &second);
    let third = place.push(&[("apps/web.yaml", &wanting("web", "IMAGE:1.2.0"))], "2");
    place.until(APPS, ".status.lastAttemptedRevision", &third);
    place.until_says("deployment/web", ".spec.template.spec.containers[0].image", ":1.2.0");
    place.rollout("web", UP);
    place.until_applied(APPS, &third);
}

#[test]
fn expressions_say_when_objects_are_healthy_and_one_that_is_wrong_is_told_before_anything_is_applied() {
    let Some(place) = Place::synced("expressions", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    let rules = "  wait: true\n  healthCheckExprs:\n  - {apiVersion: v1, kind: ConfigMap, \
                 failed: \"has(metadata.annotations) && 'broken' in metadata.annotations\", \
                 current: \"metadata.annotations.done == 'yes'\"}\n";
    place.apply(&place.kustomization("apps", rules));
    place.apply(
        &place.kustomization("wrong", &format!("  namePrefix: wrong-\n{}", rules.replace("has(", "had("))),
    );
    let _controller = place.syncing();
    let reconciling = ".status.conditions[?(@.type==\"Reconciling\")].message";
    place.until_says(APPS, reconciling, "Running health checks for revision main@sha1:");
    // What kubectl writes in its own name is taken away again.
    let annotate = |pair| place.own(&["annotate", "configmap/web", pair, "--field-manager=acme"], "");
    annotate("done=yes");
    place.until_ready(APPS);

    annotate("broken=1");
    place.reconciled(APPS, "1");
    let says = place.until_ready_says(APPS, "failed early");
    assert!(says.contains("/web status: 'Failed': healthCheckExprs: failed holds"), "{says}");

    let wrong = "kustomization/wrong";
    place.until_ready_says(wrong, ".spec.healthCheckExprs[0].failed: there is no function 'had'");
    let stalled = ".status.conditions[?(@.type==\"Stalled\")].reason";
    assert_eq!(place.get(wrong, stalled), "InvalidCELExpression");
    assert_eq!(place.own(&["get", "configmap", "wrong-web", "--ignore-not-found"], ""), "");

    // One that has become wrong still takes along what it has applied.
    let patch = r#"{"spec":{"healthCheckExprs":[{"apiVersion":"v1","kind":"ConfigMap","current":"("}]}}"#;
    place.own(&["patch", APPS, "--type=merge", "-p", patch], "");
    place.until(APPS, stalled, "InvalidCELExpression");
    place.delete(APPS);
    assert_eq!(place.own(&["get", "configmap", "web", "--ignore-not-found"], ""), "");
}
