//! The site index: what was found in each blob, kept by blob id beside the mirror. Only blobs never seen before
//! are read, so a turn costs what changed, not how large the repository is.
//!
//! ```text
//! STATE/mirrors/REMOTE/sites
//!     tagalong-sites 2
//!     length, adler32, postcard of [(blob, scan or none)]     one block per save: a turn adds what it found
//!     length, adler32, …
//! ```

use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tagalong_edit::Scan;

/// Changes whenever [`Scan`] or what fills it changes; an index that begins otherwise is begun anew.
const HEAD: &[u8] = b"tagalong-sites 2\n";
/// Entries beyond this many times those in use are dropped at the next save.
const SLACK: usize = 2;

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
    /// What the file does not hold yet.
    unsaved: Vec<BlobKey>,
    /// Whether the file is sound to its end, so that a block may be added.
    sound: bool,
}

impl SiteIndex {
    /// Loads the index of a mirror. One that is missing, damaged or of another version is begun anew, and of one
    /// that breaks off what stands before: it holds nothing that the blobs do not say.
    pub(crate) fn load(path: &Path) -> Self {
        let mut index = Self { path: Some(path.to_owned()), ..Self::default() };
        let file = fs::read(path).unwrap_or_default();
        let Some(mut rest) = file.strip_prefix(HEAD) else { return index };
        while let Some((entries, after)) = read_block(rest) {
            for (key, scan) in entries {
                index.hold(key, scan);
            }
            rest = after;
        }
        index.sound = rest.is_empty();
        index
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
        self.unsaved.push(key.clone());
        let nothing = scan.sites.is_empty() && scan.problems.is_empty();
        self.hold(key, (!nothing).then_some(scan))
    }

    fn hold(&mut self, key: BlobKey, scan: Option<Scan>) -> Option<Arc<Scan>> {
        let Some(scan) = scan.map(Arc::new) else {
            self.clean.insert(key);
            return None;
        };
        self.marked.insert(key, Arc::clone(&scan));
        Some(scan)
    }

    /// Whether most of the index is history, where this many blobs are in use.
    pub(crate) fn is_crowded(&self, in_use: usize) -> bool {
        self.marked.len() + self.clean.len() > SLACK * in_use + 1000
    }

    /// Writes what was found since the last time. With `in_use`, the blobs of the tree at hand, all others are
    /// dropped. An index that cannot be written costs time at the next start and nothing else.
    pub(crate) fn save(&mut self, in_use: Option<&HashSet<BlobKey>>) {
        if self.unsaved.is_empty() {
            return;
        }
        let unsaved = std::mem::take(&mut self.unsaved);
        if let Some(in_use) = in_use {
            self.marked.retain(|key, _| in_use.contains(key));
            self.clean.retain(|key| in_use.contains(key));
            self.sound = false;
        }
        let Some(path) = &self.path else { return };
        let written = if self.sound {
            self.block(unsaved.iter()).and_then(|block| append(path, &block))
        } else {
            self.block(self.marked.keys().chain(&self.clean)).and_then(|block| replace(path, &block))
        };
        self.sound = written.is_ok();
        if let Err(error) = written {
            tracing::warn!(%error, "the site index was not saved; the next start reads the repository anew");
        }
    }

    fn block<'a>(&self, keys: impl Iterator<Item = &'a BlobKey>) -> io::Result<Vec<u8>> {
        let entries: Vec<(&BlobKey, Option<&Scan>)> =
            keys.map(|key| (key, self.marked.get(key).map(Arc::as_ref))).collect();
        let body = postcard::to_stdvec(&entries).map_err(io::Error::other)?;
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let sum = adler2::adler32_slice(&body);
        Ok([&length.to_le_bytes(), &sum.to_le_bytes(), body.as_slice()].concat())
    }
}

type Entries = Vec<(BlobKey, Option<Scan>)>;

/// The first block and what follows it; `None` where there is none that is whole.
fn read_block(bytes: &[u8]) -> Option<(Entries, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    if adler2::adler32_slice(body) != u32::from_le_bytes(*sum) {
        return None;
    }
    Some((postcard::from_bytes(body).ok()?, rest))
}

fn append(path: &Path, block: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(block)
}

fn replace(path: &Path, block: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(HEAD)?;
    file.write_all(block)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_edit::{FileKind, scan};

    fn key(number: u8) -> BlobKey {
        BlobKey { blob: [number; 20], line_format: None }
    }

    fn found(tag: &str) -> Scan {
        scan(format!("image: app:{tag} # {{\"$imagepolicy\": \"ns:app\"}}\n").as_bytes(), FileKind::Yaml)
    }

    /// How many of the keys 0, 1, 2 … an index knows, from the first on.
    fn known(index: &SiteIndex) -> usize {
        (0..9).take_while(|number| index.get(&key(*number)).is_some()).count()
    }

    /// An index file to which three turns each added one blob; 1 is without a marker.
    fn three_turns(path: &Path) {
        let mut index = SiteIndex::load(path);
        for (number, scan) in [(0, found("1")), (1, Scan::default()), (2, found("2"))] {
            index.insert(key(number), scan);
            index.save(None);
        }
    }

    #[test]
    fn what_was_found_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites");
        three_turns(&path);
        let index = SiteIndex::load(&path);
        assert_eq!(index.get(&key(0)), Some(Some(Arc::new(found("1")))));
        assert_eq!(index.get(&key(1)), Some(None));
        assert_eq!(index.get(&key(2)), Some(Some(Arc::new(found("2")))));
        assert_eq!(index.get(&key(3)), None);
    }

    #[test]
    fn a_turn_writes_what_it_found_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites");
        three_turns(&path);
        let before = fs::read(&path).unwrap();
        let mut index = SiteIndex::load(&path);
        index.save(None);
        assert_eq!(fs::read(&path).unwrap(), before, "nothing was found");
        index.insert(key(3), Scan::default());
        index.save(None);
        let after = fs::read(&path).unwrap();
        assert!(after.starts_with(&before) && after.len() < before.len() + 40, "{}", after.len());
    }

    #[test]
    fn an_index_that_breaks_off_or_is_damaged_holds_what_stands_before_and_is_made_whole_by_the_next_turn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites");
        three_turns(&path);
        let whole = fs::read(&path).unwrap();
        let mut damaged: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
        damaged.extend((0..whole.len()).map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            bytes
        }));
        for bytes in damaged {
            fs::write(&path, &bytes).unwrap();
            let mut index = SiteIndex::load(&path);
            let first = known(&index);
            assert!(first < 3, "{} bytes", bytes.len());
            for number in 0..3 {
                index.insert(key(number), found("3"));
            }
            index.save(None);
            assert_eq!(known(&SiteIndex::load(&path)), 3);
        }
    }

    #[test]
    fn history_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites");
        let mut index = SiteIndex::load(&path);
        let many = |number: u16| {
            let mut blob = [0; 20];
            blob[..2].copy_from_slice(&number.to_le_bytes());
            BlobKey { blob, line_format: None }
        };
        for number in 0..1100 {
            index.insert(many(number), Scan::default());
        }
        assert!(index.is_crowded(40) && !index.is_crowded(60));
        index.save(Some(&HashSet::from([many(7)])));
        let index = SiteIndex::load(&path);
        assert_eq!((index.get(&many(7)), index.get(&many(8))), (Some(None), None));
    }
}
