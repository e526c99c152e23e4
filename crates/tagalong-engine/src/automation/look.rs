//! Looks at a branch: fetches its tip and finds the sites of its tree, reading only blobs never seen before.
//! Blocks; called by `act` on a thread that may.

use super::index::{BlobKey, SiteIndex};
use super::plan::MarkedFile;
use crate::mirrors::{Opened, choose_tag};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::{BTreeMap, HashSet};
use std::num::NonZero;
use std::sync::Arc;
use tagalong_edit::{FileKind, LineFormat, Problem, ProblemReason, Scan, is_yaml_name, line_format, scan};
use tagalong_git::{
    BlobId, Checkout, Entry, ErrorKind, Fetched, GitError, Mirror, Remote, Skipped, SkippedKind, TreeId,
    Visitor,
};
use tagalong_model::RepoPath;

/// From this many unknown blobs on they are read by several threads.
const WORTH_THREADS: usize = 128;

/// Which files of a tree are searched, and how each is read.
#[derive(Clone)]
pub(crate) struct Scope {
    folder: Option<RepoPath>,
    lines: Vec<String>,
    line_globs: GlobSet,
}

impl Scope {
    /// The scope of an automation. Globs were checked when the object was validated; one that is not a glob
    /// matches nothing.
    pub(crate) fn new(folder: Option<RepoPath>, lines: &[String]) -> Self {
        let mut globs = GlobSetBuilder::new();
        for glob in
            lines.iter().filter_map(|glob| GlobBuilder::new(glob).literal_separator(true).build().ok())
        {
            globs.add(glob);
        }
        Self { folder, lines: lines.to_vec(), line_globs: globs.build().unwrap_or_default() }
    }

    /// How a file is read, `None` where it is not searched.
    pub(crate) fn kind(&self, path: &RepoPath) -> Option<FileKind> {
        let relative = match &self.folder {
            None => path.as_str(),
            Some(folder) => path.as_str().strip_prefix(folder.as_str())?.strip_prefix('/')?,
        };
        if self.line_globs.is_match(relative) {
            return Some(FileKind::Lines(line_format(path.file_name()).unwrap_or_default()));
        }
        is_yaml_name(path.file_name()).then_some(FileKind::Yaml)
    }

    /// How a file that is out of scope now would have been read when it was in.
    pub(crate) fn kind_by_name(path: &RepoPath) -> FileKind {
        let name = path.file_name();
        if is_yaml_name(name) {
            FileKind::Yaml
        } else {
            FileKind::Lines(line_format(name).unwrap_or_default())
        }
    }
}

/// The tree that was last looked at, and what was found in it.
pub(crate) struct Seen {
    commit: String,
    folder: Option<RepoPath>,
    lines: Vec<String>,
    files: Arc<Vec<MarkedFile>>,
    /// Its folders by path: one that is the same again holds the same files.
    folders: BTreeMap<String, TreeId>,
    /// How many blobs it has in scope, as of the last look at all of it.
    blobs: usize,
}

impl Seen {
    fn is_of(&self, scope: &Scope) -> bool {
        self.folder == scope.folder && self.lines == scope.lines
    }

    /// The marked files below a folder.
    fn files_below(&self, folder: &str) -> &[MarkedFile] {
        let Bounds { from, to } = Bounds::below(folder);
        let first = self.files.partition_point(|file| file.path.as_str() < from.as_str());
        let rest = self.files.get(first..).unwrap_or_default();
        let count = rest.partition_point(|file| file.path.as_str() < to.as_str());
        rest.get(..count).unwrap_or_default()
    }

    fn folders_below(&self, folder: &str) -> impl Iterator<Item = (&String, &TreeId)> {
        let Bounds { from, to } = Bounds::below(folder);
        self.folders.range(from..to)
    }
}

/// What every path below a folder lies between; files are sorted by path, as Git sorts trees.
struct Bounds {
    from: String,
    to: String,
}

impl Bounds {
    fn below(folder: &str) -> Self {
        // The character after the slash.
        Self { from: format!("{folder}/"), to: format!("{folder}0") }
    }
}

/// What a look found.
pub(crate) struct Looked {
    pub(crate) fetched: Fetched,
    pub(crate) files: Arc<Vec<MarkedFile>>,
    /// The tip before, where the branch does not hold it any more; told once the history was looked at.
    pub(crate) rewritten: Option<String>,
}

/// Fetches `checkout` and finds its sites; `also` are refs whose tips are wanted beside it.
pub(crate) fn look(
    opened: &mut Opened,
    remote: &Remote,
    checkout: &Checkout,
    also: &[&str],
    scope: &Scope,
) -> Result<Looked, GitError> {
    let fetched = opened.mirror.fetch(remote, checkout, also, &choose_tag)?;
    tracing::debug!(revision = %fetched.revision_name, commit = %fetched.commit, "fetched");
    let seen = opened.seen.take().filter(|seen| seen.is_of(scope));
    let seen = match seen {
        Some(seen) if seen.commit == fetched.commit => seen,
        seen => find(&opened.mirror, &mut opened.index, &fetched.commit, scope, seen)?,
    };
    let files = Arc::clone(&seen.files);
    opened.seen = Some(seen);
    Ok(Looked { fetched, files, rewritten: None })
}

