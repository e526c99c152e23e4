//! As a ServiceAccount, and a kubeconfig from a Secret.

use std::time::Duration;

use serde_json::{Value, json};
use tagalong_apply::{ApplyError, Cluster, Entry, Owner, Trust, remote};

use crate::place::{OPTIONS, Place, failures, shown};

/// Lets an account do `verbs` to ConfigMaps of its namespace.
fn grant(place: &Place, account: &str, verbs: &[&str]) {
    let namespace = &place.namespace;
    let meta = json!({"name": account, "namespace": namespace});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta,
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]},
    ]});
    place.kubectl(&["apply", "-f", "-"], &list.to_string());
}

#[tokio::test]
async fn an_account_does_what_it_may_and_is_told_what_it_may_not() {
    let Some(place) = Place::new("rbac").await else { return };
    let namespace = &place.namespace;
    grant(&place, "deployer", &["get", "create", "patch", "delete"]);
    let cluster = place.as_account("deployer");
    let map = place.config_map("settings", &json!({"a": "1"}));
    let outcome = cluster.apply(&place.owner, vec![map.clone()], &OPTIONS).await;
    assert_eq!(shown(&outcome), [format!("ConfigMap/{namespace}/settings created")], "{outcome:?}");

    let outcome = cluster.apply(&place.owner, vec![place.deployment("web", "a:1")], &OPTIONS).await;
    let said = failures(&outcome);
    assert!(
        said[0].starts_with(&format!("Deployment/{namespace}/web query failed (Forbidden): ")),
        "{said:?}"
    );
    assert!(said[0].contains(&format!("system:serviceaccount:{namespace}:deployer")), "{said:?}");

    // It may read but neither list nor watch: it is asked again and again instead.
    let entries = [Entry::of(&map).unwrap()];
    cluster.wait(&entries, OPTIONS.patience, true).await.unwrap();
    let pruned = cluster.prune(&place.owner, &entries).await;
    assert_eq!(shown(&pruned), [format!("ConfigMap/{namespace}/settings deleted")], "{pruned:?}");
    cluster.wait_gone(&entries, OPTIONS.patience).await.unwrap();
}

#[tokio::test]
async fn a_kubeconfig_from_a_secret_leads_to_its_cluster() {
    let Some(place) = Place::new("remote").await else { return };
    grant(&place, "visitor", &["get", "create", "patch"]);
    let (plane, namespace) = (place.plane, place.namespace.clone());
    let path = tokio::task::spawn_blocking(move || plane.service_account(&namespace, "visitor").unwrap());
    let text = std::fs::read_to_string(path.await.unwrap()).unwrap();
    let config = remote(&text, Trust::default()).await.unwrap();
    let cluster = Cluster::new(config).unwrap();
    let outcome = cluster.apply(&place.owner, vec![place.config_map("far", &json!({}))], &OPTIONS).await;
    assert_eq!(shown(&outcome), [format!("ConfigMap/{}/far created", place.namespace)], "{outcome:?}");
}

fn kubeconfig(cluster: &Value, user: &Value) -> String {
    json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}]})
    .to_string()
}

#[tokio::test]
async fn what_would_leave_the_kubeconfig_is_refused_by_name() {
    let server = json!({"server": "https://127.0.0.1:1"});
    let users = [
        ("exec", json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/true"}})),
        ("auth-provider", json!({"auth-provider": {"name": "gcp", "config": {}}})),
        ("tokenFile", json!({"tokenFile": "/var/run/secrets/token"})),
        ("client-certificate", json!({"client-certificate": "/etc/hostname"})),
        ("client-key", json!({"client-key": "/etc/hostname"})),
    ];
    for (field, user) in users {
        let said = remote(&kubeconfig(&server, &user), Trust::default()).await.unwrap_err().to_string();
        assert!(said.contains(&format!("refused for {field}:")), "{field}: {said}");
    }
    let with = |field: &str, value: Value| json!({"server": "https://127.0.0.1:1", field: value});
    let trusted = Trust { insecure_tls: true, proxy: true };
    let clusters = [
        ("certificate-authority", with("certificate-authority", json!("/etc/hostname")), false),
        ("proxy-url", with("proxy-url", json!("http://127.0.0.1:2")), true),
        ("insecure-skip-tls-verify", with("insecure-skip-tls-verify", json!(true)), true),
    ];
    let user = json!({"token": "hunter2"});
    for (field, cluster, flag) in clusters {
        let said = remote(&kubeconfig(&cluster, &user), Trust::default()).await.unwrap_err().to_string();
        assert!(
            said.contains(&format!("refused for {field}:")) && !said.contains("hunter2"),
            "{field}: {said}"
        );
        assert_eq!(remote(&kubeconfig(&cluster, &user), trusted).await.is_ok(), flag, "{field}");
    }
    for text in ["users: [{name: hunter2", "hunter2", ""] {
        let said = remote(text, Trust::default()).await.unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_said() {
    let cluster = Cluster::new(kube::Config::new("http://127.0.0.1:1".parse().unwrap())).unwrap();
    let owner = Owner { name: "apps".to_owned(), namespace: "flux-system".to_owned() };
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}});
    let entries = [Entry::of(&object).unwrap()];
    // Spawned, as a controller does: what a call holds may go from thread to thread.
    let calls = tokio::spawn(async move {
        let outcome = cluster.apply(&owner, vec![object], &OPTIONS).await;
        let pruned = cluster.prune(&owner, &entries).await;
        let waited = cluster.wait(&entries, Duration::from_millis(1), true).await;
        let gone = cluster.wait_gone(&entries, Duration::from_millis(1)).await;
        (outcome, pruned, waited.unwrap_err(), gone.unwrap_err())
    });
    let (outcome, pruned, waited, gone) = calls.await.unwrap();
    let said = failures(&outcome);
    let words = "ConfigMap/b/a discovery failed: the API server does not answer: ";
    assert!(said[0].starts_with(words), "{said:?}");
    assert!(matches!(outcome.failures[0], ApplyError::Unreachable(_)));
    assert!(matches!(pruned.failures[0], ApplyError::Unreachable(_)), "{pruned:?}");
    assert!(waited.timed_out && gone.timed_out);
}
