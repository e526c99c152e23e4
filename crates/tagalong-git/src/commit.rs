//! Making a commit: edits on top of a base, in memory, modes kept, signed when asked.

use crate::{
    error::{ErrorKind, GitError, Result},
    id::TreeId,
    mirror::Mirror,
    repository::parse_commit,
    sign::Signer,
};
use gix::{
    ObjectId, Repository,
    actor::Signature,
    bstr::BString,
    objs::{
        Commit, Tree, WriteTo as _,
        tree::{Entry, EntryKind},
    },
};
use tagalong_model::RepoPath;

/// Who commits, when, and what is said.
#[derive(Debug, Clone)]
pub struct CommitMeta<'a> {
    /// The author's name; the committer is the same.
    pub name: &'a str,
    /// The author's address.
    pub email: &'a str,
    /// When, written as UTC.
    pub time: jiff::Timestamp,
    /// The whole message, trailers included.
    pub message: &'a str,
    /// Signs the commit.
    pub signer: Option<&'a Signer>,
}

/// A commit that exists nowhere but in memory, with the objects the remote does not have.
pub struct Prepared {
    pub(crate) id: ObjectId,
    pub(crate) base: ObjectId,
    pub(crate) author: Signature,
    pub(crate) objects: gix::odb::memory::Storage,
    tree: TreeId,
    changed: bool,
}

impl Prepared {
    /// The commit, 40 hex digits.
    pub fn commit(&self) -> String {
        self.id.to_string()
    }

    /// The commit it stands on.
    pub fn base(&self) -> String {
        self.base.to_string()
    }

    /// Its files, to tell whether another commit holds the same.
    pub fn tree(&self) -> TreeId {
        self.tree
    }

    /// Whether its files differ from the base's at all.
    pub fn is_change(&self) -> bool {
        self.changed
    }
}

impl Mirror {
    /// Makes a commit on top of `base` that holds `edits`: whole new contents of regular files. Nothing is written
    /// anywhere until [`Mirror::push`].
    ///
    /// # Errors
    /// `Invalid` where an edit leads through a symlink or submodule or onto a folder, where two edits name one file,
    /// or where signing fails; `Damaged` where the base cannot be read.
    pub fn commit(
        &self,
        base: &str,
        edits: &[(RepoPath, Vec<u8>)],
        meta: &CommitMeta<'_>,
    ) -> Result<Prepared> {
        let base = parse_commit(base)?;
        let mut repo = self.repo().with_object_memory();
        let base_tree =
            repo.find_commit(base).map_err(GitError::damaged)?.tree_id().map_err(GitError::damaged)?.detach();
        let mut sorted: Vec<Edit<'_>> =
            edits.iter().map(|(path, data)| Edit { path, rest: path.as_str(), data }).collect();
        sorted.sort_by_key(|edit| edit.path.as_str());
        if let Some([edit, _]) = sorted
            .windows(2)
            .find_map(|pair| <&[_; 2]>::try_from(pair).ok().filter(|[a, b]| a.path == b.path))
        {
            return Err(GitError::new(
                ErrorKind::Invalid,
                format!("{} is edited twice in one commit", edit.path),
            ));
        }
        let tree = rewrite(&repo, Some(base_tree), sorted)?;
        let author = signature(meta);
        let mut commit = Commit {
            tree,
            parents: [base].into(),
            author: author.clone(),
            committer: author.clone(),
            encoding: None,
            message: message(meta.message),
            extra_headers: Vec::new(),
        };
        if let Some(signer) = meta.signer {
            let mut payload = Vec::new();
            commit.write_to(&mut payload).map_err(|error| {
                GitError::new(ErrorKind::Invalid, format!("cannot write the commit: {error}"))
            })?;
            commit.extra_headers.push(("gpgsig".into(), signer.sign(&payload)?.trim_end().into()));
        }
        let id = repo.write_object(&commit).map_err(GitError::damaged)?.detach();
        let objects = repo.objects.take_object_memory().unwrap_or_default();
        Ok(Prepared {
            id,
            base,
            author,
            objects,
            tree: TreeId::from(tree.as_ref()),
            changed: tree != base_tree,
        })
    }
}

