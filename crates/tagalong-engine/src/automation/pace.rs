//! How often an automation committed lately, as the branch's history tells (RULES 9: nothing is kept that could be
//! lost). Blocks; called by `round` where `limits.commitsPerHour` is set and there is something to write.

use super::message::AUTOMATION;
use super::pins::{DEPTHS, LookBack};
use super::recent::{Missing, walk};
use jiff::Timestamp;
use std::ops::ControlFlow;
use tagalong_git::{CommitId, Deepened, GitError, Mirror, Remote};

/// Whose commits are counted, and since when.
pub(super) struct Asked<'a> {
    pub(super) mirror: &'a Mirror,
    pub(super) remote: &'a Remote,
    pub(super) tip: CommitId,
    /// How the automation is named in its trailers.
    pub(super) name: &'a str,
    pub(super) since: Timestamp,
    pub(super) max_mirror_size: u64,
}

impl Asked<'_> {
    /// The times of its commits, newest first. Where the history cannot be had, as far as it is there.
    pub(super) fn times(&self, known: &mut LookBack) -> Result<Vec<Timestamp>, GitError> {
        let mut depths = DEPTHS.iter();
        loop {
            let (mut times, missing) = self.look(known)?;
            let deepened = match depths.next() {
                Some(depth) if missing != Missing::Nothing => {
                    self.mirror.deepen(self.remote, self.tip, *depth, self.max_mirror_size)?
                }
                _ => Deepened::Nothing,
            };
            if deepened != Deepened::Done {
                times.sort_unstable_by(|a, b| b.cmp(a));
                return Ok(times);
            }
        }
    }

    /// The times, and what the mirror lacks for more.
    fn look(&self, known: &mut LookBack) -> Result<(Vec<Timestamp>, Missing), GitError> {
        let mut times = Vec::new();
        let missing = walk(&mut known.reader(self.mirror), self.tip, self.since.as_second(), |commit| {
            let committed = Timestamp::from_second(commit.committed).unwrap_or_default();
            let is_its = commit.trailers.iter().any(|(key, value)| key == AUTOMATION && value == self.name);
            if is_its && committed >= self.since {
                times.push(committed);
            }
            ControlFlow::Continue(())
        })?;
        Ok((times, missing))
    }
}
