//! From a tag to the object in the cluster, all in one process: the scan that was asked for, the selection, the commit,
//! its archive, and what is applied from it.

use super::controller::Controller;
use super::heard::Heard;
use super::{Cluster, wait};
use crate::folder;
use crate::step::{Job, Step};
use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_api::{ImageRepository, Kustomization};
use tagalong_testkit::git_repo::{Change, GitRepo};

/// How often the branch is looked at.
const LOOK: Duration = Duration::from_micros(100);

pub(crate) struct Chain {
    controller: Controller,
    objects: Heard<ConfigMap>,
    turns: Heard<Kustomization>,
    repo: Arc<GitRepo>,
    cluster: Cluster,
    patch: usize,
}

impl Chain {
    /// One marker beside those of `files` follows the image that moves, and is in the folder that is applied.
    pub(crate) fn open(binary: &str, files: usize) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        let repo = cluster.estate.repository("fleet.git", files, |_| "base".to_owned())?;
        for name in ["solo", "base"] {
            let image = format!("acme/{name}");
            cluster.estate.registry.push_tags(&image, ["1.0.0"]);
            cluster.apply(&folder::image(&cluster.estate.registry.image(&image), name, "1h"))?;
        }
        let image = cluster.estate.registry.image("acme/solo");
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: solo}}\ndata:\n  \
             image: {image}:1.0.0 # {{\"$imagepolicy\": \"default:solo\"}}\n"
        );
        repo.commit("main", "The object", &[Change::File("deploy/solo.yaml", text.as_bytes())])?;
        cluster.apply(&folder::automation(&cluster.estate.git.url("fleet.git")))?;
        cluster.apply(&Cluster::kustomization("solo", "./deploy").to_string())?;
        let controller = cluster.syncing()?;
        for object in ["imagepolicy/solo", "imageupdateautomation/fleet", "kustomization/solo"] {
            cluster.kubectl(&["wait", object, "--for=condition=Ready", "--timeout=120s"], "")?;
        }
        let (objects, turns) = (Heard::of(&cluster), Heard::of(&cluster));
        Ok(Self { controller, objects, turns, repo, cluster, patch: 0 })
    }

    /// Where the branch is, read from the server's own file.
    fn tip(&self) -> Option<String> {
        std::fs::read_to_string(self.repo.path().join("refs/heads/main")).ok()
    }
}

impl Job for Chain {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "tag" {
            bail!("chain cannot {word}");
        }
        let before = self.tip();
        self.patch += 1;
        let tag = format!("1.0.{}", self.patch);
        self.cluster.estate.registry.push_tags("acme/solo", [&tag]);
        let asked = self.controller.all_requests()?;
        self.cluster.estate.git.take_requests();
        let begin = Instant::now();
        self.cluster.request::<ImageRepository>("solo", &tag)?;
        wait("the commit", LOOK, || Ok(self.tip() != before))?;
        let pushed = Instant::now();
        let changed = self.objects.until("the change of the object", |object| {
            let image = object.data.as_ref().and_then(|data| data.get("image"));
            image.is_some_and(|image| image.ends_with(&format!(":{tag}")))
        })?;
        let commit = self.tip().unwrap_or_default();
        self.turns.until("the end of the turn", |object| {
            let status = object.status.as_ref();
            let applied = status.and_then(|status| status.last_applied_revision.as_deref());
            applied.is_some_and(|revision| revision.ends_with(commit.trim()))
        })?;
        let since = changed.saturating_duration_since(pushed).as_micros();
        let work = vec![
            ("µs since the commit", u64::try_from(since)?),
            ("API requests", self.controller.all_requests()? - asked),
            ("Git requests", self.cluster.estate.git.take_requests().len() as u64),
        ];
        Ok(Step { time: changed - begin, work })
    }
}
