//! From a hand's edit of an applied object until it stands again as the repository says, where that is watched.

use super::Cluster;
use super::controller::Controller;
use super::heard::Heard;
use crate::step::{Job, Step};
use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::time::Instant;
use tagalong_testkit::git_repo::Change;

pub(crate) struct Drift {
    controller: Controller,
    objects: Heard<ConfigMap>,
    cluster: Cluster,
    round: usize,
}

impl Drift {
    /// A Kustomization for each round: one that is edited again and again is set right ever later.
    pub(crate) fn open(binary: &str, rounds: usize) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        let repo = cluster.estate.repository("fleet.git", 0, |_| String::new())?;
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {value: wanted}\n";
        repo.commit("main", "An object", &[Change::File("deploy/map.yaml", text.as_bytes())])?;
        cluster.fleet()?;
        for round in 1..=rounds {
            let mut object = Cluster::kustomization(&name(round), "./deploy");
            object["spec"]["driftDetection"] = json!({"mode": "Watch"});
            object["spec"]["namePrefix"] = json!(format!("{}-", name(round)));
            cluster.apply(&object.to_string())?;
        }
        let controller = cluster.syncing()?;
        let ready = ["wait", "kustomization", "--all", "--for=condition=Ready", "--timeout=180s"];
        cluster.kubectl(&ready, "")?;
        let objects = Heard::of(&cluster);
        Ok(Self { controller, objects, cluster, round: 0 })
    }
}

fn name(round: usize) -> String {
    format!("round{round}")
}

impl Job for Drift {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "edit" {
            bail!("drift cannot {word}");
        }
        self.round += 1;
        let map = format!("{}-map", name(self.round));
        let api: Api<ConfigMap> = Api::namespaced(self.cluster.client.clone(), "default");
        let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
        let value = |object: &ConfigMap| object.data.as_ref().and_then(|data| data.get("value").cloned());
        let before = self.controller.all_requests()?;
        let begin = Instant::now();
        let edit = Patch::Merge(json!({"data": {"value": "by hand"}}));
        self.cluster.runtime.block_on(api.patch(&map, &params, &edit))?;
        let is = |object: &ConfigMap, wanted: &str| {
            object.metadata.name.as_ref() == Some(&map) && value(object).as_deref() == Some(wanted)
        };
        self.objects.until("the edit", |object| is(object, "by hand"))?;
        let ended = self.objects.until("what is wanted", |object| is(object, "wanted"))?;
        // The status and the event come after.
        self.controller.settle()?;
        let requests = self.controller.all_requests()? - before;
        Ok(Step { time: ended - begin, work: vec![("API requests", requests)] })
    }
}
