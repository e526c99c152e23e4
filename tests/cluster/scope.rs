//! What a controller looks at, and what it refuses.

use super::place::Place;
use crate::running::signal;

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
