//! Which files may carry markers. Like the engine, which walks the tree of a commit: hidden
//! folders count, links are not followed. Used by `survey`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep folders may nest.
const DEPTH_LIMIT: usize = 128;

/// A file, and where it may lie in its repository.
pub(crate) struct Found {
    /// As it was reached from the given path.
    pub(crate) path: PathBuf,
    /// Relative to the given folder, and to the Git work tree around it.
    pub(crate) relative: Vec<String>,
}

impl Found {
    /// The last component of its path.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The files below `paths`, sorted within each, each file once. What cannot be read is passed over: the loader reports it.
pub(crate) fn files(paths: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let walk = Walk { given: folder, inside: inside_of_work_tree(folder) };
        if path.is_dir() {
            walk.folder(path, 0, &mut found);
        } else {
            found.push(walk.found(path.clone()));
        }
    }
    if paths.len() > 1 {
        let mut seen = HashSet::new();
        found.retain(|file| seen.insert(file.path.canonicalize().unwrap_or_else(|_| file.path.clone())));
    }
    found
}

struct Walk<'p> {
    /// The folder that was given.
    given: &'p Path,
    /// Where that folder lies in its Git work tree; `None` where it is the top of it, or there is none.
    inside: Option<PathBuf>,
}

impl Walk<'_> {
    fn folder(&self, folder: &Path, depth: usize, found: &mut Vec<Found>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut entries: Vec<_> = entries.flatten().collect();
        let cache = |entry: &fs::DirEntry| entry.file_name() == "CACHEDIR.TAG";
        if depth > DEPTH_LIMIT || (depth > 0 && entries.iter().any(cache)) {
            return;
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            if kind.is_file() {
                found.push(self.found(entry.path()));
            } else if kind.is_dir() && name != ".git" && name != "node_modules" {
                self.folder(&entry.path(), depth + 1, found);
            }
        }
    }

    fn found(&self, path: PathBuf) -> Found {
        let below = path.strip_prefix(self.given).unwrap_or(&path);
        let mut relative = vec![below.to_string_lossy().into_owned()];
        relative.extend(self.inside.as_ref().map(|inside| inside.join(below).to_string_lossy().into_owned()));
        Found { relative, path }
    }
}

fn inside_of_work_tree(folder: &Path) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = folder.canonicalize().ok()?;
    let top = folder.ancestors().find(|above| above.join(".git").exists())?;
    let inside = folder.strip_prefix(top).ok()?;
    (!inside.as_os_str().is_empty()).then(|| inside.to_owned())
}
