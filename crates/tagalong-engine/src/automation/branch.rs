//! A push branch that is not the one checked out (RULES 17): the base's tip plus one commit of ours, rebuilt each
//! run; left alone once somebody else's commit is on it. Blocks; called by `act`.
//!
//! *Ours* is a commit whose trailer names this automation and instance, and whose recorded old → new is exactly
//! what it changed: a commit that a person amended or squashed is the person's.

use super::look::Scope;
use super::message::{AUTOMATION, UPDATE, automation_name, update_text, words};
use std::collections::{BTreeMap, HashSet};
use tagalong_edit::{Edit, Scan, apply, scan};
use tagalong_git::trailer;
use tagalong_git::{BlobId, Checkout, CommitInfo, Fetched, GitError, Mirror, Remote, TreeId};
use tagalong_model::{MarkerTarget, ObjectKey, RepoPath};

/// What is on the push branch beyond the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BranchState {
    /// Nothing: it does not exist, or holds nothing the base has not.
    Free,
    /// One commit of ours on top of this parent.
    Ours { parent: String, tree: TreeId },
    /// Somebody else's commit.
    Foreign { commit: String },
}

/// Who asks.
pub(crate) struct Asker<'a> {
    pub(crate) automation: &'a ObjectKey,
    pub(crate) instance: Option<&'a str>,
    pub(crate) scope: &'a Scope,
}

/// Reads the push branch `refname`, which does not stand at the base itself.
pub(crate) fn inspect(
    mirror: &Mirror,
    remote: &Remote,
    refname: &str,
    base: &Fetched,
    asker: &Asker<'_>,
) -> Result<BranchState, GitError> {
    let Some(base_ref) = &base.refname else {
        return beside_commit(mirror, remote, refname, &base.commit, asker);
    };
    let commits = mirror.commits_beyond(remote, refname, base_ref)?;
    for commit in &commits {
        if !is_ours(mirror, remote, commit, asker)? {
            return Ok(BranchState::Foreign { commit: commit.id.clone() });
        }
    }
    Ok(match commits.as_slice() {
        [] => BranchState::Free,
        [only] => {
            BranchState::Ours { parent: only.parents.first().cloned().unwrap_or_default(), tree: only.tree }
        }
        // Several of ours can only come from an older rule; they are rebuilt into one.
        [tip, ..] => BranchState::Ours { parent: String::new(), tree: tip.tree },
    })
}

/// The same where a bare commit was checked out: no ref says what leads to it, so nothing but one commit of ours
/// on top of it may be replaced.
fn beside_commit(
    mirror: &Mirror,
    remote: &Remote,
    refname: &str,
    base: &str,
    asker: &Asker<'_>,
) -> Result<BranchState, GitError> {
    let want = Checkout { name: Some(refname.to_owned()), ..Checkout::default() };
    let tip = mirror.commit_info(&mirror.fetch(remote, &want, &[], &|_, _| Ok(None))?.commit)?;
    let ours = tip.parents == [base] && is_ours(mirror, remote, &tip, asker)?;
    Ok(if ours {
        BranchState::Ours { parent: base.to_owned(), tree: tip.tree }
    } else {
        BranchState::Foreign { commit: tip.id }
    })
}

/// Whether a branch stands at `tip`, and that is a commit of ours, whatever the base holds of it.
pub(crate) fn holds_ours(
    mirror: &Mirror,
    remote: &Remote,
    refname: &str,
    tip: &str,
    asker: &Asker<'_>,
) -> Result<bool, GitError> {
    let want = Checkout { name: Some(refname.to_owned()), ..Checkout::default() };
    let now = mirror.fetch(remote, &want, &[], &|_, _| Ok(None))?.commit;
    Ok(now == tip && is_ours(mirror, remote, &mirror.commit_info(&now)?, asker)?)
}

fn is_ours(
    mirror: &Mirror,
    remote: &Remote,
    commit: &CommitInfo,
    asker: &Asker<'_>,
) -> Result<bool, GitError> {
    let trailers = trailer::parse(&commit.message);
    let name = automation_name(asker.automation, asker.instance);
    let named = trailers.iter().any(|(key, value)| key == AUTOMATION && words(value) == words(&name));
    let [parent] = commit.parents.as_slice() else { return Ok(false) };
    if !named {
        return Ok(false);
    }
    if mirror.reader().walk(parent, None, &mut Paths::default()).is_err() {
        let only = Checkout { commit: Some(parent.clone()), ..Checkout::default() };
        mirror.fetch(remote, &only, &[], &|_, _| Ok(None))?;
    }
    let recorded: HashSet<String> =
        trailers.iter().filter(|(key, _)| key == UPDATE).map(|(_, value)| words(value)).collect();
    changes_are_recorded(mirror, parent, &commit.id, asker.scope, &recorded)
}

/// Whether going from `parent` to `commit` changed marked values as `recorded` says, and not a byte beside.
fn changes_are_recorded(
    mirror: &Mirror,
    parent: &str,
    commit: &str,
    scope: &Scope,
    recorded: &HashSet<String>,
) -> Result<bool, GitError> {
    let reader = mirror.reader();
    let (mut before, mut after) = (Paths::default(), Paths::default());
    reader.walk(parent, None, &mut before)?;
    reader.walk(commit, None, &mut after)?;
    if before.0.len() != after.0.len() || before.1 != after.1 {
        return Ok(false);
    }
    for (path, (old, old_mode)) in &before.0 {
        let Some((new, new_mode)) = after.0.get(path) else { return Ok(false) };
        if old_mode != new_mode {
            return Ok(false);
        }
        if old == new {
            continue;
        }
        let kind = scope.kind(path).unwrap_or_else(|| Scope::kind_by_name(path));
        let (old, new) = (reader.read(*old)?, reader.read(*new)?);
        let (old_scan, new_scan) = (scan(&old, kind), scan(&new, kind));
        let Some(edits) = recorded_edits(&old_scan, &new_scan, recorded) else { return Ok(false) };
        if apply(&old, kind, &edits).map(|edited| edited.bytes).ok() != Some(new) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The edits that lead from one scan to the other, `None` where one of them is not recorded.
fn recorded_edits<'a>(old: &'a Scan, new: &'a Scan, recorded: &HashSet<String>) -> Option<Vec<Edit<'a>>> {
    let fields = |scan: &'a Scan| {
        scan.sites.iter().flat_map(|site| site.fields.iter().map(move |field| (site, field)))
    };
    let mut edits = Vec::new();
    for ((site, field), (_, to)) in fields(old).zip(fields(new)) {
        if field.value == to.value {
            continue;
        }
        let target = MarkerTarget { policy: site.policy.clone(), setter: field.setter };
        if !recorded.contains(&words(&update_text(&target.to_string(), &field.value, &to.value))) {
            return None;
        }
        edits.push(Edit { field, value: &to.value });
    }
    Some(edits)
}

/// Files by path, and everything else as it is.
#[derive(Default)]
struct Paths(BTreeMap<RepoPath, (BlobId, bool)>, Vec<tagalong_git::Skipped>);

impl tagalong_git::Visitor for Paths {
    fn file(&mut self, entry: tagalong_git::Entry) {
        self.0.insert(entry.path, (entry.blob, entry.executable));
    }
    fn skipped(&mut self, skipped: tagalong_git::Skipped) {
        self.1.push(skipped);
    }
}
