//! The bare copy of one remote: opened or rebuilt, compared with the remote's tip, fetched into.
//!
//! One writer, any number of readers: packs and the shallow file appear whole, and nothing is ever rewritten in place.
//! A local remote has no copy; it is read and written where it is.

use crate::{
    checkout::{self, Checkout, ChooseTag, Fetched, Tips},
    error::{ErrorKind, GitError, Result},
    local,
    remote::Remote,
    repository,
    stats::{Counters, Stats},
    tree::Reader,
    url::Place,
    wire::{Ask, Client, Connection, Depth, RemoteRefs, fetch_pack, finish},
};
use gix::{ObjectId, Repository, ThreadSafeRepository, protocol::transport::Service};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
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
                let (repo, notice) = open_or_rebuild(dir)?;
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
        })
    }

    /// What opening had to repair, for an event.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
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
        put_aside(&self.dir)?;
        *slot = repository::create(&self.dir)?;
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
    /// already this is two requests. `also` names further refs (a push branch) whose values come back in
    /// [`Fetched::tips`]; their commits are not fetched.
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
        self.receive(remote, connection, &found)?;
        Ok(found.fetched(&refs, also))
    }

    fn receive(&self, remote: &Remote, mut connection: Connection, found: &checkout::Found) -> Result<()> {
        let repo = self.repo();
        if is_whole(&repo, found.commit) {
            finish(&mut connection);
            return Ok(());
        }
        if pack_count(&repo) >= MAX_PACKS {
            drop(repo);
            self.start_over()?;
        }
        let repo = self.repo();
        let haves = known_tips(&repo);
        let ask = Ask { wants: &[found.commit], haves: &haves, depth: Depth::Commits(1) };
        match fetch_pack(&mut connection, &repo, &ask) {
            Ok(_) if is_whole(&self.repo(), found.commit) => {}
            Err(error) if error.kind() != ErrorKind::Damaged && error.kind() != ErrorKind::Protocol => {
                return Err(error);
            }
            // Data of ours that the server built upon may be broken: begin again without it, once.
            result if haves.is_empty() => return result.and(Err(checkout::missing_commit(found))),
            _ => {
                drop(connection);
                self.start_over()?;
                let mut connection =
                    Connection::open(remote, Service::UploadPack, &self.client, &self.counters)?;
                connection.refs(&["HEAD"])?;
                fetch_pack(&mut connection, &self.repo(), &Ask { haves: &[], ..ask })?;
                if !is_whole(&self.repo(), found.commit) {
                    return Err(checkout::missing_commit(found));
                }
            }
        }
        if let Some(refname) = &found.refname {
            remember(&self.repo(), refname, found.commit);
        }
        Ok(())
    }

    /// An empty mirror in place of the present one, which is sound but too full or too doubtful to go on with.
    fn start_over(&self) -> Result<()> {
        let mut slot = self.repo.write().unwrap_or_else(PoisonError::into_inner);
        let old = sibling(&self.dir, "old");
        remove(&old)?;
        fs::rename(&self.dir, &old).map_err(|error| GitError::disk("cannot renew the mirror", &error))?;
        *slot = repository::create(&self.dir)?;
        drop(slot);
        remove(&old)
    }

    /// A handle for reading trees and blobs; make one per turn and thread.
    pub fn reader(&self) -> Reader {
        Reader::new(self.repo(), Arc::clone(&self.counters))
    }

    pub(crate) fn repo(&self) -> Repository {
        self.repo.read().unwrap_or_else(PoisonError::into_inner).to_thread_local()
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
            remember(&repo, name, *commit);
        }
    }

    pub(crate) fn connect(&self, remote: &Remote, service: Service) -> Result<Connection> {
        Connection::open(remote, service, &self.client, &self.counters)
    }
}

