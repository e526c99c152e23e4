//! Whether a commit since some moment lifts the pin of a site: for pins that no commit makes, such as a pull request
//! that was closed.

use super::UNPIN;
use super::hand::words;
use crate::mirrors::Opened;
use std::collections::HashSet;
use tagalong_git::{CommitId, Deepened, GitError, Remote};

/// How far back a shallow mirror is deepened, and how many commits are looked at in all.
const DEPTH: usize = 200;

/// Whether a commit that `tip` stands on, made at `since` (seconds since 1970) or later, names the site in the trailer
/// that lifts pins.
///
/// # Errors
/// Where the mirror is damaged, or more history cannot be fetched.
pub(crate) fn lifted_after(
    opened: &mut Opened,
    remote: &Remote,
    tip: CommitId,
    since: i64,
    site: &str,
) -> Result<bool, GitError> {
    if let Some(lifted) = walk(opened, tip, since, site)? {
        return Ok(lifted);
    }
    let deepened = opened.mirror.deepen(remote, tip, DEPTH, u64::MAX)?;
    Ok(deepened == Deepened::Done && walk(opened, tip, since, site)?.unwrap_or_default())
}

/// The same in what the mirror has; `None` where that ends too early.
fn walk(opened: &mut Opened, tip: CommitId, since: i64, site: &str) -> Result<Option<bool>, GitError> {
    let mut past = opened.look_back.reader(&opened.mirror);
    let (mut seen, mut open, mut short) = (HashSet::from([tip]), vec![tip], false);
    while let Some(id) = open.pop() {
        let Some(commit) = past.commit(id)? else {
            short = true;
            continue;
        };
        if commit.committed < since || seen.len() > DEPTH {
            continue;
        }
        if commit.trailers.iter().any(|(key, value)| key == UNPIN && words(value) == words(site)) {
            return Ok(Some(true));
        }
        open.extend(commit.parents.iter().copied().filter(|parent| seen.insert(*parent)));
    }
    Ok((!short).then_some(false))
}
