//! Carries a turn out: fetch, compare, verify, archive. The only step that talks to the remote and to the disk.

use super::gather::Gathered;
use super::plan::plan;
use super::{Done, Failure, Served, Stage, Verified, artifact_of};
use crate::context::Context;
use crate::desk::Desk;
use crate::mirrors::{Opened, blocking, checkout, choose_tag};
use crate::wake::requested_at;
use crate::wheel::Failed;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::io::BufWriter;
use std::sync::Arc;
use std::time::SystemTime;
use tagalong_api::validate::{GitRef, ValidArtifact, Verify};
use tagalong_api::{Artifact, GitRepository, Reason};
use tagalong_git::{ErrorKind, Fetched, GitError, Reader, Selected};
use tagalong_model::{ObjectKey, Revision};
use tagalong_store::{ArtifactPath, StoreError};

/// How much of a commit's first line an event tells.
const TITLE: usize = 50;

/// Removes every archive of an object that goes.
pub(super) async fn remove(served: &Served, key: &ObjectKey) -> Result<(), Failed> {
    let (archives, key) = (Arc::clone(&served.archives), key.clone());
    let removed = tokio::task::spawn_blocking(move || archives.remove_all(&key)).await;
    let removed =
        removed.map_err(|error| error.to_string()).and_then(|removed| removed.map_err(|e| e.to_string()));
    removed
        .map_err(|why| Failed { message: format!("garbage collection for deleted resource failed: {why}") })
}

/// The archive of the status, if it is there and whole; what need not be kept beside it is removed.
pub(super) async fn kept(served: &Served, object: &GitRepository) -> Result<Option<Artifact>, Failed> {
    let Some(mut artifact) = artifact_of(object) else { return Ok(None) };
    let served = served.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let path: ArtifactPath = artifact.path.parse().ok()?;
        if let Err(error) = served.archives.collect(&path, SystemTime::now()) {
            tracing::warn!("garbage collection of artifacts failed: {error}");
        }
        let whole = served.archives.holds(&path, artifact.digest.as_deref()?);
        // The address may be another than when the archive was made.
        artifact.url = served.url(&path);
        whole.then_some(artifact)
    });
    looked.await.map_err(|error| Failed { message: error.to_string() })
}

pub(super) async fn act<D: Desk>(
    object: &GitRepository,
    context: &Context<D>,
    served: Served,
    kept: Option<&Artifact>,
    valid: ValidArtifact,
    gathered: Gathered,
) -> Result<Done, Failure> {
    let mirror = context.mirrors.take(&valid.source, &gathered.remote).await.map_err(|why| unread(&why))?;
    let job = Job { object: object.clone(), kept: kept.cloned(), served, valid, gathered };
    let (result, _) = blocking(mirror, move |opened| job.run(opened)).await.map_err(|why| unread(&why))?;
    result
}

/// Everything the blocking part needs.
struct Job {
    object: GitRepository,
    kept: Option<Artifact>,
    served: Served,
    valid: ValidArtifact,
    gathered: Gathered,
}

