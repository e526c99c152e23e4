//! Reading a commit's files without checking them out. Symlinks and submodules are reported and never followed.

use crate::{
    error::{ErrorKind, GitError, Result},
    id::{BlobId, TreeId},
    mirror::Mirror,
    repository::parse_commit,
    stats::Counters,
};
use gix::odb::pack::cache::lru::MemoryCappedHashmap;
use gix::{ObjectId, Repository, bstr::ByteSlice, objs::tree::EntryKind};
use std::sync::Arc;
use tagalong_model::RepoPath;

/// The largest file that is read.
const MAX_BLOB: u64 = 64 << 20;
/// The most memory for objects that others are stored as differences to.
const PACK_CACHE: usize = 16 << 20;
/// The most entries one walk visits: far above real repositories, far below a tree made to explode.
const MAX_ENTRIES: usize = 2_000_000;
/// The deepest folder and longest path.
const MAX_PATH: usize = 4096;
/// The most folders within each other; a walk goes as deep as they do.
const MAX_DEPTH: usize = 256;

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: RepoPath,
    /// Its content.
    pub blob: BlobId,
    /// Whether its mode says it can be run.
    pub executable: bool,
}

/// An entry that is no regular file, or has a name no path can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The path, with replacement characters where it is no text.
    pub path: String,
    /// Why it is left alone.
    pub kind: SkippedKind,
    /// What stands there: where a link leads, a commit, or all below a folder. Only good to be compared.
    pub object: BlobId,
}

/// Why an entry is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkippedKind {
    /// A symbolic link.
    Symlink,
    /// Another repository's commit.
    Submodule,
    /// Its name is not UTF-8 or holds a backslash, a line break, or is `.git`.
    Unnameable,
}

/// All files below a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Regular files, sorted as Git sorts trees.
    pub entries: Vec<Entry>,
    /// What is left alone.
    pub skipped: Vec<Skipped>,
}

/// Told what a walk meets, parents before children.
pub trait Visitor {
    /// A folder (`""` is the root); `false` passes over it, as where its content is known by its id already.
    fn folder(&mut self, path: &str, tree: TreeId) -> bool {
        let _ = (path, tree);
        true
    }

    /// A regular file.
    fn file(&mut self, entry: Entry);

    /// An entry that is left alone.
    fn skipped(&mut self, skipped: Skipped) {
        let _ = skipped;
    }
}

