//! Which files one tree has otherwise than another: only folders that differ are entered.

use super::{PastReader, too_many};
use crate::{
    error::{GitError, Result},
    id::{BlobId, TreeId},
};
use gix::objs::{TreeRefIter, tree::EntryRef};
use std::{cmp::Ordering, sync::Arc};

/// The most files of one difference.
const MAX_CHANGES: usize = 2_000_000;
/// The most folders within each other.
const MAX_DEPTH: usize = 256;

/// A regular file that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it is; parts that are no UTF-8 with replacement characters.
    pub path: Box<str>,
    /// Its content before; `None` where it is new.
    pub before: Option<BlobId>,
    /// Its content after; `None` where it is gone.
    pub after: Option<BlobId>,
}

/// Two folders of the same path, either of which may not be there.
struct Pair {
    prefix: String,
    before: Option<TreeId>,
    after: Option<TreeId>,
}

impl PastReader<'_> {
    /// The files that differ, by path in the order of bytes.
    ///
    /// # Errors
    /// `Damaged` where a tree cannot be read, `TooLarge` beyond 2,000,000 files or 256 folders within each other.
    pub fn changes(&mut self, before: TreeId, after: TreeId) -> Result<Arc<Vec<Change>>> {
        if let Some(known) = self.past.changes.get(&(before, after)) {
            return Ok(Arc::clone(known));
        }
        let mut found = Vec::new();
        let mut open = vec![Pair { prefix: String::new(), before: Some(before), after: Some(after) }];
        while let Some(pair) = open.pop() {
            if pair.before != pair.after {
                self.compare(&pair, &mut open, &mut found)?;
            }
            if found.len() > MAX_CHANGES || pair.prefix.matches('/').count() > MAX_DEPTH {
                return Err(too_many());
            }
        }
        found.sort_by(|a: &Change, b: &Change| a.path.cmp(&b.path));
        let found = Arc::new(found);
        self.past.changes.insert((before, after), Arc::clone(&found));
        Ok(found)
    }

    fn compare(&mut self, pair: &Pair, open: &mut Vec<Pair>, found: &mut Vec<Change>) -> Result<()> {
        let before = pair.before.map(|tree| self.tree(tree)).transpose()?;
        let after = pair.after.map(|tree| self.tree(tree)).transpose()?;
        let mut before = TreeRefIter::from_bytes(bytes_of(before.as_ref()), gix::hash::Kind::Sha1).peekable();
        let mut after = TreeRefIter::from_bytes(bytes_of(after.as_ref()), gix::hash::Kind::Sha1).peekable();
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok(old)), Some(Ok(new))) => old.cmp(new),
                _ => Ordering::Equal,
            };
            let old =
                if order.is_le() { before.next().transpose().map_err(GitError::damaged)? } else { None };
            let new = if order.is_ge() { after.next().transpose().map_err(GitError::damaged)? } else { None };
            if old.map(|entry| (entry.oid, entry.mode)) == new.map(|entry| (entry.oid, entry.mode)) {
                continue;
            }
            differ(&pair.prefix, old, new, open, found);
        }
    }
}

fn bytes_of(tree: Option<&Arc<Vec<u8>>>) -> &[u8] {
    tree.map_or(&[], |tree| tree.as_slice())
}

/// Notes one entry that differs, as a file or as a folder to be entered.
fn differ(
    prefix: &str,
    old: Option<EntryRef<'_>>,
    new: Option<EntryRef<'_>>,
    open: &mut Vec<Pair>,
    found: &mut Vec<Change>,
) {
    let Some(name) = old.or(new).map(|entry| entry.filename) else { return };
    let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}/{name}") };
    let tree = |entry: Option<EntryRef<'_>>| {
        entry.filter(|entry| entry.mode.is_tree()).map(|entry| TreeId::from(entry.oid))
    };
    let file = |entry: Option<EntryRef<'_>>| {
        entry.filter(|entry| entry.mode.is_blob()).map(|entry| BlobId::from(entry.oid))
    };
    let (before, after) = (file(old), file(new));
    if before != after {
        found.push(Change { path: path.clone().into_boxed_str(), before, after });
    }
    let (before, after) = (tree(old), tree(new));
    if before != after {
        open.push(Pair { prefix: path, before, after });
    }
}
