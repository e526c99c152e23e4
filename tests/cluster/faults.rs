//! What goes wrong on the API server's side. The test has a plane of its own, which it may stop.

use super::place::{Place, install_beside_flux};
use crate::running::{Running, signal};
use crate::support::{run, tagalong};
use tagalong_testkit::control_plane::ControlPlane;
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

const PATIENCE: &str = "--timeout=60s";

#[test]
fn a_missing_kind_is_named_and_taken_up_and_a_restarted_api_server_is_watched_again() {
    need!(Part::Etcd, Part::KubeApiserver, Part::Kubectl);
    let mut plane = ControlPlane::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let registry = FakeRegistry::start().unwrap();
    registry.push_tags("acme/web", ["1.0.0"]);
    let rights = install_beside_flux(&plane);
    let args =
        ["controller", "--controllers=image", "--storage-path=state", "--metrics-addr=0", "--health-addr=0"];
    let mut command = tagalong(folder.path(), &args);
    command.env("KUBECONFIG", &rights);
    let mut controller = Running::start(command);
    controller.until("imagerepositories.image.toolkit.fluxcd.io is not installed");

    let definitions = run(folder.path(), &["crds"]).expect(0).stdout;
    let kubectl = |plane: &ControlPlane, args: &[&str], input: &str| {
        let printed = plane.kubectl(args, input).unwrap();
        assert!(printed.success, "kubectl {args:?}: {}", printed.stderr);
    };
    kubectl(&plane, &["apply", "--server-side", "-f", "-"], &definitions);
    kubectl(&plane, &["wait", "--for=condition=Established", "crd", "--all", PATIENCE], "");
    let image = registry.image("acme/web");
    let repository = |name: &str| {
        format!(
            "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
             spec: {{image: \"{image}\", interval: 5m}}\n"
        )
    };
    kubectl(&plane, &["apply", "-f", "-"], &repository("before"));
    kubectl(&plane, &["wait", "imagerepository/before", "--for=condition=Ready", PATIENCE], "");

    plane.stop_apiserver();
    plane.start_apiserver().unwrap();
    kubectl(&plane, &["apply", "-f", "-"], &repository("after"));
    kubectl(&plane, &["wait", "imagerepository/after", "--for=condition=Ready", PATIENCE], "");
    signal("TERM", controller.id());
    controller.end().expect(0);
}

#[test]
fn an_object_that_is_deleted_in_its_turn_is_let_go_after_it() {
    let Some(place) = Place::with_web("deleted", "1.x", &["1.0.0"]) else { return };
    place.estate.registry.hold();
    let mut controller = place.controller(&[]);
    controller.until("turning 1 ImageRepositories");
    place.until("imagerepository/web", ".metadata.finalizers[0]", "finalizers.fluxcd.io");
    place.own(&["delete", "imagerepository/web", "--wait=false"], "");
    place.estate.registry.release();
    place.own(&["wait", "imagerepository/web", "--for=delete", PATIENCE], "");
}

#[test]
fn a_condition_that_somebody_else_writes_stays() {
    let Some(place) = Place::with_web("foreign", "1.x", &["1.0.0"]) else { return };
    let _controller = place.controller(&[]);
    place.until_ready("imagerepository/web");
    let theirs = r#"[{"op":"add","path":"/status/conditions/-","value":{"type":"Theirs","status":"True",
        "reason":"Because","message":"m","lastTransitionTime":"2026-01-01T00:00:00Z"}}]"#;
    let patch = ["patch", "imagerepository/web", "--subresource=status", "--type=json", "-p", theirs];
    place.own(&patch, "");
    place.estate.registry.push_tag("acme/web", "1.1.0");
    place.request("imagerepository/web", "now");
    place.until("imagerepository/web", ".status.lastScanResult.tagCount", "2");
    place.until("imagerepository/web", ".status.conditions[?(@.type==\"Theirs\")].reason", "Because");
}

#[test]
fn a_namespace_that_is_deleted_is_let_go_and_the_others_go_on() {
    need!(Part::KubeControllerManager);
    let Some(place) = Place::with_web("stays", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let Some(gone) = Place::with_web("goes", "1.x", &["1.0.0", "1.1.0"]) else { return };
    place.plane.run_controllers().unwrap();
    let kinds = "imagerepositories,imagepolicies,imageupdateautomations,gitrepositories";
    for place_of in [&place, &gone] {
        place_of.own(&["label", kinds, "--all", &format!("test={}", place.namespace)], "");
    }
    let selector = format!("--watch-label-selector=test={}", place.namespace);
    let mut controller = place.controller(&["--watch-all-namespaces", &selector]);
    gone.until_ready("imageupdateautomation/fleet");
    place.until_ready("imageupdateautomation/fleet");
    gone.kubectl(&["delete", "namespace", &gone.namespace, "--wait", PATIENCE], "");
    place.estate.registry.push_tag("acme/web", "1.2.0");
    place.request("imagerepository/web", "1");
    controller.until("pushed commit");
    while place.tag("apps/web.yaml") != "1.2.0" {
        controller.until("pushed commit");
    }
}

#[test]
fn a_turn_that_hangs_is_left_behind_at_the_end() {
    let Some(place) = Place::with_web("hangs", "1.x", &["1.0.0"]) else { return };
    place.open_leases("image-only");
    place.own(&["patch", "imagerepository/web", "--type=merge", "-p", r#"{"spec":{"timeout":"1m"}}"#], "");
    place.estate.registry.hold();
    let mut controller = place.controller(&["--enable-leader-election", "--controllers=image"]);
    controller.until("turning 1 ImageRepositories");
    place.until("imagerepository/web", ".metadata.finalizers[0]", "finalizers.fluxcd.io");
    signal("TERM", controller.id());
    // The turn would take a minute.
    let story = controller.end().stderr;
    assert!(story.contains("not finished within 10 s"), "{story}");
    assert_eq!(place.get("leases", ".items[*].spec.holderIdentity").trim(), "", "the Leases are given back");
}
