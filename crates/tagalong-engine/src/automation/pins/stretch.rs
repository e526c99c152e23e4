//! Stretches of history without a merge, with the paths that each of their commits touched: a walk goes straight to
//! the next commit that matters for a path, however many sites ask. Read as far back as somebody asked, and no further.

use super::hand;
use std::collections::HashMap;
use std::sync::Arc;
use tagalong_git::{CommitId, GitError, PastCommit, PastReader};

/// How many commits are read at once beyond what is known.
const AT_ONCE: usize = 64;

/// All stretches that were walked.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    all: Vec<Stretch>,
    /// Where each commit stands: which stretch, and how far down.
    on: HashMap<CommitId, (usize, usize)>,
}

/// Commits of one parent each, newest first; the last one may be a merge or a root.
#[derive(Debug)]
struct Stretch {
    commits: Vec<CommitId>,
    /// By path, which of them touched it, newest first.
    touched: HashMap<Box<str>, Vec<usize>>,
    /// Which of them lift pins.
    lifts: Vec<usize>,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    /// The last commit has this parent, which was not looked at yet.
    Open(CommitId),
    /// The last commit stands on this one of another stretch.
    Joins(CommitId),
    /// The last commit is a merge or a root.
    Stops,
}

impl Stretches {
    /// How many commits are remembered.
    pub(super) fn len(&self) -> usize {
        self.on.len()
    }

    /// The first commit from `from` back that touched `path`, lifts pins, or has not exactly one parent; `None` where
    /// the mirror's history ends before it.
    pub(super) fn next(
        &mut self,
        reader: &mut PastReader<'_>,
        from: CommitId,
        path: &str,
    ) -> Result<Option<Arc<PastCommit>>, GitError> {
        let mut from = from;
        loop {
            let (number, at) = match self.on.get(&from) {
                Some(place) => *place,
                None => match reader.commit(from)? {
                    Some(commit) => self.begin(&commit),
                    None => return Ok(None),
                },
            };
            let Some(stretch) = self.all.get(number) else { return Ok(None) };
            if let Some(found) = stretch.first(at, path) {
                return reader.commit(found);
            }
            match stretch.end {
                End::Joins(next) => from = next,
                End::Stops => return stretch.commits.last().map_or(Ok(None), |last| reader.commit(*last)),
                End::Open(parent) => {
                    if !self.extend(reader, number, parent)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn begin(&mut self, commit: &PastCommit) -> (usize, usize) {
        let number = self.all.len();
        let mut stretch =
            Stretch { commits: Vec::new(), touched: HashMap::new(), lifts: Vec::new(), end: End::Stops };
        stretch.push(commit);
        self.all.push(stretch);
        self.on.insert(commit.id, (number, 0));
        (number, 0)
    }

    /// Reads on beyond `parent`, the first that is not known; whether there was anything.
    fn extend(
        &mut self,
        reader: &mut PastReader<'_>,
        number: usize,
        parent: CommitId,
    ) -> Result<bool, GitError> {
        let Some(stretch) = self.all.get_mut(number) else { return Ok(false) };
        let Some(last) = stretch.commits.last() else { return Ok(false) };
        let Some(mut last) = reader.commit(*last)? else { return Ok(false) };
        let mut next = parent;
        for read in 0..AT_ONCE {
            let Some(commit) = reader.commit(next)? else { return Ok(read > 0) };
            let at = stretch.commits.len().saturating_sub(1);
            for change in reader.changes(commit.tree, last.tree)?.iter() {
                stretch.touched.entry(change.path.clone()).or_default().push(at);
            }
            if self.on.contains_key(&commit.id) {
                stretch.end = End::Joins(commit.id);
                return Ok(true);
            }
            self.on.insert(commit.id, (number, stretch.commits.len()));
            stretch.push(&commit);
            match stretch.end {
                End::Open(parent) => next = parent,
                End::Joins(_) | End::Stops => return Ok(true),
            }
            last = commit;
        }
        Ok(true)
    }
}

impl Stretch {
    fn push(&mut self, commit: &PastCommit) {
        if commit.trailers.iter().any(|(key, _)| key == hand::UNPIN) {
            self.lifts.push(self.commits.len());
        }
        self.commits.push(commit.id);
        self.end = match commit.parents.as_slice() {
            [parent] => End::Open(*parent),
            _ => End::Stops,
        };
    }

    /// The first commit from `at` on that touched the path or lifts pins.
    fn first(&self, at: usize, path: &str) -> Option<CommitId> {
        let after = |found: &[usize]| found.get(found.partition_point(|place| *place < at)).copied();
        let touched = self.touched.get(path).and_then(|found| after(found));
        let first = touched.into_iter().chain(after(&self.lifts)).min()?;
        self.commits.get(first).copied()
    }
}
