//! GitRepository: keeps an archive of what a remote's reference leads to. Turned by the wheel, where GitRepositories are
//! served at all.
//!
//! ```text
//! gather (remote, keys) → act (fetch, plan, verify, archive) → report (status, events, next turn)
//! ```

mod act;
mod conditions;
mod gather;
mod plan;
mod report;
mod trees;

use crate::context::Context;
use crate::desk::{Desk, Wish};
use crate::wake::key_of;
use crate::wheel::Failed;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::validate::{self, VerifyMode};
use tagalong_api::{Artifact, GitRepository, Reason};
use tagalong_kustomize::Tree;
use tagalong_model::Revision;
use tagalong_store::{ArtifactPath, Artifacts};
use trees::Trees;

/// Where archives are, and where others find them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Served {
    archives: Arc<Artifacts>,
    address: Arc<str>,
    trees: Arc<Trees>,
}

impl Served {
    /// Archives in `archives`, which others reach at `address`: a host with or without a port, or a URL.
    pub fn new(archives: Arc<Artifacts>, address: &str) -> Self {
        let address = address.trim_end_matches('/');
        let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        Self { archives, address: url.into(), trees: Arc::default() }
    }

    /// The files of an artifact that is kept here.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub(crate) async fn files(&self, artifact: &Artifact) -> Result<Arc<Tree>, String> {
        let (served, artifact) = (self.clone(), artifact.clone());
        let read = tokio::task::spawn_blocking(move || served.trees.read(&served.archives, &artifact));
        read.await.map_err(|error| error.to_string())?
    }

    fn url(&self, path: &ArtifactPath) -> String {
        format!("{}/{path}", self.address)
    }
}

/// The artifact of a GitRepository's status, where its path is the one that we would give it. Whoever may write the status
/// of their own objects must not reach another's archive through it.
pub(crate) fn artifact_of(object: &GitRepository) -> Option<Artifact> {
    let artifact = object.status.as_ref()?.artifact.clone()?;
    let revision: Revision = artifact.revision.parse().ok()?;
    let path = ArtifactPath::of(&key_of(object), &revision.commit)?;
    (path.as_str() == artifact.path).then_some(artifact)
}

/// How far a turn came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To the remote.
    Fetch,
    /// To the signatures.
    Verify,
    /// To the archive.
    Storage,
}

/// Why a turn did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) stage: Stage,
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) stalled: bool,
    /// What the remote is at, where that is known.
    pub(crate) revision: Option<String>,
}

impl Failure {
    /// A failure that time may mend.
    fn at(stage: Stage, reason: Reason, message: String) -> Self {
        Self { stage, reason, message, stalled: false, revision: None }
    }
}

/// A turn that went to its end.
#[derive(Debug)]
pub(crate) struct Done {
    /// What the remote is at.
    pub(crate) revision: String,
    /// The archive, where one was made.
    pub(crate) artifact: Option<Artifact>,
    /// The first line of the commit's message, where it was read.
    pub(crate) title: Option<String>,
    /// What was verified, where something was.
    pub(crate) verified: Option<Verified>,
    pub(crate) interval: Duration,
}

/// Signatures that were found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) mode: VerifyMode,
    pub(crate) message: String,
}

/// One turn of one GitRepository.
pub fn reconcile<D: Desk>(
    object: Arc<GitRepository>,
    context: Arc<Context<D>>,
) -> BoxFuture<'static, Result<Action, Failed>> {
    Box::pin(async move {
        let Some(served) = context.served.clone() else { return Ok(Action::await_change()) };
        if object.metadata.deletion_timestamp.is_some() {
            act::remove(&served, &key_of(object.as_ref())).await?;
        }
        if !context.desk.admit(Wish::Source(&object)).await? {
            return Ok(Action::await_change());
        }
        let metered = context.meters.begin("GitRepository", key_of(object.as_ref()));
        let result = admitted(&object, &context, served).await;
        metered.end(&result);
        result
    })
}

async fn admitted<D: Desk>(
    object: &GitRepository,
    context: &Context<D>,
    served: Served,
) -> Result<Action, Failed> {
    let now = Timestamp::now();
    if object.spec.suspend.unwrap_or_default() {
        return report::suspended(context, object, now).await;
    }
    let kept = act::kept(&served, object).await?;
    let result = turn(object, context, served, kept.as_ref()).await;
    report::report(context, object, kept, result, now).await
}

async fn turn<D: Desk>(
    object: &GitRepository,
    context: &Context<D>,
    served: Served,
    kept: Option<&Artifact>,
) -> Result<Done, Failure> {
    let valid = validate::artifact(object).map_err(|invalid| {
        let stage = match invalid.reason {
            Reason::InvalidVerificationMode => Stage::Verify,
            _ => Stage::Fetch,
        };
        Failure { stalled: invalid.stalled, ..Failure::at(stage, invalid.reason, invalid.message) }
    })?;
    let gathered = gather::gather(context, &valid).await?;
    act::act(object, context, served, kept, valid, gathered).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(path: &str, revision: &str, taken: bool) {
        let object: GitRepository = serde_json::from_value(json!({
            "metadata": {"name": "fleet", "namespace": "a"},
            "spec": {"interval": "1m", "url": "https://git.example.com/fleet.git"},
            "status": {"artifact": {
                "path": path, "revision": revision, "url": "", "digest": "sha256:0",
                "lastUpdateTime": "2026-01-01T00:00:00Z",
            }},
        }))
        .unwrap();
        assert_eq!(artifact_of(&object).is_some(), taken, "{path} {revision}");
    }

    #[test]
    fn a_status_names_the_object_s_own_archive_or_none() {
        let commit = "1f".repeat(20);
        let (named, bare) = (format!("main@sha1:{commit}"), format!("sha1:{commit}"));
        check(&format!("gitrepository/a/fleet/{commit}.tar.gz"), &named, true);
        check(&format!("gitrepository/a/fleet/{commit}.tar.gz"), &bare, true);
        check(&format!("gitrepository/b/fleet/{commit}.tar.gz"), &named, false);
        check(&format!("gitrepository/a/other/{commit}.tar.gz"), &named, false);
        check(&format!("gitrepository/a/fleet/{}.tar.gz", "2e".repeat(20)), &named, false);
        check(&format!("../a/fleet/{commit}.tar.gz"), &named, false);
        check(&format!("gitrepository/a/fleet/{commit}.tar.gz"), &commit, false);
    }
}
