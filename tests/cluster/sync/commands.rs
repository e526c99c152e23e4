//! `diff` and `tree`: what the sync would do and what it has done, seen from beside.

use super::super::place::Place;
use super::place::{APPS, config, deployment};
use crate::support::{Ran, tagalong};
use base64::Engine as _;
use tagalong_testkit::git_repo::Change;

impl Place {
    /// Runs a command with an administrator's kubeconfig on this place's namespace.
    pub(super) fn asked(&self, args: &[&str]) -> Ran {
        let mut command = tagalong(self.estate.folder(), args);
        command.args(["-n", &self.namespace]).env("KUBECONFIG", self.plane.kubeconfig());
        command.output().unwrap().into()
    }
}

#[test]
fn diff_shows_what_the_next_turn_would_do_and_tree_what_it_has_done() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: word}\nstringData: {a: hush-1, b: same-all-along}\n";
    let files = [
        ("apps/c.yaml", &*config("web", "1")),
        ("apps/old.yaml", &config("old", "1")),
        ("apps/s.yaml", secret),
    ];
    let Some(place) = Place::synced("diff", &files) else { return };
    place.apply(&place.kustomization("apps", ""));
    let controller = place.syncing();
    place.until_ready(APPS);
    let namespace = &place.namespace;
    let same = place.asked(&["diff", "apps", "--exit-code"]).expect(0);
    assert_eq!(same.stdout, "");
    drop(controller);

    let tree = place.asked(&["tree", "apps"]).expect(0).stdout;
    let expected = format!(
        "Kustomization/{namespace}/apps\n├── ConfigMap/{namespace}/old\n├── Secret/{namespace}/word\n└── ConfigMap/{namespace}/web\n"
    );
    let sorted = |text: &str| {
        let mut lines: Vec<String> =
            text.lines().map(|line| line.replace(['├', '└', '─', ' '], "")).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&tree), sorted(&expected));
    assert!(tree.starts_with(&format!("Kustomization/{namespace}/apps\n├── ")), "{tree}");
    assert_eq!(place.asked(&["tree", "none"]).expect(2).stdout, "");
    let json = place.asked(&["tree", "-o", "json"]).expect(0).json();
    assert_eq!(json["kustomizations"][0]["objects"].as_array().unwrap().len(), 3);

    place.estate.repo.commit("main", "Less", &[Change::Delete("apps/old.yaml")]).unwrap();
    let other = secret.replace("hush-1", "hush-22");
    place.estate.commit(&[
        ("apps/c.yaml", &config("web", "2")),
        ("apps/n.yaml", &config("new", "1")),
        ("apps/s.yaml", &other),
    ]);
    let ran = place.asked(&["diff", "apps", "--exit-code"]).expect(1);
    for part in [
        format!("--- a/ConfigMap/{namespace}/web\n+++ b/ConfigMap/{namespace}/web\n"),
        "-  value: \"1\"\n+  value: \"2\"\n".to_owned(),
        format!("--- /dev/null\n+++ b/ConfigMap/{namespace}/new\n"),
        format!("--- a/ConfigMap/{namespace}/old\n+++ /dev/null\n"),
        format!("--- a/Secret/{namespace}/word\n"),
    ] {
        assert!(ran.stdout.contains(&part), "{part} is not in\n{}", ran.stdout);
    }
    for word in ["hush-1", "hush-22", "same-all-along"] {
        let coded = base64::engine::general_purpose::STANDARD.encode(word);
        assert!(!ran.stdout.contains(word) && !ran.stdout.contains(&coded), "{}", ran.stdout);
    }
    place.asked(&["diff"]).expect(0);
    // Nothing was written.
    assert_eq!(place.get("configmap/web", ".data.value"), "1");
    let json = place.asked(&["diff", "-o", "json"]).expect(0).json();
    let changes: Vec<&str> =
        json["changes"].as_array().unwrap().iter().map(|one| one["change"].as_str().unwrap()).collect();
    assert_eq!(changes.iter().filter(|change| **change == "deleted").count(), 1);
    assert_eq!(changes.len(), 4);
    assert_eq!(place.asked(&["diff", "none"]).expect(2).stdout, "");

    // The same from a folder of objects, against the cluster.
    place.estate.object(
        "fleet.yaml",
        &place.fleet().replace("{name: fleet}", &format!("{{name: fleet, namespace: {namespace}}}")),
    );
    let apps = place
        .kustomization("apps", "")
        .replace("{name: apps}", &format!("{{name: apps, namespace: {namespace}}}"));
    place.estate.object("apps.yaml", &apps);
    let from_files = place.asked(&["diff", "objects", "apps", "--exit-code"]).expect(1);
    assert_eq!(from_files.stdout, ran.stdout);
}

