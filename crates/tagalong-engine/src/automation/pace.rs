//! How often an automation committed lately, as the branch's history tells (RULES 9: nothing is kept that could be
//! lost). Blocks; called by `round` where `limits.commitsPerHour` is set and there is something to write.

use super::message::AUTOMATION;
use super::pins::{DEPTHS, LookBack};
use jiff::Timestamp;
use std::collections::HashSet;
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
            let (mut times, whole) = self.look(known)?;
            let deepened = match depths.next() {
                Some(depth) if !whole => {
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

    /// The times, and whether the mirror reaches back far enough.
    fn look(&self, known: &mut LookBack) -> Result<(Vec<Timestamp>, bool), GitError> {
        let mut reader = known.reader(self.mirror);
        let (mut open, mut seen) = (vec![self.tip], HashSet::from([self.tip]));
        let (mut times, mut whole) = (Vec::new(), true);
        while let Some(id) = open.pop() {
            let Some(commit) = reader.commit(id)? else {
                whole = false;
                continue;
            };
            let committed = Timestamp::from_second(commit.committed).unwrap_or_default();
            if committed < self.since {
                continue;
            }
            if commit.trailers.iter().any(|(key, value)| key == AUTOMATION && value == self.name) {
                times.push(committed);
            }
            open.extend(commit.parents.iter().filter(|parent| seen.insert(**parent)));
        }
        Ok((times, whole))
    }
}
