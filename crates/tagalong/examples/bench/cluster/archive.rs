//! From the annotation that asks for a fetch to the archive of the new commit under its address.

use super::controller::Controller;
use super::{Cluster, wait};
use crate::step::{Job, Step};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_api::GitRepository;
use tagalong_testkit::git_repo::{Change, GitRepo};

/// How often the archive is asked for.
const LOOK: Duration = Duration::from_millis(1);

pub(crate) struct Archive {
    _controller: Controller,
    repo: Arc<GitRepo>,
    cluster: Cluster,
    /// Where archives are given out, and the folder that they are in.
    host: String,
    folder: String,
    round: usize,
}

impl Archive {
    pub(crate) fn open(binary: &str, files: usize) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        let repo = cluster.estate.repository("fleet.git", files, |_| "base".to_owned())?;
        cluster.fleet()?;
        let controller = cluster.controller()?;
        cluster.kubectl(&["wait", "gitrepository/fleet", "--for=condition=Ready", "--timeout=120s"], "")?;
        let url =
            cluster.kubectl(&["get", "gitrepository/fleet", "-o=jsonpath={.status.artifact.url}"], "")?;
        let (host, path) =
            url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("a url")?;
        let (folder, _) = path.rsplit_once('/').context("a folder")?;
        let (host, folder) = (host.to_owned(), folder.to_owned());
        Ok(Self { _controller: controller, repo, cluster, host, folder, round: 0 })
    }

    /// The length of a commit's archive, once it is given out.
    fn length(&self, commit: &str) -> Result<Option<u64>> {
        let mut stream = TcpStream::connect(&self.host)?;
        let path = format!("/{}/{commit}.tar.gz", self.folder);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200").then_some(answer.len() as u64))
    }
}

impl Job for Archive {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "archive" {
            bail!("archive cannot {word}");
        }
        self.round += 1;
        let text = format!("round: {}\n", self.round);
        let change = Change::File("apps/changed.yaml", text.as_bytes());
        let commit = self.repo.commit("main", "Change one file", &[change])?;
        self.cluster.estate.git.take_requests();
        let begin = Instant::now();
        self.cluster.request::<GitRepository>("fleet", &self.round.to_string())?;
        let mut length = None;
        wait("the archive", LOOK, || {
            length = self.length(&commit)?;
            Ok(length.is_some())
        })?;
        let time = begin.elapsed();
        let requests = self.cluster.estate.git.take_requests().len() as u64;
        Ok(Step {
            time,
            work: vec![("Git requests", requests), ("bytes served", length.unwrap_or_default())],
        })
    }
}
