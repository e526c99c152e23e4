//! The mirrors of a state folder: one per remote and set of credentials, opened once, used by one turn at a time.

use super::Failure;
use super::index::SiteIndex;
use super::look::Seen;
use super::pins::LookBack;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tagalong_api::Reason;
use tagalong_api::validate::ValidSource;
use tagalong_git::{Mirror, Remote, Stats};
use tagalong_model::Digest;

/// A mirror with what is known of its blobs.
pub(crate) struct Opened {
    pub(crate) mirror: Mirror,
    pub(crate) index: SiteIndex,
    /// The tree that was last looked at.
    pub(crate) seen: Option<Seen>,
    /// What has been read of its history.
    pub(crate) look_back: LookBack,
}

type Slot = Arc<tokio::sync::Mutex<Option<Opened>>>;

/// All mirrors below one folder.
pub struct Mirrors {
    root: PathBuf,
    slots: Mutex<HashMap<String, Slot>>,
}

impl Mirrors {
    /// The mirrors kept below `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root, slots: Mutex::default() }
    }

    /// Work done by the mirrors of this process, summed up; for tests and benches.
    pub async fn stats(&self) -> Stats {
        let slots: Vec<Slot> =
            self.slots.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mut sum = Stats::default();
        for slot in slots {
            if let Some(opened) = slot.lock().await.as_ref() {
                let stats = opened.mirror.stats();
                sum.requests += stats.requests;
                sum.bytes_sent += stats.bytes_sent;
                sum.bytes_received += stats.bytes_received;
                sum.packs_received += stats.packs_received;
                sum.trees_read += stats.trees_read;
                sum.blobs_read += stats.blobs_read;
            }
        }
        sum
    }

    /// Takes the mirror of a source for one turn, opening or making it where needed.
    pub(crate) async fn take(
        &self,
        source: &ValidSource,
        remote: &Remote,
    ) -> Result<tokio::sync::OwnedMutexGuard<Option<Opened>>, Failure> {
        let name = folder_name(source, remote);
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(name.clone()).or_default())
        };
        let mut guard = slot.lock_owned().await;
        if guard.is_none() {
            let (folder, remote) = (self.root.join(name), remote.clone());
            let opened = tokio::task::spawn_blocking(move || {
                std::fs::create_dir_all(&folder)
                    .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
                let mirror = Mirror::open(&folder.join("git"), &remote).map_err(|error| error.to_string())?;
                let index = SiteIndex::load(&folder.join("sites"));
                Ok::<_, String>(Opened { mirror, index, seen: None, look_back: LookBack::default() })
            });
            let opened = opened.await.map_err(|error| error.to_string()).and_then(|opened| opened);
            *guard = Some(opened.map_err(|message| Failure {
                reason: Reason::GitOperationFailed,
                message: format!("failed to checkout source: {message}"),
                stalled: false,
            })?);
        }
        Ok(guard)
    }
}

/// A mirror is shared only where remote, namespace and Secret are the same: what one tenant may read is no other's
/// by way of a cache.
fn folder_name(source: &ValidSource, remote: &Remote) -> String {
    let lock_key = remote.url.lock_key();
    let identity =
        format!("{lock_key}\n{}\n{}", source.key.namespace, source.secret.as_deref().unwrap_or_default());
    let digest = Digest::sha256(identity.as_bytes()).to_string();
    let last = lock_key.rsplit('/').next().unwrap_or_default();
    let word: String =
        last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(40).collect();
    format!("{word}-{}", digest.trim_start_matches("sha256:").get(..16).unwrap_or_default())
}
