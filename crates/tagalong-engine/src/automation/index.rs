//! The site index: what was found in each blob, kept by blob id beside the mirror. Only blobs never seen before
//! are read, so a turn costs what changed, not how large the repository is.

use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tagalong_edit::Scan;

/// Changes whenever [`Scan`] or what fills it changes; an index of another version is rebuilt.
const VERSION: u32 = 1;
/// Entries beyond this many times those in use are dropped at the next save.
const SLACK: usize = 4;

/// A blob and how it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct BlobKey {
    /// The object id.
    pub(crate) blob: [u8; 20],
    /// Whether it was read line by line, and as which format.
    pub(crate) line_format: Option<u8>,
}

/// Scans by blob; blobs without a marker take no scan.
#[derive(Debug, Default)]
pub(crate) struct SiteIndex {
    path: Option<PathBuf>,
    marked: HashMap<BlobKey, Arc<Scan>>,
    clean: HashSet<BlobKey>,
    /// Whether there is something to save.
    changed: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    marked: Vec<(BlobKey, Scan)>,
    clean: Vec<BlobKey>,
}

impl SiteIndex {
    /// Loads the index of a mirror. One that is missing, damaged or of another version is begun anew: it holds
    /// nothing that the blobs do not say.
    pub(crate) fn load(path: &Path) -> Self {
        let empty = || Self { path: Some(path.to_owned()), ..Self::default() };
        let Ok(bytes) = std::fs::read(path) else { return empty() };
        match postcard::from_bytes::<Stored>(&bytes) {
            Ok(stored) if stored.version == VERSION => Self {
                path: Some(path.to_owned()),
                marked: stored.marked.into_iter().map(|(key, scan)| (key, Arc::new(scan))).collect(),
                clean: stored.clean.into_iter().collect(),
                changed: false,
            },
            _ => empty(),
        }
    }

    /// What is known of a blob: `None` not seen yet, `Some(None)` no marker in it.
    pub(crate) fn get(&self, key: &BlobKey) -> Option<Option<Arc<Scan>>> {
        match self.marked.get(key) {
            Some(scan) => Some(Some(Arc::clone(scan))),
            None => self.clean.contains(key).then_some(None),
        }
    }

    /// Takes what was found in a blob, and gives back what `get` will from now on.
    pub(crate) fn insert(&mut self, key: BlobKey, scan: Scan) -> Option<Arc<Scan>> {
        self.changed = true;
        if scan.sites.is_empty() && scan.problems.is_empty() {
            self.clean.insert(key);
            return None;
        }
        let scan = Arc::new(scan);
        self.marked.insert(key, Arc::clone(&scan));
        Some(scan)
    }

    /// Writes the index if it changed. `in_use` are the blobs of the tree at hand; when most of the rest is
    /// history, it is dropped. An index that cannot be written costs time at the next start and nothing else.
    pub(crate) fn save(&mut self, in_use: &HashSet<BlobKey>) {
        if !self.changed {
            return;
        }
        self.changed = false;
        if self.marked.len() + self.clean.len() > SLACK * in_use.len() + 1000 {
            self.marked.retain(|key, _| in_use.contains(key));
            self.clean.retain(|key| in_use.contains(key));
        }
        let Some(path) = &self.path else { return };
        let stored = Stored {
            version: VERSION,
            marked: self.marked.iter().map(|(key, scan)| (key.clone(), scan.as_ref().clone())).collect(),
            clean: self.clean.iter().cloned().collect(),
        };
        let written = postcard::to_stdvec(&stored)
            .map_err(std::io::Error::other)
            .and_then(|bytes| replace(path, &bytes));
        if let Err(error) = written {
            tracing::warn!(%error, "the site index was not saved; the next start reads the repository anew");
        }
    }
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
