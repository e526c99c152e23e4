//! What goes wrong around a turn: a namespace on its way out, a policy that refuses, an API server that goes away in the
//! middle. And many objects at once.

use super::super::place::Place;
use super::place::{APPS, config};
use crate::running::Running;
use crate::support::{Estate, run, tagalong};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tagalong_testkit::control_plane::ControlPlane;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

impl Place {
    /// Gives `deployer` the whole cluster.
    fn give_all(&self) {
        let account = format!("--serviceaccount={}:deployer", self.namespace);
        let binding =
            ["create", "clusterrolebinding", &self.namespace, "--clusterrole=cluster-admin", &account];
        self.kubectl(&binding, "");
    }
}

#[test]
fn a_namespace_that_is_being_deleted_is_waited_for_and_made_again() {
    let Some(place) = Place::synced("terminating", &[("readme.md", "")]) else { return };
    let shop = format!("{}-shop", place.namespace);
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {shop}}}\n");
    let map = config("web", "1").replace("{name: web}", &format!("{{name: web, namespace: {shop}}}"));
    place.estate.commit(&[("apps/a.yaml", &namespace), ("apps/b.yaml", &map)]);
    place.give_all();
    let object = place.kustomization("apps", "  retryInterval: 1s\n");
    place.apply(&object.replace(&format!("  targetNamespace: {}\n", place.namespace), ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let uid = place.kubectl(&["get", "namespace", &shop, "-o=jsonpath={.metadata.uid}"], "");
    let held = config("held", "1").replace("{name: held}", "{name: held, finalizers: [example.com/held]}");
    place.kubectl(&["apply", "-n", &shop, "-f", "-"], &held);
    place.kubectl(&["delete", "namespace", &shop, "--wait=false"], "");
    place.request(APPS, "1");
    let says = place.until_ready_says(APPS, "is being deleted");
    assert!(says.contains(&format!("Namespace/{shop}")), "{says}");
    // What kube-controller-manager does, which does not run here unless another test has begun it.
    let release = ["patch", "configmap", "held", "-n", &shop, "--type=merge", "-p"];
    place.kubectl(&[&release[..], &[r#"{"metadata":{"finalizers":null}}"#]].concat(), "");
    let mut standing: Value =
        serde_json::from_str(&place.kubectl(&["get", "namespace", &shop, "-o=json"], "")).unwrap();
    standing["spec"] = json!({"finalizers": []});
    let path = format!("/api/v1/namespaces/{shop}/finalize");
    // It may be gone by itself already.
    drop(place.plane.kubectl(&["replace", "--raw", &path, "-f", "-"], &standing.to_string()).unwrap());
    place.until_ready(APPS);
    let again = place.kubectl(&["get", "namespace", &shop, "-o=jsonpath={.metadata.uid}"], "");
    assert_ne!(again, uid);
    place.kubectl(&["get", "configmap", "web", "-n", &shop], "");
}

#[test]
fn one_that_waits_for_an_object_to_go_holds_up_no_other() {
    let files = [("apps/c.yaml", config("web", "1")), ("other/c.yaml", config("other", "1"))];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let Some(place) = Place::synced("waiting", &files) else { return };
    let webhook = place.webhook(10);
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.controller(&["--controllers=image,source,kustomize", "--concurrent=1"]);
    place.until_ready(APPS);
    let hold = |finalizers: &str| {
        let patch = format!(r#"{{"metadata":{{"finalizers":{finalizers}}}}}"#);
        place.own(&["patch", "configmap/web", "--type=merge", "-p", &patch], "");
    };
    hold(r#"["example.com/held"]"#);
    let uid = place.get("configmap/web", ".metadata.uid");
    place.own(&["delete", "configmap/web", "--wait=false"], "");
    let asked = webhook.asked().len();
    place.request(APPS, "1");
    let begin = Instant::now();
    while webhook.asked().len() == asked {
        assert!(begin.elapsed() < Duration::from_secs(60), "its turn does not begin");
        std::thread::yield_now();
    }
    place.apply(&place.kustomization("other", "  path: ./other\n"));
    place.until_ready("kustomization/other");
    assert_eq!(place.get(APPS, ".status.lastHandledReconcileAt"), "", "its turn has ended");
    hold("null");
    place.until(APPS, ".status.lastHandledReconcileAt", "1");
    place.until_ready(APPS);
    assert_ne!(place.get("configmap/web", ".metadata.uid"), uid);
}

#[test]
fn what_an_admission_policy_refuses_is_named_and_nothing_of_its_stage_is_written() {
    let Some(place) = Place::synced("refused", &[("apps/a.yaml", &config("a", "1"))]) else { return };
    let namespace = &place.namespace;
    place.kubectl(
        &["apply", "-f", "-"],
        &format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: {namespace}}}\n\
             spec:\n  failurePolicy: Fail\n  matchConstraints:\n    resourceRules:\n    \
             - {{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}}\n  \
             validations: [{{expression: \"object.data.value != 'loud'\", message: nothing loud is wanted here}}]\n---\n\
             apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
             metadata: {{name: {namespace}}}\nspec:\n  policyName: {namespace}\n  validationActions: [Deny]\n  \
             matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}\n"
        ),
    );
    // The API server learns of its own policies a moment later.
    let begin = Instant::now();
    let loud =
        ["create", "configmap", "try", "--from-literal=value=loud", "--dry-run=server", "-n", namespace];
    while place.plane.kubectl(&loud, "").unwrap().success {
        assert!(begin.elapsed() < Duration::from_secs(30), "the policy does not count");
    }
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.push(&[("apps/a.yaml", &config("a", "2")), ("apps/b.yaml", &config("b", "loud"))], "1");
    let says = place.until_ready_says(APPS, "nothing loud is wanted here");
    assert!(says.contains(&format!("ConfigMap/{namespace}/b")), "{says}");
    assert_eq!(place.get("configmap/a", ".data.value"), "1", "its neighbour was written");
    let revision = place.push(&[("apps/b.yaml", &config("b", "soft"))], "2");
    place.until_applied(APPS, &revision);
    assert_eq!(place.get("configmap/a", ".data.value"), "2");
}

#[test]
fn a_thousand_objects_are_applied_left_alone_and_pruned() {
    let all: Vec<String> = (0..1000).map(|at| config(&format!("map-{at:03}"), "1")).collect();
    let Some(place) = Place::synced("thousand", &[("apps/all.yaml", &all.join("---\n"))]) else { return };
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    let first = format!("main@sha1:{}", place.estate.repo.rev("main").unwrap());
    let applied = |revision: &str| {
        let path = format!("--for=jsonpath={{.status.lastAppliedRevision}}={revision}");
        place.own(&["wait", APPS, &path, "--timeout=180s"], "");
    };
    applied(&first);
    let labelled = ["get", "configmap", "-l", "kustomize.toolkit.fluxcd.io/name=apps"];
    let versions = || {
        let path = "-o=jsonpath={.items[*].metadata.resourceVersion}";
        place.own(&[&labelled[..], &[path]].concat(), "")
    };
    let before = versions();
    assert_eq!(before.split(' ').count(), 1000);
    place.request(APPS, "1");
    place.own(&["wait", APPS, "--for=jsonpath={.status.lastHandledReconcileAt}=1", "--timeout=180s"], "");
    assert_eq!(versions(), before, "objects that did not change were written");
    let less = place.push(&[("apps/all.yaml", &config("map-007", "1"))], "1");
    applied(&less);
    assert_eq!(versions().split(' ').count(), 1);
    let ids = place.get(APPS, ".status.inventory.entries[*].id");
    assert_eq!(ids, format!("{}_map-007__ConfigMap", place.namespace));
}

#[test]
fn an_api_server_that_goes_away_in_the_middle_of_a_turn_is_applied_to_again() {
    need!(Part::Etcd, Part::KubeApiserver, Part::Kubectl);
    let (mut plane, estate) = (ControlPlane::start().unwrap(), Estate::new());
    let all: Vec<String> = (0..200).map(|at| config(&format!("map-{at:03}"), "1")).collect();
    estate.commit(&[("apps/all.yaml", &all.join("---\n"))]);
    let kubectl = |plane: &ControlPlane, args: &[&str], input: &str| {
        let printed = plane.kubectl(args, input).unwrap();
        assert!(printed.success, "kubectl {args:?}: {}", printed.stderr);
        printed.stdout
    };
    let definitions = run(estate.folder(), &["crds"]).expect(0).stdout;
    kubectl(&plane, &["apply", "--server-side", "-f", "-"], &definitions);
    kubectl(&plane, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "");
    let url = estate.git.url("fleet.git");
    let objects = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
         spec: {{url: \"{url}\", interval: 5m, ref: {{branch: main}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps}}\nspec:\n  \
         {{interval: 10m, retryInterval: 1s, prune: true, path: ./apps, targetNamespace: default,\n  \
         sourceRef: {{kind: GitRepository, name: fleet}}}}\n"
    );
    kubectl(&plane, &["apply", "-n", "default", "-f", "-"], &objects);
    let args = [
        "controller",
        "--controllers=source,kustomize",
        "--storage-path=state",
        "--storage-addr=127.0.0.1:0",
        "--metrics-addr=0",
        "--health-addr=0",
    ];
    let mut command = tagalong(estate.folder(), &args);
    command.env("KUBECONFIG", plane.kubeconfig()).env("RUNTIME_NAMESPACE", "default");
    let _controller = Running::start(command);
    let labelled =
        ["get", "configmap", "-n", "default", "-l", "kustomize.toolkit.fluxcd.io/name=apps", "-o=name"];
    let begin = Instant::now();
    while kubectl(&plane, &labelled, "").lines().count() < 20 {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not begin");
    }
    plane.stop_apiserver();
    plane.start_apiserver().unwrap();
    kubectl(&plane, &["wait", "-n", "default", APPS, "--for=condition=Ready", "--timeout=120s"], "");
    assert_eq!(kubectl(&plane, &labelled, "").lines().count(), 200);
}
