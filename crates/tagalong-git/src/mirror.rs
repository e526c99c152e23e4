//! The bare copy of one remote: opened or rebuilt, compared with the remote's tip, fetched into.
//!
//! One writer, any number of readers: packs and the shallow file appear whole, and nothing is ever rewritten in place.
//! A local remote has no copy; it is read and written where it is.

mod folder;
mod known;

use crate::{
    checkout::{self, Checkout, ChooseTag, Fetched, Tips},
    error::{ErrorKind, GitError, Result},
    local,
    remote::Remote,
    repository,
    stats::{Counters, Stats},
    tree::Reader,
    url::Place,
    wire::{Ask, Client, Connection, Depth, fetch_pack, finish},
};
use gix::{ObjectId, Repository, ThreadSafeRepository, protocol::transport::Service};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// How many packs may gather before the mirror is fetched anew, which at depth 1 costs about one clone.
const MAX_PACKS: usize = 64;

/// The copy of one remote in the state folder, or the local repository itself.
pub struct Mirror {
    dir: PathBuf,
    local: bool,
    repo: RwLock<ThreadSafeRepository>,
    pub(crate) client: Client,
    pub(crate) counters: Arc<Counters>,
    notice: Option<String>,
    generation: AtomicU64,
}

impl Mirror {
    /// Opens the mirror of `remote` in the folder `dir`, making it where it is not. A damaged one is put aside as
    /// `<dir>.damaged` and [`Mirror::notice`] says so. For a local remote `dir` is not touched.
    ///
    /// # Errors
    /// `Disk` where the folder cannot be used; for a local remote `NotFound` or `Sha256Unsupported`.
    pub fn open(dir: &Path, remote: &Remote) -> Result<Self> {
        let (local, repo, notice) = match remote.url.place() {
            Place::Local(path) => (true, repository::open(path)?, None),
            Place::Http(_) | Place::Ssh { .. } => {
                let (repo, notice) = folder::open_or_rebuild(dir)?;
                (false, repo, notice)
            }
        };
        Ok(Self {
            dir: dir.to_path_buf(),
            local,
            repo: RwLock::new(repo),
            client: Client::default(),
            counters: Arc::new(Counters::default()),
            notice,
            generation: AtomicU64::new(0),
        })
    }

    /// What opening had to repair, for an event.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Grows each time the mirror begins anew, be it damaged or full: what was there before, such as the history
    /// behind a tip, need not be there any more.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// The work done since this mirror was opened.
    pub fn stats(&self) -> Stats {
        self.counters.snapshot()
    }

