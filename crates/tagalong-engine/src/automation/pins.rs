//! A revert is a pin (RULES 10 to 15): asks the branch's history, for each site that is about to be written, whether
//! somebody took that value away. Blocks; called by `round` between the plan and the commit.
//!
//! ```text
//! edits of the plan ─▶ sites ─▶ trace (commits that changed the site, back to our own last write)
//!                                 └▶ Policy::pins ─▶ hold: Reverted │ go on
//!                 the mirror ends too early ─▶ deepen 50, 500, 5,000, all ─▶ HistoryTooShort
//! ```
//!
//! Nothing is kept that could be lost: [`LookBack`] remembers what objects say, and objects never change.

#[cfg(test)]
mod anew_tests;
mod hand;
mod hold;
mod lifted;
mod stretch;
#[cfg(test)]
mod tests;
mod trace;
mod twin;

pub use hand::UNPIN;
pub(super) use hand::{is_named, is_ours, unpin_command, unpin_text};
pub use hold::Pin;
pub(super) use hold::{DEPTHS, Holds, Question};
pub(super) use lifted::{Lifted, Since};
pub(super) use twin::twin;

use super::index::BlobKey;
use std::collections::HashMap;
use std::sync::Arc;
use stretch::Stretches;
use tagalong_edit::Scan;
use tagalong_git::{CommitId, GitError, Mirror, Past, PastReader};

/// From this many commits on what is remembered is dropped and read again when it is needed.
const REMEMBERED: usize = 200_000;

/// What has been read of a repository's history. A cache: without it the same is read again. It knows commits whose
/// trees are to be read later, so it ends with the mirror that held them.
#[derive(Debug, Default)]
pub(crate) struct LookBack {
    generation: u64,
    past: Past,
    scans: HashMap<BlobKey, Arc<Scan>>,
    stretches: Stretches,
}

impl LookBack {
    /// The last common ancestors of two commits; `None` where the mirror does not reach that far back.
    pub(super) fn bases(
        &mut self,
        mirror: &Mirror,
        a: CommitId,
        b: CommitId,
    ) -> Result<Option<Vec<CommitId>>, GitError> {
        self.reader(mirror).bases(a, b)
    }

    /// Reads commits.
    pub(super) fn reader<'p>(&'p mut self, mirror: &Mirror) -> PastReader<'p> {
        self.fit(mirror);
        mirror.past(&mut self.past)
    }

    /// Forgets everything where it is too much, or of a mirror that has begun anew since.
    fn fit(&mut self, mirror: &Mirror) {
        let much = [self.past.len(), self.stretches.len(), self.scans.len()].into_iter().max();
        if much > Some(REMEMBERED) || self.generation != mirror.generation() {
            *self = Self { generation: mirror.generation(), ..Self::default() };
        }
    }
}
