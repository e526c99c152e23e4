//! Many Kustomizations of one ConfigMap each, made at once: until all are Ready, and what the process holds then.

use super::Cluster;
use super::controller::Controller;
use super::ready::until_ready;
use crate::step::{Job, Step};
use anyhow::{Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use std::time::Instant;
use tagalong_api::Kustomization;
use tagalong_testkit::git_repo::Change;

/// Requests of ours at once.
const AT_ONCE: usize = 32;

pub(crate) struct Kustomizations {
    controller: Controller,
    cluster: Cluster,
    count: usize,
}

impl Kustomizations {
    pub(crate) fn open(binary: &str, count: usize) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        let repo = cluster.estate.repository("fleet.git", 0, |_| String::new())?;
        let files: Vec<(String, String)> = (0..count)
            .map(|number| {
                let text = format!(
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\ndata: {{number: \"{number}\"}}\n",
                    name(number)
                );
                (format!("{}/map.yaml", path(number)), text)
            })
            .collect();
        let changes: Vec<Change<'_>> =
            files.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
        repo.commit("main", "A folder for each", &changes)?;
        cluster.fleet()?;
        let controller = cluster.syncing()?;
        cluster.kubectl(&["wait", "gitrepository/fleet", "--for=condition=Ready", "--timeout=120s"], "")?;
        Ok(Self { controller, cluster, count })
    }

    fn api(&self) -> Api<Kustomization> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    fn make(&self) -> Result<()> {
        let (api, params) = (self.api(), PostParams::default());
        let made = stream::iter(0..self.count).map(|number| {
            let (api, params) = (&api, &params);
            async move {
                let object = Cluster::kustomization(&name(number), &path(number));
                api.create(params, &serde_json::from_value(object)?).await?;
                anyhow::Ok(())
            }
        });
        self.cluster.runtime.block_on(made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>())?;
        Ok(())
    }
}

fn name(number: usize) -> String {
    format!("map-{number:04}")
}

fn path(number: usize) -> String {
    format!("apps/{}", name(number))
}

impl Job for Kustomizations {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "create" {
            bail!("kustomizations cannot {word}");
        }
        let before = self.controller.all_requests()?;
        let begin = Instant::now();
        self.make()?;
        let made = begin.elapsed();
        let ready = until_ready(self.api(), self.count, |object| {
            object.status.as_ref().map(|status| status.conditions.as_slice())
        });
        self.cluster.runtime.block_on(ready)?;
        let time = begin.elapsed();
        // The last events may still be on their way.
        self.controller.settle()?;
        let work = vec![
            ("API requests", self.controller.all_requests()? - before),
            ("ms for making them", made.as_millis() as u64),
            ("KiB resident", self.controller.memory("VmRSS")?),
            ("KiB at most", self.controller.memory("VmHWM")?),
        ];
        Ok(Step { time, work })
    }
}