    /// Puts the mirror aside and begins an empty one; the next fetch brings everything anew. For an error of kind
    /// `Damaged`, which reads may give long after opening.
    ///
    /// # Errors
    /// `Disk` where the folder cannot be renamed or made; `Damaged` where the repository is a local remote.
    pub fn rebuild(&self) -> Result<()> {
        if self.local {
            return Err(GitError::new(
                ErrorKind::Damaged,
                "the local repository is damaged; run git fsck in it",
            ));
        }
        let mut slot = self.repo.write().unwrap_or_else(PoisonError::into_inner);
        folder::put_aside(&self.dir)?;
        *slot = repository::create(&self.dir)?;
        self.generation.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Where refs of the remote point, asked for by full name. Two requests, no object.
    ///
    /// # Errors
    /// Whatever reaching the remote gives; a name that is not there is simply missing.
    pub fn tip(&self, remote: &Remote, refnames: &[&str]) -> Result<Tips> {
        if self.local {
            return Ok(checkout::tips(&local::refs(&self.repo(), refnames)?, refnames));
        }
        let mut connection = Connection::open(remote, Service::UploadPack, &self.client, &self.counters)?;
        let refs = connection.refs(refnames)?;
        finish(&mut connection);
        Ok(checkout::tips(&refs, refnames))
    }

    /// Finds the commit that `want` names and makes sure its files are in the mirror. Where the commit is there
    /// already this is two requests. `also` names further refs (a push branch; with a slash or
    /// a star at the end all that begin so) whose values come back in [`Fetched::tips`]; their commits are not fetched.
    ///
    /// # Errors
    /// `NotFound`, `EmptyRepository`, and whatever reaching the remote gives.
    pub fn fetch(
        &self,
        remote: &Remote,
        want: &Checkout,
        also: &[&str],
        choose: &ChooseTag<'_>,
    ) -> Result<Fetched> {
        let prefixes = checkout::prefixes(want, also)?;
        let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        if self.local {
            let repo = self.repo();
            let refs = local::refs(&repo, &prefixes)?;
            let found = match checkout::resolve(want, &refs, choose)? {
                Some(found) => found,
                None => {
                    return Err(checkout::missing(
                        want,
                        &local::refs(&repo, &["refs/heads/", "refs/tags/"])?,
                    ));
                }
            };
            if !is_whole(&repo, found.commit) {
                return Err(checkout::missing_commit(&found));
            }
            return Ok(found.fetched(&refs, also));
        }
        let mut connection = Connection::open(remote, Service::UploadPack, &self.client, &self.counters)?;
        let refs = connection.refs(&prefixes)?;
        let Some(found) = checkout::resolve(want, &refs, choose)? else {
            let all = connection.refs(&["refs/heads/", "refs/tags/"]).unwrap_or_default();
            finish(&mut connection);
            return Err(checkout::missing(want, &all));
        };
        let before = found.refname.as_deref().and_then(|refname| known::last(&self.repo(), refname));
        self.receive(remote, connection, &found)?;
        if let Some(refname) = found.refname.as_deref().filter(|_| before != Some(found.commit)) {
            known::remember(&self.repo(), refname, found.commit);
        }
        Ok(found.fetched(&refs, also))
    }

    fn receive(&self, remote: &Remote, mut connection: Connection, found: &checkout::Found) -> Result<()> {
        let repo = self.repo();
        let is_there = |repo: &Repository| {
            is_whole(repo, found.commit) && found.tag.is_none_or(|tag| repo.has_object(tag))
        };
        if is_there(&repo) {
            finish(&mut connection);
            return Ok(());
        }
        if folder::pack_count(&repo) >= MAX_PACKS {
            drop(repo);
            self.start_over()?;
        }
        let repo = self.repo();
        let haves = known::known_tips(&repo);
        let ask = Ask {
            wants: &[found.tag.unwrap_or(found.commit)],
            haves: &haves,
            depth: Depth::Commits(1),
            room: None,
        };
        match fetch_pack(&mut connection, &repo, &ask) {
            Ok(_) if is_there(&self.repo()) => {}
            Err(error) if error.kind() != ErrorKind::Damaged && error.kind() != ErrorKind::Protocol => {
                return Err(error);
            }
            // Data of ours that the server built upon, or a pack that is there already, may be broken: begin again
            // without it, once.
            _ => {
                drop(connection);
                self.start_over()?;
                let mut connection =
                    Connection::open(remote, Service::UploadPack, &self.client, &self.counters)?;
                connection.refs(&["HEAD"])?;
                fetch_pack(&mut connection, &self.repo(), &Ask { haves: &[], ..ask })?;
                if !is_there(&self.repo()) {
                    return Err(checkout::missing_commit(found));
                }
            }
        }
        Ok(())
    }

    /// An empty mirror in place of the present one, which is sound but too full or too doubtful to go on with.
    fn start_over(&self) -> Result<()> {
        let mut slot = self.repo.write().unwrap_or_else(PoisonError::into_inner);
        *slot = folder::renew(&self.dir)?;
        self.generation.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A handle for reading trees and blobs; make one per turn and thread.
    pub fn reader(&self) -> Reader {
        Reader::new(self.repo(), Arc::clone(&self.counters))
    }

    pub(crate) fn repo(&self) -> Repository {
        self.repo.read().unwrap_or_else(PoisonError::into_inner).to_thread_local()
    }

    /// How many bytes the mirror's packs take.
    pub(crate) fn size(&self) -> u64 {
        folder::pack_bytes(&self.repo())
    }

    pub(crate) fn is_local(&self) -> bool {
        self.local
    }

    /// Keeps objects we pushed, so that they need not be fetched back.
    pub(crate) fn keep_pushed(&self, pack: &[u8], refs: &[(String, ObjectId)]) {
        let repo = self.repo();
        if let Err(error) = repository::store_pack(&repo, pack, false) {
            // Not lost: the next fetch brings them.
            tracing::debug!(%error, "pushed objects were not kept in the mirror");
            return;
        }
        for (name, commit) in refs {
            known::remember(&repo, name, *commit);
        }
    }

    pub(crate) fn connect(&self, remote: &Remote, service: Service) -> Result<Connection> {
        Connection::open(remote, service, &self.client, &self.counters)
    }
}

/// Whether a commit and its root tree can be read.
pub(crate) fn is_whole(repo: &Repository, commit: ObjectId) -> bool {
    repo.find_commit(commit).is_ok_and(|commit| commit.tree().is_ok())
}
