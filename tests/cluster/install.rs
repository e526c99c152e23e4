//! What stands below deploy: it can be applied, it is hardened, and its rights are enough.

use super::place::{Place, deploy, installed};
use crate::running::{Running, signal};
use crate::support::tagalong;
use std::process::Command;
use tagalong_testkit::control_plane::ControlPlane;
use tagalong_testkit::need;
use tagalong_testkit::parts::{self, Part};

const OVERLAYS: [&str; 6] =
    ["all", "cluster-admin", "cluster-wide-secrets", "image-only", "one-namespace", "sharded"];

/// What the real kustomize makes of an overlay.
fn rendered(overlay: &str) -> String {
    let mut kustomize = Command::new(parts::find(Part::Kustomize).unwrap());
    let output = kustomize.arg("build").arg(deploy("overlays").join(overlay)).output().unwrap();
    assert!(output.status.success(), "{overlay}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_overlay_renders_and_an_api_server_takes_it_without_a_warning() {
    need!(Part::Kustomize);
    let Some(plane) = ControlPlane::shared() else { return };
    installed(plane);
    let mut found: Vec<String> = std::fs::read_dir(deploy("overlays"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, OVERLAYS);
    for overlay in OVERLAYS {
        let taken = plane.kubectl(&["apply", "--dry-run=server", "-f", "-"], &rendered(overlay)).unwrap();
        assert!(taken.success && taken.stderr.is_empty(), "{overlay}: {}", taken.stderr);
    }
}

#[test]
fn install_yaml_is_the_overlay_all() {
    need!(Part::Kustomize);
    let file = std::fs::read_to_string(deploy("install.yaml")).unwrap();
    let objects: String =
        file.lines().skip_while(|line| line.starts_with('#')).fold(String::new(), |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        });
    assert!(objects == rendered("all"), "deploy/install.yaml is out of date; run `cargo xtask gen`");
}

#[test]
fn the_deployment_is_hardened_and_its_command_line_serves() {
    let Some(plane) = ControlPlane::shared() else { return };
    let rights = installed(plane);
    let told = |path: &str| {
        let path = format!("-o=jsonpath={{{path}}}");
        let args = ["get", "deployment/tagalong", "-n", "flux-system", &path];
        plane.kubectl(&args, "").unwrap().stdout
    };
    let container = |path: &str| told(&format!(".spec.template.spec.containers[0]{path}"));
    assert_eq!(container(".name"), "manager");
    assert_eq!(container(".securityContext.readOnlyRootFilesystem"), "true");
    assert_eq!(container(".securityContext.capabilities.drop"), "[\"ALL\"]");
    assert_eq!(told(".spec.template.spec.securityContext.runAsNonRoot"), "true");
    assert_eq!(told(".spec.template.spec.securityContext.seccompProfile.type"), "RuntimeDefault");
    assert_eq!(told(".spec.template.spec.serviceAccountName"), "tagalong");
    assert_eq!(told(".metadata.labels['app\\.kubernetes\\.io/part-of']"), "flux");
    assert_eq!(container(".ports[*].containerPort"), "8080 9440 9090");

    let args = container(".args").replace("$(RUNTIME_NAMESPACE)", "flux-system");
    let args: Vec<String> = serde_json::from_str(&args).unwrap();
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    args.extend(["--watch-all-namespaces=false", "--storage-path=state", "--storage-addr=127.0.0.1:0"]);
    args.extend(["--metrics-addr=0", "--health-addr=127.0.0.1:0"]);
    let folder = tempfile::tempdir().unwrap();
    let mut command = tagalong(folder.path(), &args);
    command.env("KUBECONFIG", rights).env("RUNTIME_NAMESPACE", "flux-system").env("POD_NAME", "tagalong-0");
    let mut controller = Running::start(command);
    let address = super::observe::address(&mut controller, "--health-addr");
    controller.until("turning 0 ImageRepositories");
    for probe in [".livenessProbe", ".readinessProbe"] {
        let path = container(&format!("{probe}.httpGet.path"));
        let answer = super::observe::get(&address, &path);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    signal("TERM", controller.id());
    controller.end().expect(0);
    let holders = ["get", "leases", "-n", "flux-system", "-o=jsonpath={.items[*].spec.holderIdentity}"];
    assert_eq!(plane.kubectl(&holders, "").unwrap().stdout.trim(), "", "the Leases are given back");
}

#[test]
fn the_rights_of_one_namespace_are_enough_for_it_and_for_no_other() {
    need!(Part::Kustomize);
    let Some(place) = Place::with_web("single", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let here = format!("namespace: {}\n", place.namespace);
    let all = rendered("one-namespace").replace("namespace: flux-system\n", &here);
    let all: Vec<&str> =
        all.split("---\n").filter(|object| !object.contains("\nkind: Deployment\n")).collect();
    place.kubectl(&["apply", "-f", "-"], &all.join("---\n"));
    let secret =
        ["create", "secret", "generic", "git", "--from-literal=username=u", "--from-literal=password=p"];
    place.own(&secret, "");
    let patch = r#"{"spec":{"secretRef":{"name":"git"}}}"#;
    place.own(&["patch", "gitrepository/fleet", "--type=merge", "-p", patch], "");
    let rights = place.plane.service_account(&place.namespace, "tagalong").unwrap();
    let mut command = place.command(&["--enable-leader-election", "--controllers=image"]);
    command.env("KUBECONFIG", &rights);
    let mut controller = Running::start(command);
    controller.until("pushed commit");
    for (verb, kind) in [("list", "imagerepositories"), ("get", "secrets"), ("create", "events")] {
        let asked = ["auth", "can-i", verb, kind, "-n", "default"];
        let answer = place.plane.kubectl_as(&rights, &asked, "").unwrap();
        assert_eq!(answer.stdout.trim(), "no", "{verb} {kind}");
    }
}

#[test]
fn each_shard_has_rights_to_its_own_leases() {
    let Some(place) = Place::new("shards") else { return };
    place.open_leases("sharded");
    for selector in ["!sharding.fluxcd.io/key", "sharding.fluxcd.io/key=shard1"] {
        let selector = format!("--watch-label-selector={selector}");
        let mut controller =
            place.controller(&["--enable-leader-election", "--controllers=image", &selector]);
        controller.until("holding the leases");
    }
}
