//! The mirrors of a state folder: one per remote and set of credentials, opened once, used by one turn at a time.
//! Automations and GitRepositories of one remote share one, so that what the ones push the others need not fetch.

use crate::automation::{LookBack, Seen, SiteIndex};
use crate::known_tips::KnownTips;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tagalong_api::validate::{GitRef, ValidSource};
use tagalong_git::{Checkout, Mirror, Remote, Stats};
use tagalong_model::Digest;

/// For so long a ref is taken to be where we pushed it, by those whom the push has woken.
const JUST_NOW: Duration = Duration::from_secs(10);

/// A mirror with what is known of its blobs.
pub(crate) struct Opened {
    pub(crate) mirror: Mirror,
    pub(crate) index: SiteIndex,
    /// The tree that was last looked at.
    pub(crate) seen: Option<Seen>,
    /// What has been read of its history.
    pub(crate) look_back: LookBack,
    pushed: Option<Pushed>,
}

/// A ref that we have moved.
struct Pushed {
    refname: String,
    commit: String,
    at: Instant,
}

impl Opened {
    /// A mirror that nobody has looked at yet.
    pub(crate) fn new(mirror: Mirror, index: SiteIndex) -> Self {
        Self { mirror, index, seen: None, look_back: LookBack::default(), pushed: None }
    }

    /// Notes a push.
    pub(crate) fn pushed(&mut self, refname: String, commit: String) {
        self.pushed = Some(Pushed { refname, commit, at: Instant::now() });
    }

    /// Where we have just pushed a ref.
    pub(crate) fn just_pushed(&self, refname: &str) -> Option<&str> {
        let pushed = self.pushed.as_ref()?;
        (pushed.refname == refname && pushed.at.elapsed() < JUST_NOW).then_some(pushed.commit.as_str())
    }

    /// Begins the mirror anew; whether that could be done.
    pub(crate) fn renew(&mut self) -> bool {
        self.seen = None;
        self.look_back = LookBack::default();
        self.pushed = None;
        self.mirror.rebuild().is_ok()
    }
}

/// A mirror that is taken for one turn.
pub(crate) type Guard = tokio::sync::OwnedMutexGuard<Option<Opened>>;

/// Runs a step that blocks with the mirror, and gives the mirror back.
///
/// # Errors
/// Why the step could not be run.
pub(crate) async fn blocking<T: Send + 'static>(
    mut guard: Guard,
    step: impl FnOnce(&mut Opened) -> T + Send + 'static,
) -> Result<(T, Guard), String> {
    let done = tokio::task::spawn_blocking(move || {
        let result = guard.as_mut().map(step);
        (result, guard)
    });
    let (result, guard) = done.await.map_err(|error| error.to_string())?;
    result.map(|result| (result, guard)).ok_or_else(|| "the mirror was closed".to_owned())
}

/// What to ask a remote for.
pub(crate) fn checkout(reference: GitRef) -> Checkout {
    let mut checkout = Checkout::default();
    match reference {
        GitRef::Branch(branch) => checkout.branch = Some(branch),
        GitRef::Tag(tag) => checkout.tag = Some(tag),
        GitRef::Semver(range) => checkout.semver = Some(range),
        GitRef::Name(name) => checkout.name = Some(name),
        GitRef::Commit { commit, branch } => {
            checkout.commit = Some(commit);
            checkout.branch = branch;
        }
    }
    checkout
}

/// The highest tag within a range, by the very rules of a semver policy.
pub(crate) fn choose_tag(range: &str, tags: &[&str]) -> Result<Option<usize>, String> {
    let order = tagalong_policy::OrderSpec::Semver { range: range.to_owned() };
    let policy = tagalong_policy::Policy::compile(&order, None).map_err(|error| error.to_string())?;
    let decision = policy.decide(tags.iter().copied(), &[]);
    Ok(match decision.verdict {
        tagalong_policy::Verdict::Select { tag, .. } => tags.iter().position(|candidate| *candidate == tag),
        _ => None,
    })
}

type Slot = Arc<tokio::sync::Mutex<Option<Opened>>>;

/// All mirrors below one folder.
pub struct Mirrors {
    root: PathBuf,
    slots: Mutex<HashMap<String, Slot>>,
    known_tips: KnownTips,
}

impl Mirrors {
    /// The mirrors kept below `root`.
    pub fn new(root: PathBuf) -> Self {
        let known_tips = KnownTips::below(&root);
        Self { root, slots: Mutex::default(), known_tips }
    }

    /// Which tips automations knew.
    pub(crate) fn known_tips(&self) -> &KnownTips {
        &self.known_tips
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
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub(crate) async fn take(&self, source: &ValidSource, remote: &Remote) -> Result<Guard, String> {
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
                Ok::<_, String>(Opened::new(mirror, index))
            });
            let opened = opened.await.map_err(|error| error.to_string()).and_then(|opened| opened);
            *guard = Some(opened?);
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