impl Place {
    /// A ReplicaSet of a Deployment, and a Pod of that which cannot pull its image: nothing runs here.
    fn fail_below(&self, deployment: &str, manifest: &str) {
        let owner = |kind: &str, name: &str| {
            let uid = self.get(&format!("{kind}/{name}"), ".metadata.uid");
            format!("{{apiVersion: apps/v1, kind: {kind}, name: {name}, uid: {uid}, controller: true}}")
        };
        let set = manifest.replace("kind: Deployment", "kind: ReplicaSet").replacen(
            &format!("metadata: {{name: {deployment}}}"),
            &format!(
                "metadata: {{name: web-6d5f, labels: {{app: {deployment}}}, ownerReferences: [{}]}}",
                owner("Deployment", deployment)
            ),
            1,
        );
        self.apply(&set.replace("IMAGE", "acme/web"));
        // Pods are made with it; its own controller does not run here as a rule.
        self.apply("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\n");
        self.apply(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web-6d5f-x7k2p, labels: {{app: {deployment}}}, ownerReferences: [{}]}}\n\
             spec: {{containers: [{{name: app, image: \"acme/web:1\"}}]}}\n",
            owner("ReplicaSet", "web-6d5f")
        ));
        let status = r#"{"status":{"phase":"Pending","containerStatuses":[{"name":"app","image":"","imageID":"","ready":false,
            "restartCount":0,"state":{"waiting":{"reason":"ImagePullBackOff","message":"it is not there"}}}]}}"#;
        self.own(&["patch", "pod/web-6d5f-x7k2p", "--subresource=status", "--type=merge", "-p", status], "");
    }
}

#[test]
fn explain_says_which_object_is_not_healthy_and_why() {
    let web = deployment("web", "IMAGE:1.0.0").replace("replicas: 0", "replicas: 1");
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/d.yaml", &web)];
    let Some(place) = Place::synced("explained", &files) else { return };
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let _controller = place.syncing();
    let reconciling = ".status.conditions[?(@.type==\"Reconciling\")].message";
    place.until_says(APPS, reconciling, "Running health checks");
    let why = r#"{"status":{"observedGeneration":1,"replicas":1,"conditions":[
        {"type":"Available","status":"False","reason":"MinimumReplicasUnavailable","message":"the node is full"}]}}"#;
    place.own(&["patch", "deployment/web", "--subresource=status", "--type=merge", "-p", why], "");
    let namespace = &place.namespace;
    place.fail_below("web", &web);
    for target in ["ks/apps", &format!("Kustomization/{namespace}/apps"), "Deployment/web"] {
        let told = place.asked(&["explain", target]).expect(1).stdout;
        for line in [
            format!("  owns     ReplicaSet/{namespace}/web-6d5f\n           0 of 1 ready\n"),
            format!(
                "  owns     Pod/{namespace}/web-6d5f-x7k2p\n           container app waits: ImagePullBackOff: it is not there\n"
            ),
            format!("Kustomization/{namespace}/apps\n"),
            "  status   Progressing: Running health checks for revision main@sha1:".to_owned(),
            format!("  object   Deployment/{namespace}/web InProgress: "),
            "           Available=False MinimumReplicasUnavailable: the node is full\n".to_owned(),
        ] {
            assert!(told.contains(&line), "{target}: {line} is not in\n{told}");
        }
        assert!(!told.contains("ConfigMap"), "{told}");
    }
    // What is healthy is, whoever else is not.
    let told = place.asked(&["explain", "ConfigMap/web", "-o=json"]).expect(0).json();
    let object = &told["kustomizations"][0]["objects"][0];
    assert_eq!(
        (object["object"].as_str(), object["state"].as_str()),
        (Some(&*format!("ConfigMap/{namespace}/web")), Some("Current"))
    );
    let nobody = place.asked(&["explain", "ks/nobody"]).expect(2);
    assert!(nobody.stderr.contains("there is no Kustomization/nobody"), "{}", nobody.stderr);
    let nobodys = place.asked(&["explain", "Deployment/nobody"]).expect(2);
    assert!(nobodys.stderr.contains("has applied Deployment/nobody"), "{}", nobodys.stderr);
    let folder = place.asked(&["explain", ".", "ks/apps"]).expect(2);
    assert!(folder.stderr.contains("leave DIR out"), "{}", folder.stderr);
}