fn sibling(dir: &Path, ending: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    dir.with_file_name(name)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(GitError::disk(&format!("cannot remove {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

fn put_aside(dir: &Path) -> Result<()> {
    let aside = sibling(dir, "damaged");
    remove(&aside)?;
    fs::rename(dir, &aside).map_err(|error| {
        GitError::disk(&format!("cannot put the damaged mirror {} aside", dir.display()), &error)
    })
}

fn open_or_rebuild(dir: &Path) -> Result<(ThreadSafeRepository, Option<String>)> {
    let empty = !dir.exists() || fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
    if empty {
        return Ok((repository::create(dir)?, None));
    }
    let opened = repository::open(dir).and_then(|repo| {
        sweep(dir);
        check(&repo.to_thread_local()).map(|()| repo)
    });
    match opened {
        Ok(repo) => Ok((repo, None)),
        Err(error) => {
            put_aside(dir)?;
            let notice = format!(
                "the mirror {} was damaged ({error}); it was put aside and is fetched anew",
                dir.display()
            );
            tracing::warn!("{notice}");
            Ok((repository::create(dir)?, Some(notice)))
        }
    }
}

/// Removes what an interrupted write left behind. What is younger may belong to another process.
fn sweep(dir: &Path) {
    let leftover =
        |name: &str| name.starts_with(".tmp") || name.ends_with(".keep") || name.ends_with(".lock");
    for folder in [dir.join("objects/pack"), dir.join(OWN_REFS)] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
            let old = age.is_some_and(|age| age.as_secs() > 600);
            if old && leftover(&entry.file_name().to_string_lossy()) {
                // One that cannot be removed wastes space and nothing else.
                drop(fs::remove_file(entry.path()));
            }
        }
    }
    drop(remove(&sibling(dir, "old")));
}

/// A cheap look for truncated files: each pack ends in the checksum that its index recorded.
fn check(repo: &Repository) -> Result<()> {
    repository::shallow(repo)?;
    for entry in fs::read_dir(repository::pack_dir(repo)).map_err(GitError::damaged)?.flatten() {
        let index = entry.path();
        if index.extension().is_none_or(|extension| extension != "idx") {
            continue;
        }
        let recorded = tail(&index, 40)?;
        let actual = tail(&index.with_extension("pack"), 20)?;
        if recorded.get(..20) != Some(actual.as_slice()) {
            return Err(GitError::new(ErrorKind::Damaged, "a pack does not match its index"));
        }
    }
    Ok(())
}

fn tail(path: &Path, length: i64) -> Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || {
        let mut file = fs::File::open(path)?;
        file.seek(SeekFrom::End(-length))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map(|_| bytes)
    };
    read().map_err(GitError::damaged)
}

fn pack_count(repo: &Repository) -> usize {
    fs::read_dir(repository::pack_dir(repo))
        .map(|entries| {
            entries.flatten().filter(|entry| entry.path().extension().is_some_and(|ext| ext == "idx")).count()
        })
        .unwrap_or(0)
}

/// Whether a commit and its root tree can be read.
pub(crate) fn is_whole(repo: &Repository, commit: ObjectId) -> bool {
    repo.find_commit(commit).is_ok_and(|commit| commit.tree().is_ok())
}

const OWN_REFS: &str = "refs/mirror/";

/// The name under which the mirror remembers a remote's ref; flat, so that `a` and `a/b` never clash.
fn own_name(refname: &str) -> String {
    format!(
        "{OWN_REFS}{}",
        refname.strip_prefix("refs/").unwrap_or(refname).replace('%', "%25").replace('/', "%2F")
    )
}

fn remember(repo: &Repository, refname: &str, commit: ObjectId) {
    let written =
        repo.reference(own_name(refname), commit, gix::refs::transaction::PreviousValue::Any, "fetched");
    if let Err(error) = written {
        // Only the next fetch grows: it cannot say what it has.
        tracing::debug!(%error, refname, "the mirror could not note a ref");
    }
}

fn known_tips(repo: &Repository) -> Vec<ObjectId> {
    let mut tips = Vec::new();
    if let Ok(platform) = repo.references()
        && let Ok(references) = platform.prefixed(OWN_REFS)
    {
        tips.extend(references.flatten().filter_map(|reference| reference.try_id().map(gix::Id::detach)));
    }
    tips.retain(|tip| is_whole(repo, *tip));
    tips.truncate(32);
    tips
}

/// The refs a remote lists, empty where it lists none.
pub(crate) type Refs = RemoteRefs;
