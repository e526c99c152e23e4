//! A commit's files as one archive, straight from the mirror: nothing is checked out. The same files always make the
//! same bytes. Called for GitRepositories by the engine.

use crate::{
    error::{ErrorKind, GitError, Result},
    id::TreeId,
    ignore::{FILE_NAME, Rules},
    tree::{Entry, Reader, Visitor},
};
use flate2::{Compression, GzBuilder};
use std::io::Write;
use tagalong_model::RepoPath;
use tar::{Builder, EntryType, Header};

/// Access bits of what is archived; Flux's.
const FOLDER_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o600;
const EXECUTABLE_MODE: u32 = 0o700;
/// "Unknown" in the header of gzip, so that the machine does not show.
const NO_SYSTEM: u8 = 255;

/// The folders and files of a commit, in the order of its trees. Links and submodules are not among them, as with Flux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected(Vec<Node>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Folder(String),
    File(Entry),
}

impl Reader {
    /// What of `commit` lies in one of `folders`; all of it where there are none.
    ///
    /// # Errors
    /// `NotFound` for a folder that is not there, `Damaged` where an object cannot be read.
    pub fn select(&self, commit: &str, folders: &[RepoPath]) -> Result<Selected> {
        let mut selection = Selection { folders, met: vec![false; folders.len()], nodes: Vec::new() };
        self.walk(commit, None, &mut selection)?;
        let missing = folders.iter().zip(&selection.met).find(|(_, met)| !**met);
        match missing {
            None => Ok(Selected(selection.nodes)),
            Some((folder, _)) => Err(GitError::new(
                ErrorKind::NotFound,
                format!("sparse checkout dir '{folder}' does not exist in repository"),
            )),
        }
    }

    /// Writes what was selected as a tar.gz, without what `.sourceignore` files and `ignore` leave out. The number of
    /// files.
    ///
    /// # Errors
    /// `TooLarge` or `Damaged` for a file that cannot be read, `Disk` where `out` does not take the bytes.
    pub fn archive(&self, selected: &Selected, ignore: Option<&str>, out: impl Write) -> Result<usize> {
        let rules = Rules::new(&self.rules(selected)?, ignore);
        let out = GzBuilder::new().mtime(0).operating_system(NO_SYSTEM).write(out, Compression::default());
        let mut archive = Builder::new(out);
        let mut files = 0;
        for node in &selected.0 {
            match node {
                Node::Folder(path) if !rules.leave_out(path, true) => {
                    append(&mut archive, path, EntryType::Directory, FOLDER_MODE, &[])?;
                }
                Node::File(entry) if !rules.leave_out(entry.path.as_str(), false) => {
                    let mode = if entry.executable { EXECUTABLE_MODE } else { FILE_MODE };
                    let bytes = self
                        .read(entry.blob)
                        .map_err(|error| GitError::new(error.kind(), format!("{}: {error}", entry.path)))?;
                    append(&mut archive, entry.path.as_str(), EntryType::Regular, mode, &bytes)?;
                    files += 1;
                }
                Node::Folder(_) | Node::File(_) => {}
            }
        }
        let finished = archive.into_inner().and_then(flate2::write::GzEncoder::finish);
        finished.map_err(|error| unwritable(&error))?.flush().map_err(|error| unwritable(&error))?;
        Ok(files)
    }

    /// The `.sourceignore` files, each with its folder.
    fn rules(&self, selected: &Selected) -> Result<Vec<(String, String)>> {
        let mut rules = Vec::new();
        for node in &selected.0 {
            if let Node::File(entry) = node
                && entry.path.file_name() == FILE_NAME
            {
                let folder = entry.path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
                let text = String::from_utf8_lossy(&self.read(entry.blob)?).into_owned();
                rules.push((folder.to_owned(), text));
            }
        }
        // A folder's own rules come before those below it, which outweigh them.
        rules.sort_by_key(|(folder, _)| folder.matches('/').count() + usize::from(!folder.is_empty()));
        Ok(rules)
    }
}

fn append(
    archive: &mut Builder<impl Write>,
    path: &str,
    kind: EntryType,
    mode: u32,
    bytes: &[u8],
) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, path, bytes).map_err(|error| unwritable(&error))
}

fn unwritable(error: &std::io::Error) -> GitError {
    GitError::disk("cannot write the archive", error)
}

struct Selection<'a> {
    folders: &'a [RepoPath],
    met: Vec<bool>,
    nodes: Vec<Node>,
}

impl Selection<'_> {
    /// Whether a path is in one of the folders, or is one.
    fn holds(&mut self, path: &str) -> bool {
        let mut held = self.folders.is_empty();
        for (folder, met) in self.folders.iter().zip(&mut self.met) {
            *met |= path == folder.as_str();
            held |= within(path, folder.as_str());
        }
        held
    }
}

impl Visitor for Selection<'_> {
    fn folder(&mut self, path: &str, _: TreeId) -> bool {
        if path.is_empty() {
            return true;
        }
        let held = self.holds(path);
        if held {
            self.nodes.push(Node::Folder(path.to_owned()));
        }
        held || self.folders.iter().any(|folder| within(folder.as_str(), path))
    }

    fn file(&mut self, entry: Entry) {
        if self.holds(entry.path.as_str()) {
            self.nodes.push(Node::File(entry));
        }
    }
}

/// Whether `path` is `folder` or lies below it.
fn within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
