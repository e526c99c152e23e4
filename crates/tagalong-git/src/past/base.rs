//! Where two lines of history were last one.

use super::PastReader;
use crate::{error::Result, id::CommitId};
use std::collections::{BinaryHeap, HashMap, HashSet};

const OURS: u8 = 1;
const THEIRS: u8 = 2;
/// Reached from a common ancestor: common as well, but not the last one.
const STALE: u8 = 4;
const FOUND: u8 = 8;

impl PastReader<'_> {
    /// The best common ancestors of two commits, as `git merge-base --all` gives them; `None` where the mirror's
    /// history ends before that can be told.
    ///
    /// # Errors
    /// `Damaged` where a commit cannot be read.
    pub fn bases(&mut self, ours: CommitId, theirs: CommitId) -> Result<Option<Vec<CommitId>>> {
        let mut marks: HashMap<CommitId, u8> = HashMap::from([(ours, OURS)]);
        *marks.entry(theirs).or_default() |= THEIRS;
        let mut queue = BinaryHeap::new();
        for id in [ours, theirs] {
            let Some(commit) = self.commit(id)? else { return Ok(None) };
            queue.push((commit.committed, id));
        }
        let mut found = Vec::new();
        while queue.iter().any(|(_, id)| marks.get(id).is_none_or(|mark| mark & STALE == 0)) {
            let Some((_, id)) = queue.pop() else { break };
            let mut mark = marks.get(&id).copied().unwrap_or_default();
            if mark & (OURS | THEIRS | STALE) == OURS | THEIRS {
                if mark & FOUND == 0 {
                    found.push(id);
                    marks.insert(id, mark | FOUND);
                }
                mark |= STALE;
            }
            let mark = mark & (OURS | THEIRS | STALE);
            let Some(commit) = self.commit(id)? else { return Ok(None) };
            for parent in &commit.parents {
                let known = marks.entry(*parent).or_default();
                if *known & mark == mark {
                    continue;
                }
                *known |= mark;
                let Some(parent) = self.commit(*parent)? else {
                    // What lies beyond a common ancestor changes nothing.
                    if mark & STALE == 0 {
                        return Ok(None);
                    }
                    continue;
                };
                queue.push((parent.committed, parent.id));
            }
        }
        found.retain(|id| marks.get(id).is_none_or(|mark| mark & STALE == 0));
        // Where clocks went wrong, one of several may lie below another.
        let mut best = Vec::new();
        for id in &found {
            let mut below = false;
            for other in found.iter().filter(|other| *other != id) {
                below |= self.is_ancestor(*id, *other)?;
            }
            if !below {
                best.push(*id);
            }
        }
        Ok(Some(best))
    }

    /// Whether one commit is in the history of another, as far as the mirror holds it.
    fn is_ancestor(&mut self, ancestor: CommitId, of: CommitId) -> Result<bool> {
        let mut seen = HashSet::from([of]);
        let mut open = vec![of];
        while let Some(id) = open.pop() {
            if id == ancestor {
                return Ok(true);
            }
            let parents = self.commit(id)?.map(|commit| commit.parents.clone()).unwrap_or_default();
            open.extend(parents.into_iter().filter(|parent| seen.insert(*parent)));
        }
        Ok(false)
    }
}
