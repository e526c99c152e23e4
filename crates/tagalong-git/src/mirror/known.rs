//! What a mirror remembers of its remote, so that the next fetch brings differences only.

use super::is_whole;
use gix::{ObjectId, Repository};

/// Where the mirror notes the refs it has fetched.
pub(super) const OWN_REFS: &str = "refs/mirror/";

/// The name under which the mirror remembers a remote's ref; flat, so that `a` and `a/b` never clash.
fn own_name(refname: &str) -> String {
    format!(
        "{OWN_REFS}{}",
        refname.strip_prefix("refs/").unwrap_or(refname).replace('%', "%25").replace('/', "%2F")
    )
}

/// Where a remote ref was when it was last fetched or pushed.
pub(super) fn last(repo: &Repository, refname: &str) -> Option<ObjectId> {
    let found = repo.try_find_reference(own_name(refname).as_str()).ok()??;
    found.try_id().map(gix::Id::detach)
}

/// Notes where a remote ref was.
pub(super) fn remember(repo: &Repository, refname: &str, commit: ObjectId) {
    let written =
        repo.reference(own_name(refname), commit, gix::refs::transaction::PreviousValue::Any, "fetched");
    if let Err(error) = written {
        // Only the next fetch grows: it cannot say what it has.
        tracing::debug!(%error, refname, "the mirror could not note a ref");
    }
}

/// The commits whose files are all there, to tell a server that it need not send them.
pub(super) fn known_tips(repo: &Repository) -> Vec<ObjectId> {
    let mut tips = Vec::new();
    if let Ok(platform) = repo.references()
        && let Ok(references) = platform.prefixed(OWN_REFS)
    {
        tips.extend(references.flatten().filter_map(|reference| reference.try_id().map(gix::Id::detach)));
    }
    tips.retain(|tip| is_whole(repo, *tip));
    tips.truncate(32);
    tips
}
