//! The commits that a branch's tip stands on, as far back as a moment. Blocks; asked by `pace`, and by `pins` for what
//! lifts a pin that no commit made.

use std::collections::{BinaryHeap, HashSet};
use std::ops::ControlFlow;
use tagalong_git::{CommitId, GitError, PastCommit, PastReader};

/// So many commits in a row that are older than the moment end the walk: a clock may have been wrong when one of them was
/// made, and what lies below it is newer.
const OLDER: usize = 20;

/// What the mirror lacks for a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing.
    Nothing,
    /// What lies below commits that are older than the moment.
    Older,
    /// What may be newer than the moment.
    Newer,
}

/// Shows every commit that `tip` stands on and that was made at `since` (seconds since 1970) or later, the newest first,
/// until one is enough.
///
/// # Errors
/// Where the mirror is damaged.
pub(super) fn walk(
    reader: &mut PastReader<'_>,
    tip: CommitId,
    since: i64,
    mut see: impl FnMut(&PastCommit) -> ControlFlow<()>,
) -> Result<Missing, GitError> {
    let (mut seen, mut queue) = (HashSet::from([tip]), BinaryHeap::new());
    let (mut older, mut missing) = (0, Missing::Nothing);
    match reader.commit(tip)? {
        Some(commit) => queue.push((commit.committed, tip)),
        None => return Ok(Missing::Newer),
    }
    while let Some((committed, id)) = queue.pop() {
        older = if committed < since { older + 1 } else { 0 };
        if older > OLDER {
            // What lies below older ones was not to be looked at anyway.
            return Ok(if missing == Missing::Older { Missing::Nothing } else { missing });
        }
        let Some(commit) = reader.commit(id)? else { continue };
        if older == 0 && see(&commit).is_break() {
            return Ok(Missing::Nothing);
        }
        for parent in commit.parents.iter().copied().filter(|parent| seen.insert(*parent)) {
            match reader.commit(parent)? {
                Some(parent) => queue.push((parent.committed, parent.id)),
                None if older == 0 => missing = Missing::Newer,
                None if missing == Missing::Nothing => missing = Missing::Older,
                None => {}
            }
        }
    }
    Ok(missing)
}
