//! Drift that is seen at once, where a Kustomization asks for it, and by nobody else.

use super::super::observe::{address, get};
use super::super::place::Place;
use super::place::{APPS, config, deployment};
use crate::running::Running;
use std::time::{Duration, Instant};

const WATCH: &str = "  driftDetection: {mode: Watch}\n";

impl Place {
    /// A controller that serves every kind, and where its figures are.
    pub(super) fn counted(&self) -> (Running, String) {
        let args = ["--controllers=image,source,kustomize", "--metrics-addr=127.0.0.1:0"];
        let mut controller = self.controller(&args);
        let address = address(&mut controller, "--metrics-addr");
        (controller, address)
    }

    /// Waits until one object and no other was set right, of which its fields and managers read so.
    #[track_caller]
    fn until_corrected(&self, expected: &str) {
        let path = ".status.drift.corrected[*]['fields','managers']";
        let begin = Instant::now();
        while self.get(APPS, path) != expected {
            let says = || self.get(APPS, ".status.drift");
            assert!(begin.elapsed() < Duration::from_secs(60), "{expected}: {}", says());
        }
    }
}

/// The watches that a controller counts.
fn watches(metrics: &str) -> String {
    let scrape = get(metrics, "/metrics");
    let line = scrape.lines().find_map(|line| line.strip_prefix("tagalong_drift_watches "));
    line.unwrap_or_default().to_owned()
}

