//! A namespace of a real API server, a cluster handle whose requests are counted, and shorthands.

use std::time::Duration;

use kube::{Client, Config};
use serde_json::{Value, json};
use tagalong_apply::{Cluster, Options, Outcome, Owner, impersonate};
use tagalong_testkit::control_plane::ControlPlane;

use crate::counter::Counter;

pub(crate) const OPTIONS: Options = Options { force: false, patience: Duration::from_secs(20), slot: None };
pub(crate) const FORCE: Options = Options { force: true, patience: Duration::from_secs(20), slot: None };

pub(crate) struct Place {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) namespace: String,
    pub(crate) counter: Counter,
    pub(crate) cluster: Cluster,
    pub(crate) owner: Owner,
    config: Config,
}

impl Place {
    /// `None` where a part is missing, which was said.
    pub(crate) async fn new(prefix: &str) -> Option<Self> {
        let (plane, namespace) = tokio::task::spawn_blocking({
            let prefix = prefix.to_owned();
            move || ControlPlane::shared().map(|plane| (plane, plane.namespace(&prefix).unwrap()))
        })
        .await
        .unwrap()?;
        let mut config = plane.config();
        // What the client would try again by itself is counted once.
        config.default_retry = false;
        let (counter, address) = Counter::start(Client::try_from(config).unwrap()).await;
        let config = Config::new(format!("http://{address}").parse().unwrap());
        let owner = Owner { name: namespace.clone(), namespace: "flux-system".to_owned() };
        let cluster = Cluster::new(config.clone()).unwrap();
        Some(Self { plane, namespace, counter, cluster, owner, config })
    }

    /// The same cluster as a ServiceAccount of the namespace.
    pub(crate) fn as_account(&self, name: &str) -> Cluster {
        Cluster::new(impersonate(self.config.clone(), &self.namespace, name)).unwrap()
    }

    /// The way to the cluster, through the counter.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    pub(crate) async fn apply(&self, objects: &[Value]) -> Outcome {
        self.cluster.apply(&self.owner, objects.to_vec(), &OPTIONS).await
    }

    /// Applies, expects no failure, and shows each change.
    #[track_caller]
    pub(crate) fn applied(&self, objects: &[Value]) -> impl Future<Output = Vec<String>> {
        let at = std::panic::Location::caller();
        async move {
            let outcome = self.apply(objects).await;
            assert!(outcome.failures.is_empty(), "{at}: {:?}", outcome.failures);
            shown(&outcome)
        }
    }

    pub(crate) fn config_map(&self, name: &str, data: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace}, "data": data})
    }

    pub(crate) fn deployment(&self, name: &str, image: &str) -> Value {
        deployment(&self.namespace, name, image)
    }

    /// Runs kubectl in the namespace and expects that it goes well.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let own: Vec<&str> = ["-n", &self.namespace].iter().chain(arguments).copied().collect();
        let printed = self.plane.kubectl(&own, input).unwrap();
        assert!(printed.success, "kubectl {arguments:?}: {}", printed.stderr);
        printed.stdout
    }

    #[track_caller]
    pub(crate) fn get(&self, kind: &str, name: &str) -> Value {
        let text = self
            .kubectl(&["get", kind, name, "-o", "json", "--show-managed-fields", "--ignore-not-found"], "");
        if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }
}

pub(crate) fn shown(outcome: &Outcome) -> Vec<String> {
    outcome.changes.iter().map(ToString::to_string).collect()
}

pub(crate) fn failures(outcome: &Outcome) -> Vec<String> {
    outcome.failures.iter().map(ToString::to_string).collect()
}

/// A Deployment of one container.
pub(crate) fn deployment(namespace: &str, name: &str, image: &str) -> Value {
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [
                {"name": "app", "image": image, "ports": [{"containerPort": 80}]}]}}}})
}

/// The status of a Deployment that its controller and a kubelet have brought up, as a merge patch.
pub(crate) fn finished(generation: i64) -> String {
    json!({"status": {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
        "availableReplicas": 1, "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            {"type": "Available", "status": "True"}]}})
    .to_string()
}

/// The status of one that did not come up in time.
pub(crate) fn overdue(generation: i64) -> String {
    json!({"status": {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "conditions": [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}})
    .to_string()
}
