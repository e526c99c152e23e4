//! From the annotation that asks for a scan to the commit on the Git server, with the controller turning all three
//! kinds in between.

use super::controller::Controller;
use super::{Cluster, wait};
use crate::folder;
use crate::step::{Job, Step};
use anyhow::{Result, bail, ensure};
use kube::Api;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_api::{ImageRepository, ImageUpdateAutomation};
use tagalong_testkit::git_repo::GitRepo;

/// How often the branch is looked at.
const LOOK: Duration = Duration::from_micros(100);
/// How often the API server is asked whether the turn is over; not while time counts.
const ASK: Duration = Duration::from_millis(10);

pub(crate) struct Tag {
    controller: Controller,
    repo: Arc<GitRepo>,
    cluster: Cluster,
    patch: usize,
}

impl Tag {
    /// One marker of `files` follows the image that moves; the others follow one that does not.
    pub(crate) fn open(binary: &str, files: usize) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        let owner = |number| if number == 0 { "solo".to_owned() } else { "base".to_owned() };
        let repo = cluster.estate.repository("fleet.git", files, owner)?;
        for name in ["solo", "base"] {
            let image = format!("acme/{name}");
            cluster.estate.registry.push_tags(&image, ["1.0.0"]);
            cluster.apply(&folder::image(&cluster.estate.registry.image(&image), name, "1h"))?;
        }
        cluster.apply(&folder::automation(&cluster.estate.git.url("fleet.git")))?;
        let controller = cluster.controller()?;
        for object in ["imagerepository/solo", "imagepolicy/solo", "imageupdateautomation/fleet"] {
            cluster.kubectl(&["wait", object, "--for=condition=Ready", "--timeout=120s"], "")?;
        }
        Ok(Self { controller, repo, cluster, patch: 0 })
    }

    /// Where the branch is, read from the server's own file: asking by git would take longer than the answer.
    fn tip(&self) -> Option<String> {
        std::fs::read_to_string(self.repo.path().join("refs/heads/main")).ok()
    }

    /// Whether the automation's status tells of the commit, which ends the turn.
    fn told(&self, commit: &str) -> Result<bool> {
        let api: Api<ImageUpdateAutomation> = Api::namespaced(self.cluster.client.clone(), "default");
        let object = self.cluster.runtime.block_on(api.get("fleet"))?;
        Ok(object.status.and_then(|status| status.last_push_commit).as_deref() == Some(commit))
    }
}

impl Job for Tag {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "tag" {
            bail!("tag cannot {word}");
        }
        let before = self.tip();
        self.patch += 1;
        let tag = format!("1.0.{}", self.patch);
        self.cluster.estate.registry.push_tags("acme/solo", [&tag]);
        let methods = ["GET", "POST", "PATCH", "PUT"];
        let asked = self.controller.requests(&methods)?;
        self.cluster.estate.git.take_requests();
        let begin = Instant::now();
        self.cluster.request::<ImageRepository>("solo", &tag)?;
        wait("the commit", LOOK, || Ok(self.tip() != before))?;
        let time = begin.elapsed();
        let text = self.repo.read("main", &folder::path(0))?;
        ensure!(text.contains(&format!("acme/solo:{tag} ")), "the commit is another");
        let commit = self.tip().unwrap_or_default();
        wait("the end of the turn", ASK, || self.told(commit.trim()))?;
        let git = self.cluster.estate.git.take_requests().len() as u64;
        let api = self.controller.requests(&methods)? - asked;
        Ok(Step { time, work: vec![("API requests", api), ("Git requests", git)] })
    }
}