/// Every file in scope that has sites or problems. Only folders that differ from those `before` are walked.
fn find(
    mirror: &Mirror,
    index: &mut SiteIndex,
    commit: &str,
    scope: &Scope,
    before: Option<Seen>,
) -> Result<Seen, GitError> {
    // Which blobs are in use is known only of a tree that is walked to its end.
    let before = before.filter(|seen| !index.is_crowded(seen.blobs));
    let mut walk = Walk { scope, before: before.as_ref(), met: Vec::new(), folders: BTreeMap::new() };
    mirror.reader().walk(commit, scope.folder.as_ref(), &mut walk)?;
    let Walk { met, folders, .. } = walk;
    let mut asked = HashSet::new();
    let unknown: Vec<&Candidate> = met.iter().filter_map(Met::candidate).collect();
    let unknown: Vec<&Candidate> = unknown
        .into_iter()
        .filter(|file| index.get(&file.key).is_none() && asked.insert(&file.key))
        .collect();
    for (key, scan) in read_all(mirror, &unknown)? {
        index.insert(key, scan);
    }
    let blobs = before.as_ref().map_or(met.len(), |seen| seen.blobs);
    let in_use = (before.is_none() && index.is_crowded(blobs))
        .then(|| met.iter().filter_map(Met::candidate).map(|file| file.key.clone()).collect());
    let mut files = Vec::new();
    for met in met {
        match met {
            Met::Known(known) => files.extend_from_slice(known),
            Met::File(Candidate { entry, kind, key }) => {
                if let Some(Some(scan)) = index.get(&key) {
                    let by_line = matches!(kind, FileKind::Lines(_));
                    files.push(MarkedFile { path: entry.path, blob: *entry.blob.as_bytes(), by_line, scan });
                }
            }
        }
    }
    index.save(in_use.as_ref());
    Ok(Seen {
        commit: commit.to_owned(),
        folder: scope.folder.clone(),
        lines: scope.lines.clone(),
        files: Arc::new(files),
        folders,
        blobs,
    })
}

fn read_all(mirror: &Mirror, unknown: &[&Candidate]) -> Result<Vec<(BlobKey, Scan)>, GitError> {
    let threads = if unknown.len() < WORTH_THREADS {
        1
    } else {
        std::thread::available_parallelism().map_or(1, NonZero::get).min(8)
    };
    let chunk = unknown.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            unknown.chunks(chunk).map(|part| scope.spawn(move || read_some(mirror, part))).collect();
        let mut scans = Vec::with_capacity(unknown.len());
        for worker in workers {
            match worker.join() {
                Ok(read) => scans.extend(read?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(scans)
    })
}

fn read_some(mirror: &Mirror, part: &[&Candidate]) -> Result<Vec<(BlobKey, Scan)>, GitError> {
    let reader = mirror.reader();
    let one = |file: &&Candidate| {
        let scan = match reader.read(file.entry.blob) {
            Ok(bytes) => scan(&bytes, file.kind),
            // One file that cannot be looked at does not keep the others waiting.
            Err(error) if error.kind() == ErrorKind::TooLarge => too_large(&error),
            Err(error) => return Err(error),
        };
        Ok((file.key.clone(), scan))
    };
    part.iter().map(one).collect()
}

fn too_large(error: &GitError) -> Scan {
    let problem = Problem {
        line: 0,
        column: 0,
        reason: ProblemReason::TooLarge,
        message: format!("{error}; markers in it are not served"),
    };
    Scan { sites: Vec::new(), problems: vec![problem] }
}

/// A file in scope.
struct Candidate {
    entry: Entry,
    kind: FileKind,
    key: BlobKey,
}

/// What a walk met, in the order of paths.
enum Met<'a> {
    File(Candidate),
    /// The marked files of a folder that is the same as before.
    Known(&'a [MarkedFile]),
}

impl Met<'_> {
    fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::File(candidate) => Some(candidate),
            Self::Known(_) => None,
        }
    }
}

struct Walk<'a> {
    scope: &'a Scope,
    before: Option<&'a Seen>,
    met: Vec<Met<'a>>,
    folders: BTreeMap<String, TreeId>,
}

impl Visitor for Walk<'_> {
    fn folder(&mut self, path: &str, tree: TreeId) -> bool {
        let known = self.before.filter(|before| !path.is_empty() && before.folders.get(path) == Some(&tree));
        self.folders.insert(path.to_owned(), tree);
        let Some(before) = known else { return true };
        self.met.push(Met::Known(before.files_below(path)));
        self.folders.extend(before.folders_below(path).map(|(path, tree)| (path.clone(), *tree)));
        false
    }

    fn file(&mut self, entry: Entry) {
        if let Some(kind) = self.scope.kind(&entry.path) {
            let key = blob_key(entry.blob, kind);
            self.met.push(Met::File(Candidate { entry, kind, key }));
        }
    }

    fn skipped(&mut self, skipped: Skipped) {
        if skipped.kind == SkippedKind::Unnameable {
            tracing::warn!(path = skipped.path, "left alone: its name is no path that can be written");
        }
    }
}

/// How a blob that is read as `kind` is named in the index.
pub(super) fn blob_key(blob: BlobId, kind: FileKind) -> BlobKey {
    let line_format = match kind {
        FileKind::Yaml => None,
        FileKind::Lines(format) => Some(format_number(format)),
    };
    BlobKey { blob: *blob.as_bytes(), line_format }
}

/// A stable number per format for the index on disk.
fn format_number(format: LineFormat) -> u8 {
    match format {
        LineFormat::Text => 0,
        LineFormat::Dockerfile => 1,
        LineFormat::Env => 2,
        LineFormat::Hcl => 3,
        LineFormat::Toml => 4,
        LineFormat::Helm => 5,
    }
}

#[cfg(test)]
mod tests;