impl Visitor for Listing {
    fn file(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn skipped(&mut self, skipped: Skipped) {
        self.skipped.push(skipped);
    }
}

/// Reads trees and blobs of one mirror. Not shared between threads; cheap to make.
pub struct Reader {
    repo: Repository,
    counters: Arc<Counters>,
}

impl Reader {
    pub(crate) fn new(mut repo: Repository, counters: Arc<Counters>) -> Self {
        // Files of one kind are often stored as differences to each other: keep what they differ from.
        repo.objects.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(PACK_CACHE)));
        Self { repo, counters }
    }

    pub(crate) fn repo(&self) -> &Repository {
        &self.repo
    }

    /// A tree as it is stored.
    pub(crate) fn tree_bytes(&self, id: TreeId) -> Result<Vec<u8>> {
        Counters::add(&self.counters.trees_read, 1);
        let mut tree = self.repo.find_tree(ObjectId::from(*id.as_bytes())).map_err(GitError::damaged)?;
        Ok(tree.take_data())
    }

    /// Visits the files of `commit` below `folder`.
    ///
    /// # Errors
    /// `NotFound` where there is no such folder, `Damaged` where an object cannot be read.
    pub fn walk(&self, commit: &str, folder: Option<&RepoPath>, visitor: &mut dyn Visitor) -> Result<()> {
        let root = self
            .repo
            .find_commit(parse_commit(commit)?)
            .map_err(GitError::damaged)?
            .tree_id()
            .map_err(GitError::damaged)?
            .detach();
        let (prefix, root) = match folder {
            None => (String::new(), root),
            Some(folder) => (folder.as_str().to_owned(), self.descend(root, folder)?),
        };
        let mut visited = 0;
        self.visit(&prefix, root, visitor, &mut visited)
    }

    /// All files of `commit` below `folder`.
    ///
    /// # Errors
    /// As [`Reader::walk`].
    pub fn list(&self, commit: &str, folder: Option<&RepoPath>) -> Result<Listing> {
        let mut listing = Listing::default();
        self.walk(commit, folder, &mut listing)?;
        Ok(listing)
    }

    /// A file's content.
    ///
    /// # Errors
    /// `TooLarge` above 64 MiB, `Damaged` where it cannot be read.
    pub fn read(&self, blob: BlobId) -> Result<Vec<u8>> {
        let id = blob.object_id();
        let header = self.repo.find_header(id).map_err(GitError::damaged)?;
        if header.size() > MAX_BLOB {
            return Err(GitError::new(
                ErrorKind::TooLarge,
                format!("the file is {} MiB large, more than the 64 MiB that are read", header.size() >> 20),
            ));
        }
        Counters::add(&self.counters.blobs_read, 1);
        let mut object = self.repo.find_blob(id).map_err(GitError::damaged)?;
        Ok(object.take_data())
    }

    /// Any object's bytes.
    pub(crate) fn object(&self, id: &str) -> Result<Vec<u8>> {
        let mut object = self.repo.find_object(parse_commit(id)?).map_err(GitError::damaged)?;
        Ok(std::mem::take(&mut object.data))
    }

    /// The tree `path` leads to through folders only.
    fn descend(&self, root: ObjectId, path: &RepoPath) -> Result<ObjectId> {
        let mut at = root;
        for part in path.as_str().split('/') {
            let tree = self.tree(at)?;
            let entry = tree.entries.iter().find(|entry| entry.filename == part && entry.mode.is_tree());
            let missing =
                || GitError::new(ErrorKind::NotFound, format!("the repository has no folder {path}"));
            at = entry.ok_or_else(missing)?.oid;
        }
        Ok(at)
    }

    fn tree(&self, id: ObjectId) -> Result<gix::objs::Tree> {
        Counters::add(&self.counters.trees_read, 1);
        let tree = self.repo.find_tree(id).map_err(GitError::damaged)?;
        let decoded = tree.decode().map_err(GitError::damaged)?;
        Ok(decoded.into())
    }

    fn visit(
        &self,
        prefix: &str,
        tree: ObjectId,
        visitor: &mut dyn Visitor,
        visited: &mut usize,
    ) -> Result<()> {
        if !visitor.folder(prefix, TreeId::from(tree.as_ref())) {
            return Ok(());
        }
        let depth = prefix.matches('/').count();
        for entry in self.tree(tree)?.entries {
            *visited += 1;
            if *visited > MAX_ENTRIES || prefix.len() > MAX_PATH || depth > MAX_DEPTH {
                return Err(GitError::new(
                    ErrorKind::TooLarge,
                    "the repository has more than 2,000,000 files, paths longer than 4,096 bytes, or more than 256 \
                     folders within each other",
                ));
            }
            let name = entry.filename.to_str_lossy();
            let path = if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") };
            let kind = match entry.mode.kind() {
                EntryKind::Link => SkippedKind::Symlink,
                EntryKind::Commit => SkippedKind::Submodule,
                kind => {
                    match (entry.filename.to_str().ok().and_then(|_| path.parse::<RepoPath>().ok()), kind) {
                        (None, _) => SkippedKind::Unnameable,
                        (Some(_), EntryKind::Tree) => {
                            self.visit(&path, entry.oid, visitor, visited)?;
                            continue;
                        }
                        (Some(path), _) => {
                            let executable = kind == EntryKind::BlobExecutable;
                            visitor.file(Entry { path, blob: BlobId::from(entry.oid.as_ref()), executable });
                            continue;
                        }
                    }
                }
            };
            let object = BlobId::from(entry.oid.as_ref());
            visitor.skipped(Skipped { path, kind, object });
        }
        Ok(())
    }
}

impl Mirror {
    /// [`Reader::list`] for a single call.
    ///
    /// # Errors
    /// As there.
    pub fn list(&self, commit: &str, folder: Option<&RepoPath>) -> Result<Listing> {
        self.reader().list(commit, folder)
    }

    /// [`Reader::read`] for a single call.
    ///
    /// # Errors
    /// As there.
    pub fn read(&self, blob: BlobId) -> Result<Vec<u8>> {
        self.reader().read(blob)
    }
}
