//! `plan`, `explain`, `check` and `lint` without a folder: the objects as the API server has them, and nothing written.

use super::place::Place;
use crate::support::{Ran, tagalong};

const KINDS: &str = "imagerepositories,imagepolicies,imageupdateautomations,gitrepositories";

/// Runs a command as an administrator.
fn run(place: &Place, args: &[&str]) -> Ran {
    let mut command = tagalong(place.estate.folder(), args);
    command.env("KUBECONFIG", place.plane.kubeconfig()).output().unwrap().into()
}

/// The same over this place's namespace.
fn own(place: &Place, args: &[&str]) -> Ran {
    run(place, &[args, &["-n", &place.namespace]].concat())
}

#[test]
fn a_cluster_is_planned_and_explained_and_nothing_is_written() {
    let Some(place) = Place::with_web("cli-plan", "1.x", &["1.0.0", "1.1.0", "2.0.0"]) else { return };
    let versions = ".items[*]['metadata.resourceVersion']";
    let before = place.get(KINDS, versions);
    let plan = own(&place, &["plan", "--exit-code"]).expect(1);
    assert!(plan.stdout.contains(":1.1.0 #"), "{}", plan.stdout);
    own(&place, &["plan"]).expect(0);
    let json = own(&place, &["plan", "-o=json"]).expect(0).json();
    assert_eq!(json["repositories"][0]["edits"][0]["file"], "apps/web.yaml");

    let target = format!("ImagePolicy/{}/web", place.namespace);
    for args in [
        &["explain"][..],
        &["explain", &target],
        &["explain", "ImagePolicy/web"],
        &["explain", "apps/web.yaml"],
    ] {
        let story = own(&place, args).expect(0).stdout;
        assert!(story.contains(&target) && story.contains("1.1.0"), "{story}");
    }
    let nobody = own(&place, &["explain", "ImagePolicy/nobody"]).expect(2);
    assert!(nobody.stderr.contains("is no ImagePolicy"), "{}", nobody.stderr);

    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");
    assert_eq!(place.get(KINDS, versions), before);
    assert_eq!(place.own(&["get", "events,leases", "-o=name"], ""), "");
}

#[test]
fn a_cluster_is_checked_with_the_secrets_that_it_names() {
    let Some(place) = Place::new("cli-check") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    place.commit("apps/web.yaml", "web", "1.0.0");
    let image = place.estate.image_and_policy("web", "1.x");
    place.apply(&image.replace("timeout: 5s", "timeout: 5s, secretRef: {name: pull}"));
    place.apply(&place.estate.automation(""));
    let ran = own(&place, &["check"]).expect(1);
    let failed = ran.stdout.lines().find(|line| line.starts_with("fail")).unwrap();
    assert!(failed.contains(&format!("ImageRepository/{}/web", place.namespace)), "{}", ran.stdout);
    assert!(failed.contains("/pull"), "{}", ran.stdout);
    let git = ran.stdout.lines().find(|line| line.contains("GitRepository")).unwrap();
    assert!(git.starts_with("ok"), "{git}");

    let server = format!("--docker-server={}", place.estate.registry.host());
    let pull = ["create", "secret", "docker-registry", "pull", &server];
    place.own(&[&pull[..], &["--docker-username=u", "--docker-password=p"]].concat(), "");
    own(&place, &["check"]).expect(0);
}

#[test]
fn a_cluster_is_linted_with_the_lines_of_its_objects() {
    let Some(place) = Place::with_web("cli-lint", "1.x", &["1.0.0"]) else { return };
    own(&place, &["lint"]).expect(0);
    place.apply(&place.estate.image_and_policy("never", ">2.0 <1.0"));
    let lost = "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {name: lost}\n\
                spec: {imageRepositoryRef: {name: nobody}, policy: {alphabetical: {}}}\n";
    place.apply(lost);
    let ran = own(&place, &["lint"]).expect(1);
    let named = |name: &str| format!("ImagePolicy/{}/{name}:", place.namespace);
    let never = ran.stdout.lines().position(|line| line.starts_with(&named("never"))).unwrap();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[never].contains("error[never-satisfiable]"), "{}", ran.stdout);
    assert!(lines[never + 2].contains("range: \">2.0 <1.0\""), "{}", ran.stdout);
    assert!(ran.stdout.contains("error[missing-reference]"), "{}", ran.stdout);
    let json = own(&place, &["lint", "-o=json"]).expect(1).json();
    assert_eq!(json["problems"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn what_lies_in_another_namespace_is_read_by_name_and_no_more_than_may_be_read_is() {
    let Some(place) = Place::new("cli-far") else { return };
    let Some(other) = Place::new("cli-near") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let shared = place
        .estate
        .image_and_policy("web", "1.x")
        .replace("timeout: 5s", "timeout: 5s, accessFrom: {namespaceSelectors: [{matchLabels: {}}]}");
    place.apply(&shared);
    let foreign = place.estate.image_and_policy("web", "1.x");
    let foreign = foreign.split("---\n").nth(1).unwrap();
    let reference = format!("{{name: web, namespace: {}}}", place.namespace);
    other.apply(
        &foreign.replace("imageRepositoryRef: {name: web}", &format!("imageRepositoryRef: {reference}")),
    );
    let story = own(&other, &["explain", "ImagePolicy/web"]).expect(0);
    assert!(story.stdout.contains("1.1.0"), "{}", story.stdout);
    own(&other, &["lint"]).expect(0);

    // Somebody who may read nothing is told so.
    let stranger = other.plane.service_account(&other.namespace, "stranger").unwrap();
    let mut command = tagalong(other.estate.folder(), &["plan", "-n", &other.namespace]);
    let ran: Ran = command.env("KUBECONFIG", &stranger).output().unwrap().into();
    let ran = ran.expect(2);
    assert!(ran.stderr.contains("forbidden") && ran.stderr.contains("-n"), "{}", ran.stderr);
}

#[test]
fn the_context_says_which_cluster_and_namespace() {
    let Some(place) = Place::with_web("cli-context", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let kubeconfig = place.estate.folder().join("two.kubeconfig");
    let text = std::fs::read_to_string(place.plane.kubeconfig()).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
    let context = serde_json::json!({
        "name": "here",
        "context": {"cluster": "test", "user": "test", "namespace": place.namespace},
    });
    config["contexts"].as_array_mut().unwrap().push(context);
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let folder = place.estate.folder();
    let at = |args: &[&str]| -> Ran { tagalong(folder, args).output().unwrap().into() };
    let json = at(&["plan", "--kubeconfig=two.kubeconfig", "--context=here", "-o=json"]).expect(0).json();
    assert_eq!(json["repositories"].as_array().unwrap().len(), 1, "{json}");
    let wrong = at(&["plan", "--kubeconfig=two.kubeconfig", "--context=there"]).expect(2);
    assert!(wrong.stderr.contains("there"), "{}", wrong.stderr);
    let empty = at(&["plan", "--kubeconfig=two.kubeconfig", "-n", "nobody-is-here"]).expect(0);
    assert!(empty.stderr.contains("in namespace nobody-is-here"), "{}", empty.stderr);
}