/// Why a step ended early.
enum Trouble {
    /// `Damaged` is mended by fetching anew.
    Git(Stage, &'static str, GitError),
    Other(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl Job {
    fn run(&self, opened: &mut Opened) -> Result<Done, Failure> {
        let tried = match self.attempt(opened) {
            Err(Trouble::Git(_, _, error)) if error.kind() == ErrorKind::Damaged && opened.renew() => {
                self.attempt(opened)
            }
            tried => tried,
        };
        tried.map_err(|trouble| match trouble {
            Trouble::Git(_, _, error) if error.kind() == ErrorKind::EmptyRepository => {
                Failure::at(Stage::Fetch, Reason::EmptyGitRepository, "git repository is empty".to_owned())
            }
            Trouble::Git(stage, what, error) => {
                let reason = match stage {
                    Stage::Storage => Reason::ArchiveOperationFailed,
                    Stage::Fetch | Stage::Verify => Reason::GitOperationFailed,
                };
                Failure::at(stage, reason, format!("{what}: {error}"))
            }
            Trouble::Other(failure) => failure,
        })
    }

    fn attempt(&self, opened: &Opened) -> Result<Done, Trouble> {
        let fetched = self.fetch(opened)?;
        let revision =
            Revision { name: fetched.revision_name.clone(), commit: fetched.commit.clone() }.to_string();
        let steps = plan(&self.object, self.kept.as_ref(), &self.valid, &revision);
        let reader = opened.mirror.reader();
        let mut done = Done {
            revision,
            artifact: None,
            title: None,
            verified: None,
            interval: self.valid.source.interval,
        };
        if !steps.verify && !steps.archive {
            return Ok(done);
        }
        let selected = reader
            .select(&fetched.commit, &self.valid.folders)
            .map_err(|error| Trouble::Git(Stage::Fetch, "failed to sparse checkout directories ", error))?;
        if let Some(verify) = self.valid.verify.as_ref().filter(|_| steps.verify) {
            done.verified = Some(self.verify(&reader, &fetched, verify)?);
        }
        if steps.archive {
            let info = opened.mirror.commit_info(&fetched.commit);
            let info = info.map_err(|error| Trouble::Git(Stage::Fetch, CHECKOUT, error))?;
            done.title = Some(title(&info.message));
            done.artifact = Some(self.archive(&reader, &selected, &fetched, &done.revision)?);
        }
        Ok(done)
    }

    /// Two requests where nothing moved; none for what we have just pushed ourselves.
    fn fetch(&self, opened: &Opened) -> Result<Fetched, Trouble> {
        let reference = self.valid.source.reference.clone().unwrap_or(GitRef::Branch("master".to_owned()));
        if let Some(fetched) = self.just_pushed(opened, &reference) {
            return Ok(fetched);
        }
        let fetched = opened.mirror.fetch(&self.gathered.remote, &checkout(reference), &[], &choose_tag);
        fetched.map_err(|error| Trouble::Git(Stage::Fetch, CHECKOUT, error))
    }

    /// The commit that an automation has just pushed, unless somebody asked for a look at the remote itself.
    fn just_pushed(&self, opened: &Opened, reference: &GitRef) -> Option<Fetched> {
        let (refname, shown) = match reference {
            GitRef::Branch(branch) => (format!("refs/heads/{branch}"), branch.clone()),
            GitRef::Name(name) => (name.clone(), name.clone()),
            GitRef::Tag(_) | GitRef::Semver(_) | GitRef::Commit { .. } => return None,
        };
        let handled =
            self.object.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_deref());
        let commit = opened.just_pushed(&refname).filter(|_| requested_at(&self.object) == handled)?;
        let known = self.kept.as_ref().and_then(|kept| kept.revision.parse::<Revision>().ok());
        if known.is_some_and(|known| known.commit == commit) {
            return None;
        }
        Some(Fetched {
            commit: commit.to_owned(),
            revision_name: shown,
            refname: Some(refname),
            tag: None,
            tips: std::collections::BTreeMap::new(),
        })
    }

    fn verify(&self, reader: &Reader, fetched: &Fetched, verify: &Verify) -> Result<Verified, Trouble> {
        let failed = |reason: Reason, message: String| Failure::at(Stage::Verify, reason, message);
        let keys =
            self.gathered.keys.as_ref().map_err(|why| {
                failed(Reason::VerificationError, format!("public keys secret error: {why}"))
            })?;
        let damaged = |error| Trouble::Git(Stage::Verify, "cannot read what was signed", error);
        let mut good = Vec::new();
        if verify.mode.wants_tag() {
            let Some(name) = fetched.refname.as_deref().and_then(|name| name.strip_prefix("refs/tags/"))
            else {
                let message = "cannot verify tag object's signature if a tag reference is not specified";
                let failure = failed(Reason::InvalidVerificationMode, message.to_owned());
                return Err(Failure { stalled: true, ..failure }.into());
            };
            let shown = fetched.tag.as_ref().map_or(name.to_owned(), |tag| format!("{name}@{tag}"));
            let signed =
                fetched.tag.as_deref().map(|tag| reader.signed_tag(tag)).transpose().map_err(damaged)?;
            let Some(signed) = signed.filter(|signed| signed.has_signature()) else {
                let message = format!("cannot verify signature of tag '{shown}' since it is not signed");
                return Err(failed(Reason::InvalidGitObject, message).into());
            };
            let key = keys.verify(&signed).map_err(|why| {
                failed(
                    Reason::InvalidTagSignature,
                    format!("signature verification of tag '{shown}' failed: {why}"),
                )
            })?;
            good.push(format!("\n\t- tag '{shown}' with key '{key}'"));
        }
        if verify.mode.wants_commit() {
            let commit = &fetched.commit;
            let key = keys.verify(&reader.signed_commit(commit).map_err(damaged)?).map_err(|why| {
                failed(
                    Reason::InvalidCommitSignature,
                    format!("signature verification of commit '{commit}' failed: {why}"),
                )
            })?;
            good.push(format!("\n\t- commit '{commit}' with key '{key}'"));
        }
        Ok(Verified { mode: verify.mode, message: format!("verified signature of{}", good.concat()) })
    }

    fn archive(
        &self,
        reader: &Reader,
        selected: &Selected,
        fetched: &Fetched,
        revision: &str,
    ) -> Result<Artifact, Trouble> {
        let failed = |reason: Reason, message: String| {
            let failure = Failure::at(Stage::Storage, reason, message);
            Trouble::Other(Failure { revision: Some(revision.to_owned()), ..failure })
        };
        let unstorable =
            |error: &StoreError| failed(Reason::ArchiveOperationFailed, format!("{UNARCHIVED}: {error}"));
        let Some(path) = ArtifactPath::of(&self.valid.source.key, &fetched.commit) else {
            return Err(failed(Reason::InvalidPath, "the object's name makes no path".to_owned()));
        };
        let mut draft = self.served.archives.begin(&path).map_err(|error| {
            failed(Reason::DirectoryCreationFailed, format!("failed to create artifact directory: {error}"))
        })?;
        let written = reader.archive(selected, self.valid.ignore.as_deref(), BufWriter::new(&mut draft));
        written.map_err(|error| match error.kind() {
            ErrorKind::Damaged => Trouble::Git(Stage::Storage, UNARCHIVED, error),
            _ => failed(Reason::ArchiveOperationFailed, format!("{UNARCHIVED}: {error}")),
        })?;
        let stored = draft.finish().map_err(|error| unstorable(&error))?;
        Ok(Artifact {
            path: path.to_string(),
            url: self.served.url(&path),
            revision: revision.to_owned(),
            digest: Some(stored.digest),
            last_update_time: Time(Timestamp::now()),
            size: i64::try_from(stored.size).ok(),
            metadata: None,
        })
    }
}

const CHECKOUT: &str = "failed to checkout and determine revision";
const UNARCHIVED: &str = "unable to archive artifact to storage";

fn unread(why: &str) -> Failure {
    Failure::at(Stage::Fetch, Reason::GitOperationFailed, format!("{CHECKOUT}: {why}"))
}

/// A commit's first line, cut as Flux does.
fn title(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}
