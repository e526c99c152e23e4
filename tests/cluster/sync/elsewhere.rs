//! Another cluster: a second API server, named by the kubeconfig in a Secret.

use super::super::observe::get;
use super::super::place::Place;
use super::place::{APPS, READY, config};
use std::collections::BTreeSet;
use tagalong_testkit::control_plane::ControlPlane;

/// Has the Secret `cluster` hold this kubeconfig.
fn keep(place: &Place, kubeconfig: &str) {
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cluster"}, "stringData": {"value": kubeconfig},
    });
    place.apply(&secret.to_string());
}

/// The hosts of API servers that a controller counts requests to.
fn hosts(metrics: &str) -> BTreeSet<String> {
    let scrape = get(metrics, "/metrics");
    let lines = scrape.lines().filter(|line| line.starts_with("rest_client_requests_total{"));
    lines.filter_map(|line| Some(line.split("host=\"").nth(1)?.split('"').next()?.to_owned())).collect()
}

#[test]
fn another_cluster_is_applied_to_and_one_that_does_not_answer_holds_up_nobody() {
    let Some(place) = Place::synced("elsewhere", &[("apps/c.yaml", &config("web", "1"))]) else { return };
    place.open_secrets();
    let other = ControlPlane::start().unwrap();
    let namespace = &place.namespace;
    let done = |args: &[&str]| {
        let printed = other.kubectl(args, "").unwrap();
        assert!(printed.success, "{args:?}: {}", printed.stderr);
        printed.stdout
    };
    done(&["create", "namespace", namespace]);
    let visitor = other.service_account(namespace, "visitor").unwrap();
    let account = format!("--serviceaccount={namespace}:visitor");
    done(&["-n", namespace, "create", "rolebinding", "visitor", "--clusterrole=cluster-admin", &account]);
    keep(&place, &std::fs::read_to_string(visitor).unwrap());
    let remote = "  kubeConfig: {secretRef: {name: cluster}}\n";
    let own = |yaml: String| yaml.replace("  serviceAccountName: deployer\n", "");
    place.apply(&own(place.kustomization("apps", remote)));
    let (_controller, metrics) = place.counted();
    place.until_ready(APPS);
    let map = ["-n", namespace, "get", "configmap", "web", "--ignore-not-found", "-o=name"];
    assert_eq!(done(&map), "configmap/web\n");
    assert_eq!(place.own(&map[2..], ""), "", "nothing is applied here");
    // What looks at it looks there.
    place.asked(&["diff", "apps", "--exit-code"]).expect(0);
    done(&["-n", namespace, "patch", "configmap/web", "--type=merge", "-p", r#"{"data":{"value":"2"}}"#]);
    let diff = place.asked(&["diff", "apps", "--exit-code"]).expect(1).stdout;
    assert!(diff.contains("-  value: \"2\"\n+  value: \"1\"\n"), "{diff}");
    let told = place.asked(&["explain", "ConfigMap/web"]).expect(0).stdout;
    assert!(told.contains(&format!("ConfigMap/{namespace}/web Current")), "{told}");
    place.delete(APPS);
    assert_eq!(done(&map), "", "pruned there");

    // A kubeconfig that would run a program, and one whose server is not there.
    let odd = r#"{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
        "clusters":[{"name":"c","cluster":{"server":"SERVER"}}],"users":[{"name":"u","user":USER}]}"#;
    let run =
        r#"{"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"touch","args":["here"]}}"#;
    keep(&place, &odd.replace("SERVER", "https://127.0.0.1:1").replace("USER", run));
    place.apply(&own(place.kustomization("apps", remote)));
    let says = place.until_ready_says(APPS, "exec");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "ReconciliationFailed", "{says}");
    keep(&place, &odd.replace("SERVER", "https://127.0.0.1:1").replace("USER", r#"{"token":"hush"}"#));
    place.request(APPS, "1");
    let says = place.until_ready_says(APPS, "does not answer");
    assert!(!says.contains("hush"), "{says}");
    let diff = place.asked(&["diff", "apps"]).expect(1).stderr;
    let named = format!("KubeConfig Secret '{namespace}/cluster' names a cluster that does not answer");
    assert!(diff.contains(&named) && !diff.contains("hush"), "{diff}");
    place.apply(&place.kustomization("here", ""));
    place.until_ready("kustomization/here");
    let hosts = hosts(&metrics);
    assert!(hosts.len() == 2 && hosts.contains("other"), "this cluster, and all others as one: {hosts:?}");
}
