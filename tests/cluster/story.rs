//! The whole way: objects in the API, a commit on the Git server, statuses and events back; and what people do to the
//! objects meanwhile.

use super::place::Place;
use crate::running::signal;
use tagalong_testkit::fake_registry::{Auth, FakeRegistry};

const READY: &str = ".status.conditions[?(@.type==\"Ready\")].status";

#[test]
fn a_tag_becomes_a_commit_and_the_statuses_say_so() {
    let Some(place) = Place::with_web("story", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let mut controller = place.controller(&[]);
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.1.0");
    for object in ["imagerepository/web", "imagepolicy/web", "imageupdateautomation/fleet"] {
        place.until_ready(object);
        place.until(object, ".status.observedGeneration", "1");
        assert_eq!(place.get(object, ".metadata.finalizers"), r#"["finalizers.fluxcd.io"]"#);
    }
    assert_eq!(place.get("imagepolicy/web", ".status.latestRef.tag"), "1.1.0");
    let head = place.estate.repo.rev("main").unwrap();
    place.until("imageupdateautomation/fleet", ".status.lastPushCommit", &head);
    assert!(place.estate.repo.message("main").unwrap().contains("Tagalong-Automation"), "a trailer");

    // A new tag, and somebody who does not want to wait for the interval.
    place.estate.registry.push_tag("acme/web", "1.2.0");
    place.request("imagerepository/web", "now");
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.2.0");
    place.until("imagerepository/web", ".status.lastHandledReconcileAt", "now");

    // Everything can be taken away, and nothing holds it.
    for object in ["imageupdateautomation/fleet", "imagepolicy/web", "imagerepository/web"] {
        place.delete(object);
    }
    signal("TERM", controller.id());
    controller.end().expect(0);
    let events = place.own(&["get", "events", "-o=jsonpath={range .items[*]}{.message}{end}"], "");
    assert!(events.contains("pushed commit") && events.contains("resolved to 1.2.0"), "{events}");
}

#[test]
fn a_suspended_object_waits_and_is_taken_up_again() {
    let Some(place) = Place::with_web("suspend", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let suspend = |on: bool| {
        let patch = format!("{{\"spec\":{{\"suspend\":{on}}}}}");
        place.own(&["patch", "imageupdateautomation/fleet", "--type=merge", "-p", &patch], "");
    };
    suspend(true);
    let mut controller = place.controller(&[]);
    place.until("imagepolicy/web", ".status.latestRef.tag", "1.1.0");
    place.until("imageupdateautomation/fleet", ".status.conditions[0].reason", "Suspended");
    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");
    suspend(false);
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.1.0");
}

#[test]
fn a_secret_is_read_by_name_and_a_rotated_one_is_used_at_the_next_turn() {
    let Some(place) = Place::new("secret") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    let yaml = place
        .estate
        .image_and_policy("web", "1.x")
        .replace("timeout: 5s", "timeout: 5s, secretRef: {name: pull}");
    place.apply(&yaml);
    let mut controller = place.controller(&[]);
    controller.until("bind the ClusterRole tagalong-secrets");
    place.open_secrets();
    // The story is told before the status is written.
    place.until_says(
        "imagerepository/web",
        ".status.conditions[?(@.type==\"Ready\")].message",
        "pull not found",
    );
    let host = place.estate.registry.host();
    let server = format!("--docker-server={host}");
    let secret = [
        "create",
        "secret",
        "docker-registry",
        "pull",
        &server,
        "--docker-username=u",
        "--docker-password=p",
    ];
    place.own(&secret, "");
    place.request("imagerepository/web", "now");
    place.until_ready("imagerepository/web");
    place.until_ready("imagepolicy/web");
}

#[test]
fn a_password_that_is_changed_while_it_is_in_use_is_read_again() {
    let Some(place) = Place::new("rotated") else { return };
    let registry =
        FakeRegistry::builder().auth(Auth::Basic("u".to_owned(), "old".to_owned())).start().unwrap();
    registry.push_tags("acme/web", ["1.0.0"]);
    place.open_secrets();
    let secret = |password: &str| {
        let auths = serde_json::json!({"auths": {registry.host(): {"username": "u", "password": password}}});
        place.apply(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: pull}}\ntype: kubernetes.io/dockerconfigjson\n\
             stringData: {{.dockerconfigjson: '{auths}'}}\n"
        ));
    };
    secret("old");
    let ours = place.estate.registry.image("acme/web");
    let objects = place.estate.image_and_policy("web", "1.x").replace(&ours, &registry.image("acme/web"));
    place.apply(&objects.replace("timeout: 5s", "timeout: 5s, secretRef: {name: pull}"));
    let _controller = place.controller(&[]);
    place.until("imagepolicy/web", ".status.latestRef.tag", "1.0.0");

    // The registry's side first, as it always is for a moment.
    registry.set_auth(Auth::Basic("u".to_owned(), "new".to_owned()));
    registry.push_tag("acme/web", "1.1.0");
    place.request("imagerepository/web", "1");
    place.until("imagerepository/web", READY, "False");
    assert_eq!(place.get("imagepolicy/web", ".status.latestRef.tag"), "1.0.0");
    secret("new");
    place.request("imagerepository/web", "2");
    place.until("imagepolicy/web", ".status.latestRef.tag", "1.1.0");
    place.until_ready("imagerepository/web");
}
