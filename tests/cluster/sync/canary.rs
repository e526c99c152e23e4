//! A Canary of Flagger counts as the release that it judges: one that fails takes the release back.

use super::super::place::Place;
use super::health::UP;
use super::place::APPS;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const FLEET: &str = "imageupdateautomation/fleet";
const CANARY: &str = "canary.flagger.app/web";
const IMAGE: &str = ".spec.template.spec.containers[0].image";
const REVERT: &str = "  rollback: {onUnhealthy: Revert}\n";

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: canaries.flagger.app}
spec:
  group: flagger.app
  scope: Namespaced
  names: {kind: Canary, plural: canaries, singular: canary}
  versions:
  - name: v1beta1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// A Canary of the Deployment `web`.
const WEB: &str = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web}\nspec:\n  \
                   targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";

impl Place {
    /// A marked Deployment and its Canary.
    fn guarded(&self) {
        let web = self.marked("web", "1.0.0");
        self.estate.commit(&[("apps/web.yaml", &web), ("apps/canary.yaml", WEB)]);
        self.apply(&self.estate.image_and_policy("web", "1.x"));
        self.apply(&self.estate.automation(REVERT));
    }

    /// Says what Flagger says: it sees a target some seconds after it was written.
    fn phase(&self, phase: &str) {
        let moved = Timestamp::now() + SignedDuration::from_secs(5);
        let moved = moved.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let status = json!({"status": {"phase": phase, "lastTransitionTime": moved}}).to_string();
        self.own(&["patch", CANARY, "--subresource=status", "--type=merge", "-p", &status], "");
    }

    /// The same, long ago.
    fn phase_before(&self, phase: &str) {
        let status = json!({"status": {"phase": phase, "lastTransitionTime": "2026-01-01T00:00:00Z"}});
        self.own(&["patch", CANARY, "--subresource=status", "--type=merge", "-p", &status.to_string()], "");
    }

    /// Pushes a tag and waits until its Deployment has come up; its commit.
    fn released(&self, tag: &str, token: &str) -> String {
        let image = self.estate.registry.image("acme/web");
        self.estate.registry.push_tag("acme/web", tag);
        self.request("imagerepository/web", token);
        self.until("deployment/web", IMAGE, &format!("{image}:{tag}"));
        self.rollout("web", UP);
        self.estate.repo.rev("main").unwrap()
    }
}

#[test]
fn a_canary_that_fails_takes_the_release_back_and_the_next_one_flows() {
    let Some(place) = Place::new("canary") else { return };
    place.kubectl(&["apply", "-f", "-"], DEFINITION);
    place.kubectl(&["wait", "--for=condition=Established", "crd/canaries.flagger.app", "--timeout=60s"], "");
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    place.guarded();
    place.open_sync();
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let mut controller = place.syncing();
    controller.until("Canary/");
    place.rollout("web", UP);
    place.phase_before("Initialized");
    let good = place.estate.repo.rev("main").unwrap();
    place.until_applied(APPS, &format!("main@sha1:{good}"));

    // What it says of the release before is not taken for an answer.
    let commit = place.released("1.1.0", "1");
    assert_eq!(place.estate.repo.rev("main~1").unwrap(), good);
    let waits = ".status.conditions[?(@.type==\"Reconciling\")].message";
    place.until_says(APPS, waits, &format!("Running health checks for revision main@sha1:{commit}"));
    assert_eq!(place.get(APPS, ".status.lastAppliedRevision"), format!("main@sha1:{good}"));
    place.phase("Progressing");
    place.phase("Failed");
    controller.until("RolledBack");
    let image = place.estate.registry.image("acme/web");
    place.until("deployment/web", IMAGE, &format!("{image}:1.0.0"));
    let revert = place.estate.repo.rev("main").unwrap();
    assert_eq!(place.estate.repo.rev("main~1").unwrap(), commit);
    let message = place.estate.repo.message("main").unwrap();
    let failed = format!("* Canary/{}/web: Failed", place.namespace);
    for said in [&format!("This reverts commit {commit}.\n"), &failed, "Tagalong-Reason: Unhealthy "] {
        assert!(message.contains(said), "{said} in {message}");
    }
    assert!(!message.contains("condition alone"), "{message}");
    place.until(FLEET, ".status.pins[0].refused", "1.1.0");
    assert_eq!(place.get(FLEET, ".status.pins[0].commit"), revert);

    // Flagger does not move for a target that is back where it was: the Canary goes on saying that it failed.
    place.phase_before("Failed");
    let next = place.released("1.2.0", "2");
    assert_eq!(place.estate.repo.rev("main~1").unwrap(), revert);
    place.until_says(APPS, waits, &format!("Running health checks for revision main@sha1:{next}"));
    place.phase("Succeeded");
    place.until_applied(APPS, &format!("main@sha1:{next}"));
    place.reconciled(FLEET, "3");
    assert_eq!(place.estate.repo.rev("main").unwrap(), next);
}

#[test]
fn a_canary_that_a_kustomization_of_flux_names_stands_for_its_target() {
    let Some(place) = Place::new("canary-flux") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    place.guarded();
    let good = place.estate.repo.rev("main").unwrap();
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let mut controller = place.controller(&[]);
    controller.until("pushed commit");
    let bot = place.estate.repo.rev("main").unwrap();
    let said = format!("Canary/{}/web status: 'Failed': Canary analysis failed", place.namespace);
    place.unhealthy(&good, &bot, &said);
    place.request(FLEET, "unhealthy");
    controller.until("RolledBack");
    let message = place.estate.repo.message("main").unwrap();
    assert!(message.contains(&format!("This reverts commit {bot}.\n")), "{message}");
    assert!(message.contains("/web: Failed: Canary analysis failed\n"), "{message}");
    assert!(!message.contains("condition alone"), "{message}");
    place.until(FLEET, ".status.pins[0].refused", "1.1.0");
    // What failed is the same until Flux has the new revision; once is enough, and the next release flows.
    let revert = place.estate.repo.rev("main").unwrap();
    place.reconciled(FLEET, "again");
    assert_eq!(place.estate.repo.rev("main").unwrap(), revert);
    place.estate.registry.push_tag("acme/web", "1.2.0");
    place.request("imagerepository/web", "next");
    controller.until("pushed commit");
    assert_eq!(place.estate.repo.rev("main~1").unwrap(), revert);
    assert!(place.estate.repo.read("main", "apps/web.yaml").unwrap().contains(":1.2.0 "));
}
