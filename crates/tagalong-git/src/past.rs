//! A branch's past: its commits and the files that each of them changed, as far as the mirror holds them. For the
//! look-back of pins (RULES 10 to 14). What was read is kept in a [`Past`] for as long as its owner likes: objects
//! never change. Only trees that differ are read, and of them only the folders that do.

mod base;
mod changes;
mod deepen;

pub use changes::Change;
pub use deepen::Deepened;

use crate::{
    error::{ErrorKind, GitError, Result},
    id::{BlobId, CommitId, TreeId},
    mirror::Mirror,
    trailer,
    tree::Reader,
};
use gix::bstr::ByteSlice as _;
use std::{collections::HashMap, sync::Arc};

/// A commit with the words that tell whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCommit {
    /// Its name.
    pub id: CommitId,
    /// Its files.
    pub tree: TreeId,
    /// What it stands on, whether or not the mirror holds that.
    pub parents: Vec<CommitId>,
    /// The author's name.
    pub author_name: String,
    /// The author's address.
    pub author_email: String,
    /// The author's time, seconds since 1970.
    pub authored: i64,
    /// The committer's time, seconds since 1970.
    pub committed: i64,
    /// The message's first line.
    pub subject: String,
    /// The message's trailers.
    pub trailers: Vec<(String, String)>,
}

/// What has been read of a past.
#[derive(Debug, Default)]
pub struct Past {
    commits: HashMap<CommitId, Arc<PastCommit>>,
    changes: HashMap<(TreeId, TreeId), Arc<Vec<Change>>>,
}

impl Past {
    /// How many commits it holds.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Whether nothing has been read yet.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }
}

/// Reads on in a past.
pub struct PastReader<'p> {
    past: &'p mut Past,
    reader: Reader,
    trees: HashMap<TreeId, Arc<Vec<u8>>>,
}

impl Mirror {
    /// Reads on in what is known of the past.
    pub fn past<'p>(&self, past: &'p mut Past) -> PastReader<'p> {
        PastReader { past, reader: self.reader(), trees: HashMap::new() }
    }
}

impl PastReader<'_> {
    /// A commit; `None` where the mirror's history ends before it.
    ///
    /// # Errors
    /// `Damaged` where it is there and cannot be read.
    pub fn commit(&mut self, id: CommitId) -> Result<Option<Arc<PastCommit>>> {
        if let Some(known) = self.past.commits.get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(object) = self.reader.repo().try_find_object(id.object_id()).map_err(GitError::damaged)?
        else {
            return Ok(None);
        };
        let commit = object.try_into_commit().map_err(GitError::damaged)?;
        let decoded = commit.decode().map_err(GitError::damaged)?;
        let author = decoded.author().map_err(GitError::damaged)?;
        let read = Arc::new(PastCommit {
            id,
            tree: TreeId::from(decoded.tree().as_ref()),
            parents: decoded.parents().map(|parent| CommitId::from(parent.as_ref())).collect(),
            author_name: author.name.to_string(),
            author_email: author.email.to_string(),
            authored: author.seconds(),
            committed: decoded.committer().map_err(GitError::damaged)?.seconds(),
            subject: decoded.message.to_str_lossy().lines().next().unwrap_or_default().to_owned(),
            trailers: trailer::parse(&decoded.message.to_str_lossy()),
        });
        self.past.commits.insert(id, Arc::clone(&read));
        Ok(Some(read))
    }

    /// A file's content.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read(&self, blob: BlobId) -> Result<Vec<u8>> {
        self.reader.read(blob)
    }

    fn tree(&mut self, id: TreeId) -> Result<Arc<Vec<u8>>> {
        /// Neighbouring commits share most of their trees; more than this many are no neighbours.
        const KEPT: usize = 4096;
        if let Some(known) = self.trees.get(&id) {
            return Ok(Arc::clone(known));
        }
        if self.trees.len() >= KEPT {
            self.trees.clear();
        }
        let data = Arc::new(self.reader.tree_bytes(id)?);
        self.trees.insert(id, Arc::clone(&data));
        Ok(data)
    }
}

fn too_many() -> GitError {
    GitError::new(ErrorKind::TooLarge, "a commit changes more than 2,000,000 files, more than are looked at")
}
