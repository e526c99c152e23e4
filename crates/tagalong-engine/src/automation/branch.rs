//! A push branch that is not the one checked out (RULES 17): the base's tip plus one commit of ours, rebuilt each
//! run; left alone once somebody else's commit is on it. Blocks; called by `act`.
//!
//! *Ours* is a commit whose trailer names this automation and instance, and whose recorded old → new is exactly
//! what it changed: a commit that a person amended or squashed is the person's.

use super::look::Scope;
use super::message::{AUTOMATION, UPDATE, automation_name, update_text};
use std::collections::{BTreeMap, HashSet};
use tagalong_edit::{Edit, Scan, apply, scan};
use tagalong_git::trailer;
use tagalong_git::{BlobId, Checkout, CommitInfo, GitError, Mirror, Remote, TreeId};
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

/// Reads the push branch `refname`; `base` is the ref that was checked out.
pub(crate) fn inspect(
    mirror: &Mirror,
    remote: &Remote,
    refname: &str,
    base: Option<&str>,
    asker: &Asker<'_>,
) -> Result<BranchState, GitError> {
    let commits = mirror.commits_beyond(remote, refname, base.unwrap_or("HEAD"))?;
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

fn is_ours(
    mirror: &Mirror,
    remote: &Remote,
    commit: &CommitInfo,
    asker: &Asker<'_>,
) -> Result<bool, GitError> {
    let trailers = trailer::parse(&commit.message);
    let name = automation_name(asker.automation, asker.instance);
    let named = trailers.iter().any(|(key, value)| key == AUTOMATION && *value == name);
    let [parent] = commit.parents.as_slice() else { return Ok(false) };
    if !named {
        return Ok(false);
    }
    if mirror.reader().walk(parent, None, &mut Paths::default()).is_err() {
        let only = Checkout { commit: Some(parent.clone()), ..Checkout::default() };
        mirror.fetch(remote, &only, &[], &|_, _| Ok(None))?;
    }
    let recorded: HashSet<&str> =
        trailers.iter().filter(|(key, _)| key == UPDATE).map(|(_, value)| value.as_str()).collect();
    changes_are_recorded(mirror, parent, &commit.id, asker.scope, &recorded)
}

/// Whether going from `parent` to `commit` changed marked values as `recorded` says, and not a byte beside.
fn changes_are_recorded(
    mirror: &Mirror,
    parent: &str,
    commit: &str,
    scope: &Scope,
    recorded: &HashSet<&str>,
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
        let Some(kind) = scope.kind(path) else { return Ok(false) };
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
fn recorded_edits<'a>(old: &'a Scan, new: &'a Scan, recorded: &HashSet<&str>) -> Option<Vec<Edit<'a>>> {
    let fields = |scan: &'a Scan| {
        scan.sites.iter().flat_map(|site| site.fields.iter().map(move |field| (site, field)))
    };
    let mut edits = Vec::new();
    for ((site, field), (_, to)) in fields(old).zip(fields(new)) {
        if field.value == to.value {
            continue;
        }
        let target = MarkerTarget { policy: site.policy.clone(), setter: field.setter };
        if !recorded.contains(update_text(&target.to_string(), &field.value, &to.value).as_str()) {
            return None;
        }
        edits.push(Edit { field, value: &to.value });
    }
    Some(edits)
}

/// Files by path, and everything else by name.
#[derive(Default)]
struct Paths(BTreeMap<RepoPath, (BlobId, bool)>, Vec<String>);

impl tagalong_git::Visitor for Paths {
    fn file(&mut self, entry: tagalong_git::Entry) {
        self.0.insert(entry.path, (entry.blob, entry.executable));
    }
    fn skipped(&mut self, skipped: tagalong_git::Skipped) {
        self.1.push(skipped.path);
    }
}
