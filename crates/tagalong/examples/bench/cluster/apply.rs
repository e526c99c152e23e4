//! A turn of a Kustomization of which nothing changed: every object is read and tried, and none is written.

use super::Cluster;
use super::controller::Controller;
use super::heard::Heard;
use crate::step::{Job, Step};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Instant;
use tagalong_api::Kustomization;
use tagalong_testkit::git_repo::Change;

/// Where another program applies the same objects as its own.
const BESIDE: &str = "beside";

pub(crate) struct Apply {
    controller: Controller,
    turns: Heard<Kustomization>,
    cluster: Cluster,
    round: usize,
}

impl Apply {
    pub(crate) fn open(binary: &str, objects: usize) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        let text = manifests(objects);
        let repo = cluster.estate.repository("fleet.git", 0, |_| String::new())?;
        repo.commit("main", "All objects", &[Change::File("deploy/all.yaml", text.as_bytes())])?;
        cluster.estate.object("all.yaml", &text)?;
        cluster.kubectl(&["create", "namespace", BESIDE], "")?;
        cluster.fleet()?;
        cluster.apply(&Cluster::kustomization("shop", "./deploy").to_string())?;
        let (controller, turns) = (cluster.syncing()?, Heard::of(&cluster));
        cluster.kubectl(&["wait", "kustomization/shop", "--for=condition=Ready", "--timeout=180s"], "")?;
        Ok(Self { controller, turns, cluster, round: 0 })
    }
}

impl Job for Apply {
    fn facts(&self) -> Value {
        let file = self.cluster.estate.objects().join("all.yaml");
        json!({"kubeconfig": self.cluster.plane.kubeconfig(), "file": file, "namespace": BESIDE})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "apply" {
            bail!("apply cannot {word}");
        }
        self.round += 1;
        let token = self.round.to_string();
        let before = self.controller.all_requests()?;
        let begin = Instant::now();
        self.cluster.request::<Kustomization>("shop", &token)?;
        let ended = self.turns.until("the end of the turn", |object| {
            let status = object.status.as_ref();
            status.and_then(|status| status.last_handled_reconcile_at.as_deref()) == Some(&token)
        })?;
        let requests = self.controller.all_requests()? - before;
        Ok(Step { time: ended - begin, work: vec![("API requests", requests)] })
    }
}

/// Two Deployments without replicas, a Service and two ConfigMaps of each five.
fn manifests(objects: usize) -> String {
    let mut text = String::new();
    for number in 0..objects {
        let (name, labels) = (format!("app-{number:04}"), format!("{{app: app-{number:04}}}"));
        let written = match number % 5 {
            0 | 1 => write!(
                text,
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, labels: {labels}}}\nspec:\n  replicas: 0\n  \
                 selector: {{matchLabels: {labels}}}\n  template:\n    metadata: {{labels: {labels}}}\n    spec:\n      \
                 containers:\n      - name: app\n        image: registry.example.com/shop/{name}:1.0.0\n        \
                 ports: [{{name: http, containerPort: 8080}}]\n        env: [{{name: LOG_LEVEL, value: info}}]\n        \
                 resources: {{requests: {{cpu: 50m, memory: 64Mi}}, limits: {{memory: 256Mi}}}}\n        \
                 readinessProbe: {{httpGet: {{path: /healthz, port: http}}}}\n---\n"
            ),
            2 => write!(
                text,
                "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, labels: {labels}}}\nspec:\n  \
                 selector: {labels}\n  ports: [{{name: http, port: 80, targetPort: http}}]\n---\n"
            ),
            _ => write!(
                text,
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {labels}}}\ndata:\n  \
                 settings.yaml: |\n    name: {name}\n    level: info\n    shard: {number}\n---\n"
            ),
        };
        // Writing to a String cannot fail.
        _ = written;
    }
    text
}
