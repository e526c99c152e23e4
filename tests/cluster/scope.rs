//! What a controller looks at, and what it refuses.

use super::place::Place;
use crate::running::signal;
use tagalong_testkit::fake_registry::{Auth, FakeRegistry};

#[test]
fn a_shard_leaves_the_objects_of_others_alone() {
    let Some(place) = Place::with_web("shard", "1.x", &["1.0.0", "1.1.0"]) else { return };
    place.own(&["label", "imagerepository/web", "imagepolicy/web", "shard=one"], "");
    let mut controller = place.controller(&["--watch-label-selector=shard=one"]);
    place.until_ready("imagepolicy/web");
    assert_eq!(place.get("imageupdateautomation/fleet", ".metadata.finalizers"), "");
    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");
    // An object that enters the shard is taken up.
    place.own(&["label", "imageupdateautomation/fleet", "shard=one"], "");
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.1.0");
}

#[test]
fn another_namespace_is_refused_where_the_flag_says_so() {
    let Some(place) = Place::new("tenant") else { return };
    let Some(other) = Place::new("other") else { return };
    place.apply(&format!(
        "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: web}}\nspec:\n  \
         imageRepositoryRef: {{name: web, namespace: {}}}\n  policy: {{semver: {{range: 1.x}}}}\n",
        other.namespace
    ));
    let _controller = place.controller(&["--no-cross-namespace-refs"]);
    place.until("imagepolicy/web", ".status.conditions[?(@.type==\"Ready\")].reason", "AccessDenied");
}

#[test]
fn access_from_is_decided_by_the_labels_of_the_namespace() {
    let Some(place) = Place::new("from") else { return };
    let Some(other) = Place::new("to") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    let owner = place.estate.image_and_policy("web", "1.x").replace(
        "timeout: 5s",
        "timeout: 5s, accessFrom: {namespaceSelectors: [{matchLabels: {team: web}}]}",
    );
    place.apply(&owner);
    let foreign = format!(
        "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: web, labels: {{test: {test}}}}}\n\
         spec:\n  imageRepositoryRef: {{name: web, namespace: {test}}}\n  policy: {{semver: {{range: 1.x}}}}\n",
        test = place.namespace
    );
    other.apply(&foreign);
    place.own(
        &["label", "imagerepositories,imagepolicies", "--all", &format!("test={}", place.namespace)],
        "",
    );
    let selector = format!("--watch-label-selector=test={}", place.namespace);
    let _controller = place.controller(&["--watch-all-namespaces", &selector]);
    other.until("imagepolicy/web", ".status.conditions[?(@.type==\"Ready\")].reason", "AccessDenied");
    other.kubectl(&["label", "namespace", &other.namespace, "team=web"], "");
    other.request("imagepolicy/web", "now");
    other.until_ready("imagepolicy/web");
}

#[test]
fn a_deployment_of_flux_is_taken_over_with_its_flags() {
    let Some(place) = Place::new("flags") else { return };
    let flags =
        ["--log-level=info", "--log-encoding=json", "--enable-leader-election=false", "--kube-api-qps=100"];
    let mut controller = place.controller(&flags);
    let warned = controller.until("--kube-api-qps is a flag of Flux's controllers");
    assert!(warned.starts_with('{') && warned.contains("\"level\":\"warn\""), "{warned}");
    controller.until("turning 0 ImageRepositories");
    signal("TERM", controller.id());
    controller.end().expect(0);
}

#[test]
fn two_tenants_with_one_image_and_different_secrets_share_no_listing() {
    let Some(good) = Place::new("tenant-good") else { return };
    let Some(bad) = Place::new("tenant-bad") else { return };
    let auth = Auth::Basic("u".to_owned(), "p".to_owned());
    let registry = FakeRegistry::builder().auth(auth).start().unwrap();
    registry.push_tags("acme/web", ["1.0.0"]);
    let label = good.namespace.clone();
    for (place, password) in [(&good, "p"), (&bad, "wrong")] {
        place.open_secrets();
        let server = format!("--docker-server={}", registry.host());
        let password = format!("--docker-password={password}");
        place.own(
            &["create", "secret", "docker-registry", "pull", &server, "--docker-username=u", &password],
            "",
        );
        let image = place.estate.registry.image("acme/web");
        let objects =
            place.estate.image_and_policy("web", "1.x").replace(&image, &registry.image("acme/web"));
        place.apply(&objects.replace("timeout: 5s", "timeout: 5s, secretRef: {name: pull}"));
        place.own(&["label", "imagerepositories,imagepolicies", "--all", &format!("test={label}")], "");
    }
    let selector = format!("--watch-label-selector=test={label}");
    let _controller = good.controller(&["--watch-all-namespaces", &selector]);
    good.until_ready("imagepolicy/web");
    // Turned again, now that the listing of the other stands there.
    bad.request("imagerepository/web", "1");
    bad.until("imagerepository/web", ".status.lastHandledReconcileAt", "1");
    bad.request("imagepolicy/web", "1");
    bad.until("imagepolicy/web", ".status.lastHandledReconcileAt", "1");
    assert_eq!(bad.get("imagepolicy/web", ".status.latestRef.tag"), "");
    assert_eq!(bad.get("imagerepository/web", ".status.lastScanResult.tagCount"), "");
    let ready = bad.get("imagerepository/web", ".status.conditions[?(@.type==\"Ready\")].status");
    assert_eq!(ready, "False");
}