#[test]
fn whoever_changes_an_object_it_is_set_right_at_once() {
    let Some(place) = Place::synced("watched", &[("apps/config.yaml", &config("web", "1"))]) else { return };
    place.apply(&place.kustomization("apps", WATCH));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let patch = ["patch", "configmap/web", "--type=merge", "-p", r#"{"data":{"value":"by hand"}}"#];
    let apply = ["apply", "-f", "-"];
    let helm = ["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-"];
    let label = ["label", "configmap/web", "kustomize.toolkit.fluxcd.io/name-"];
    for (command, manager) in [
        ([&patch[..], &["--field-manager=kubectl-edit"]].concat(), r#"["data.value"] ["kubectl-edit"]"#),
        (apply.to_vec(), r#"["data.value","metadata.annotations"] ["kubectl-client-side-apply"]"#),
        (helm.to_vec(), r#"["data.value"] ["helm"]"#),
        (label.to_vec(), r#"["metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]"]"#),
    ] {
        place.own(&command, &config("web", "by apply"));
        place.until_corrected(manager);
        assert_eq!(place.get("configmap/web", ".data.value"), "1", "{command:?}");
    }
    place.own(&["delete", "configmap", "web"], "");
    place.until(APPS, ".status.drift.corrected[0].deleted", "true");
    assert_eq!(place.get("configmap/web", ".data.value"), "1");
    let reasons = place.own(&["get", "events", "-o=jsonpath={.items[*].reason}"], "");
    assert!(reasons.contains("DriftCorrected"), "{reasons}");
}

#[test]
fn a_secret_is_watched_and_no_value_of_it_is_told() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: word}\nstringData: {word: hush-hush}\n";
    let Some(place) = Place::synced("watched-secret", &[("apps/s.yaml", secret)]) else { return };
    place.apply(&place.kustomization("apps", WATCH));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    let edit = ["patch", "secret/word", "--type=merge", "-p", r#"{"data":{"word":"bG91ZA=="}}"#];
    place.own(&edit, "");
    place.until_corrected(r#"["data.word"] ["kubectl-patch"]"#);
    let story = controller.until("DriftCorrected");
    let events = place.own(&["get", "events", "-o=yaml"], "");
    for told in [story, events, place.get(APPS, ".status")] {
        for value in ["bG91ZA", "loud", "hush", "aHVzaC1odXNo"] {
            assert!(!told.contains(value), "{told}");
        }
    }
}

#[test]
fn what_others_do_with_fields_of_their_own_wakes_nobody() {
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/d.yaml", &deployment("web", "IMAGE:1.0.0"))];
    let Some(place) = Place::synced("watched-others", &files) else { return };
    place.apply(&place.kustomization("apps", WATCH));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let turns = ".status.history[0].totalReconciliations";
    let manager = "--field-manager=horizontal-scaler";
    let merge = ["patch", "deployment/web", "--type=merge", manager, "-p"];
    place.own(&[&merge[..], &[r#"{"spec":{"minReadySeconds":7}}"#]].concat(), "");
    let status = ["patch", "deployment/web", "--subresource=status", "--type=merge", "-p"];
    place.own(&[&status[..], &[r#"{"status":{"observedGeneration":2}}"#]].concat(), "");
    // What comes later in the same watch was seen: the first two were as well.
    place.own(&["patch", "deployment/web", "--type=merge", "-p", r#"{"spec":{"replicas":3}}"#], "");
    place.until("deployment/web", ".spec.replicas", "0");
    place.until(APPS, turns, "2");
    assert_eq!(place.get("deployment/web", ".spec.minReadySeconds"), "7");
    // Nor does what it writes itself.
    let revision = place.push(&[("apps/c.yaml", &config("web", "2"))], "1");
    place.until_applied(APPS, &revision);
    place.reconciled(APPS, "1");
    assert_eq!(place.get(APPS, turns), "2");
}

#[test]
fn a_field_that_is_left_alone_wakes_nobody() {
    let files = [("apps/d.yaml", deployment("web", "IMAGE:1.0.0"))];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let Some(place) = Place::synced("watched-ignored", &files) else { return };
    let ignore = "  ignore: [{paths: [/spec/replicas]}]\n";
    place.apply(&place.kustomization("apps", &format!("{WATCH}{ignore}")));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let patch = r#"{"spec":{"replicas":3}}"#;
    place.own(&["patch", "deployment/web", "--type=merge", "--field-manager=scaler", "-p", patch], "");
    let ours = place.own(&["get", "deployment/web", "-o=json", "--show-managed-fields"], "");
    let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
    let held = &ours["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    assert!(held.get("f:template").is_some() && held.get("f:replicas").is_none(), "it was not taken: {held}");
    // What comes later in the same watch was seen: this was as well.
    place.own(&["set", "image", "deployment/web", "app=acme/other:1"], "");
    place.until_says("deployment/web", ".spec.template.spec.containers[0].image", ":1.0.0");
    place.until(APPS, ".status.history[0].totalReconciliations", "2");
    assert_eq!(place.get("deployment/web", ".spec.replicas"), "3");
}

#[test]
fn nothing_is_watched_unless_it_is_asked_for_and_once_for_all_who_ask() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: word}\nstringData: {a: b}\n";
    let files = [
        ("apps/c.yaml", &*config("web", "1")),
        ("other/c.yaml", &config("other", "1")),
        ("other/s.yaml", secret),
    ];
    let Some(place) = Place::synced("unwatched", &files) else { return };
    place.apply(&place.kustomization("apps", ""));
    let (_controller, metrics) = place.counted();
    place.until_ready(APPS);
    assert_eq!(watches(&metrics), "0");
    place.own(&["patch", "configmap/web", "--type=merge", "-p", r#"{"data":{"value":"2"}}"#], "");
    let other =
        |extra: &str| place.apply(&place.kustomization("other", &format!("  path: ./other\n{extra}")));
    other(WATCH);
    place.until_ready("kustomization/other");
    assert_eq!(watches(&metrics), "2");
    assert_eq!(place.get("configmap/web", ".data.value"), "2", "nobody asked for this one");
    place.apply(&place.kustomization("apps", WATCH));
    place.until(APPS, ".status.observedGeneration", "2");
    assert_eq!(place.get("configmap/web", ".data.value"), "1");
    assert_eq!(watches(&metrics), "2");
    other(&format!("{WATCH}  suspend: true\n"));
    let one_left = |count: &str| (0..1000).any(|_| watches(&metrics) == count);
    assert!(one_left("1"), "{}", watches(&metrics));
    place.delete(APPS);
    assert!(one_left("0"), "{}", watches(&metrics));
}

#[test]
fn what_may_not_be_watched_is_said_and_the_rest_goes_on() {
    let Some(place) = Place::synced("watch-denied", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    place.own(&["create", "serviceaccount", "narrow"], "");
    let verbs = "--verb=get,list,create,patch,delete";
    place.own(&["create", "role", "narrow", verbs, "--resource=configmaps"], "");
    let account = format!("--serviceaccount={}:narrow", place.namespace);
    place.own(&["create", "rolebinding", "narrow", "--role=narrow", &account], "");
    place.apply(&place.kustomization("apps", &format!("  serviceAccountName: narrow\n{WATCH}")));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    let says = place.get(APPS, ".status.drift.unwatched[0]");
    assert!(says.starts_with(&format!("ConfigMap in {}: ", place.namespace)), "{says}");
    assert!(says.contains("cannot watch resource \"configmaps\""), "{says}");
    let story = controller.until("WatchFailed");
    assert!(story.contains("seen at each interval only"), "{story}");
    let verb = r#"[{"op":"add","path":"/rules/0/verbs/-","value":"watch"}]"#;
    place.own(&["patch", "role", "narrow", "--type=json", "-p", verb], "");
    let begin = Instant::now();
    for token in 0.. {
        place.reconciled(APPS, &token.to_string());
        // The authorizer learns of the grant a moment after it was stored.
        if place.get(APPS, ".status.drift").is_empty() {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{}", place.get(APPS, ".status.drift"));
    }
    place.own(&["delete", "configmap", "web"], "");
    place.until(APPS, ".status.drift.corrected[0].deleted", "true");
}

#[test]
fn drift_is_set_right_while_health_is_waited_for() {
    let web = deployment("web", "IMAGE:1.0.0").replace("replicas: 0", "replicas: 1");
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/d.yaml", &web)];
    let Some(place) = Place::synced("watched-waiting", &files) else { return };
    place.apply(&place.kustomization("apps", &format!("  wait: true\n{WATCH}")));
    let _controller = place.syncing();
    let reconciling = ".status.conditions[?(@.type==\"Reconciling\")].message";
    place.until_says(APPS, reconciling, "Running health checks");
    place.own(&["patch", "configmap/web", "--type=merge", "-p", r#"{"data":{"value":"2"}}"#], "");
    place.until("configmap/web", ".data.value", "1");
}

#[test]
fn there_is_a_limit_to_what_is_watched_and_beyond_it_is_said() {
    let Some(place) = Place::synced("watch-limit", &[("readme.md", "")]) else { return };
    let name = |at: usize| format!("{}-{at:03}", place.namespace);
    let object = |at: usize| {
        let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {}}}\n", name(at));
        let map =
            config("web", "1").replace("{name: web}", &format!("{{name: web, namespace: {}}}", name(at)));
        format!("{namespace}---\n{map}")
    };
    let all: Vec<String> = (0..130).map(object).collect();
    place.estate.commit(&[("apps/all.yaml", &all.join("---\n"))]);
    let account = format!("--serviceaccount={}:deployer", place.namespace);
    let binding = ["create", "clusterrolebinding", &place.namespace, "--clusterrole=cluster-admin", &account];
    place.kubectl(&binding, "");
    let object = place.kustomization("apps", &format!("  deletionPolicy: Orphan\n{WATCH}"));
    place.apply(&object.replace(&format!("  targetNamespace: {}\n", place.namespace), ""));
    let (_controller, metrics) = place.counted();
    place.until_ready(APPS);
    // One for all Namespaces, and one for the ConfigMaps of each.
    assert_eq!(watches(&metrics), "128");
    let left = place.get(APPS, ".status.drift.unwatched[*]");
    assert_eq!(left.matches(": 128 watches are the limit").count(), 3, "{left}");
}