/// A signature line that cannot break the commit's format.
fn signature(meta: &CommitMeta<'_>) -> Signature {
    let tidy = |text: &str| -> BString {
        text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect::<String>().trim().into()
    };
    Signature {
        name: tidy(meta.name),
        email: tidy(meta.email),
        time: gix::date::Time::new(meta.time.as_second(), 0),
    }
}

fn message(text: &str) -> BString {
    let text = text.replace("\r\n", "\n").replace('\0', "");
    format!("{}\n", text.trim_end()).into()
}

struct Edit<'a> {
    path: &'a RepoPath,
    /// What of the path is left below the tree at hand.
    rest: &'a str,
    data: &'a [u8],
}

/// Writes the tree that `tree` becomes by `edits`, which are sorted by path; reads and writes each folder once.
fn rewrite(repo: &Repository, tree: Option<ObjectId>, edits: Vec<Edit<'_>>) -> Result<ObjectId> {
    let mut tree = match tree {
        Some(id) => {
            let found = repo.find_tree(id).map_err(GitError::damaged)?;
            let decoded = found.decode().map_err(GitError::damaged)?;
            Tree::from(decoded)
        }
        None => Tree::empty(),
    };
    let mut edits = edits.into_iter().peekable();
    while let Some(first) = edits.next() {
        let Some((folder, rest)) = first.rest.split_once('/') else {
            put_file(repo, &mut tree, &first)?;
            continue;
        };
        let mut below = vec![Edit { rest, ..first }];
        let in_folder = |edit: &Edit<'_>| {
            edit.rest.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).is_some()
        };
        while let Some(next) = edits.next_if(in_folder) {
            below.push(Edit { rest: next.rest.get(folder.len() + 1..).unwrap_or_default(), ..next });
        }
        put_folder(repo, &mut tree, folder, below)?;
    }
    tree.entries.sort();
    Ok(repo.write_object(&tree).map_err(GitError::damaged)?.detach())
}

fn put_file(repo: &Repository, tree: &mut Tree, edit: &Edit<'_>) -> Result<()> {
    let blob = repo.write_object(gix::objs::BlobRef { data: edit.data }).map_err(GitError::damaged)?.detach();
    match tree.entries.iter_mut().find(|entry| entry.filename == edit.rest) {
        Some(entry) if matches!(entry.mode.kind(), EntryKind::Blob | EntryKind::BlobExecutable) => {
            entry.oid = blob
        }
        Some(_) => {
            return Err(GitError::new(ErrorKind::Invalid, format!("{} is no regular file", edit.path)));
        }
        None => {
            tree.entries.push(Entry { mode: EntryKind::Blob.into(), filename: edit.rest.into(), oid: blob })
        }
    }
    Ok(())
}

fn put_folder(repo: &Repository, tree: &mut Tree, folder: &str, below: Vec<Edit<'_>>) -> Result<()> {
    let position = tree.entries.iter().position(|entry| entry.filename == folder);
    let old = position.and_then(|at| tree.entries.get(at)).map(|entry| (entry.mode.is_tree(), entry.oid));
    if let (Some((false, _)), Some(edit)) = (old, below.first()) {
        return Err(GitError::new(
            ErrorKind::Invalid,
            format!("{} leads through something that is no folder", edit.path),
        ));
    }
    let new = rewrite(repo, old.map(|(_, id)| id), below)?;
    match position.and_then(|at| tree.entries.get_mut(at)) {
        Some(entry) => entry.oid = new,
        None => tree.entries.push(Entry { mode: EntryKind::Tree.into(), filename: folder.into(), oid: new }),
    }
    Ok(())
}
