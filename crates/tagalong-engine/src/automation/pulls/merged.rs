//! Branches whose pull request was merged: the automation has made them, so it removes them. One that people may still
//! need stays: closed without merging, pushed to by somebody, or with another pull request from it or to it. Called by
//! `pulls` at the end of a turn.

use super::Seen;
use super::group::Stem;
use super::requests::Requests;
use crate::automation::act::{self, Planned, blocking};
use crate::automation::branch::{Asker, holds_ours};
use crate::automation::round::{Job, checkout_failed};
use crate::context::Context;
use crate::desk::Desk;
use crate::mirrors::Opened;
use std::sync::Arc;
use tagalong_forge::{Forge, PullRequest, State};
use tagalong_git::{GitError, Pushed};

/// A branch and its tip.
type Tip = (String, String);

/// Removes them. What goes wrong here costs nobody anything: the next turn tries again.
pub(super) async fn remove<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    planned: &Planned,
    forge: &dyn Forge,
    seen: &Seen,
    requests: &Requests<'_>,
) {
    let repository = job.gathered.remote.url.lock_key();
    let mut idle = idle(job, planned, seen);
    idle.retain(|tip| !requests.has_branch(&tip.0) && !context.hosts.is_kept(&repository, tip));
    if idle.is_empty() || job.dry_run {
        return;
    }
    let branches: Vec<String> = idle.iter().map(|(branch, _)| branch.clone()).collect();
    let closed = match forge.closed(&branches, &job.gathered.push_branch).await {
        Ok(closed) => closed,
        Err(error) => return tracing::debug!(%error, "the host does not say what was merged"),
    };
    let (merged, others): (Vec<Tip>, Vec<Tip>) =
        idle.into_iter().partition(|(branch, tip)| was_merged(&closed, branch, tip));
    let mut kept = others;
    if !merged.is_empty() {
        let Ok(mirror) = act::mirror(context, job).await else { return };
        let own = Arc::clone(job);
        let removed = blocking(mirror, move |opened| {
            remove_all(&own, opened, merged).map_err(|error| checkout_failed(&error))
        });
        match removed.await {
            Ok((Ok(left), _)) => kept.extend(left),
            Ok((Err(failure), _)) | Err(failure) => {
                tracing::debug!(why = failure.message, "branches that were merged were not removed");
            }
        }
    }
    context.hosts.keep(&repository, kept);
}

/// The branches of ours from which and to which no pull request is open. A branch that somebody named stays there.
fn idle(job: &Job, planned: &Planned, seen: &Seen) -> Vec<Tip> {
    let stem = Stem::new(&job.valid, job.instance.as_deref());
    let base = &job.gathered.push_branch;
    let tips = planned.looked.fetched.tips.iter();
    tips.filter_map(|(name, tip)| Some((name.strip_prefix("refs/heads/")?.to_owned(), tip.clone())))
        .filter(|(branch, _)| stem.is_own(branch) && !stem.is_named(branch) && branch != base)
        .filter(|(branch, _)| seen.open.iter().all(|pull| pull.branch != *branch))
        .filter(|(branch, _)| !seen.bases.contains(branch))
        .collect()
}

/// Whether the last pull request of a branch brought its very tip, and was merged.
fn was_merged(closed: &[PullRequest], branch: &str, tip: &str) -> bool {
    let of_branch = closed.iter().filter(|pull| pull.branch == branch);
    let last = of_branch.max_by_key(|pull| (pull.closed, pull.number));
    last.is_some_and(|last| last.state == State::Merged && last.head == tip)
}

/// Removes each that still holds our own commit; gives those that do not.
fn remove_all(job: &Job, opened: &mut Opened, merged: Vec<Tip>) -> Result<Vec<Tip>, GitError> {
    let asker = Asker { automation: &job.valid.key, instance: job.instance.as_deref(), scope: &job.scope };
    let mut left = Vec::new();
    for (branch, tip) in merged {
        let refname = format!("refs/heads/{branch}");
        if !holds_ours(&opened.mirror, &job.gathered.remote, &refname, &tip, &asker)? {
            left.push((branch, tip));
            continue;
        }
        match opened.mirror.remove(&job.gathered.remote, &refname, &tip)? {
            Pushed::Done => tracing::info!(branch, "removed: its pull request was merged"),
            // The next turn sees what it is now.
            Pushed::Moved { .. } => {}
            Pushed::Rejected { why, .. } => {
                tracing::warn!(
                    branch,
                    why,
                    "its pull request was merged, and the server does not let it be removed"
                );
                left.push((branch, tip));
            }
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn pull(number: u64, state: State, head: &str) -> PullRequest {
        PullRequest {
            number,
            state,
            head: head.to_owned(),
            branch: "tagalong/web".to_owned(),
            closed: Timestamp::from_second(i64::try_from(number).unwrap()).ok(),
            id: String::new(),
            url: String::new(),
            base: "main".to_owned(),
            title: String::new(),
            body: String::new(),
            draft: false,
            auto_merge: None,
            opened: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_last_one_of_a_branch_says_whether_it_was_merged() {
        let (merged, closed) = (pull(1, State::Merged, "a"), pull(2, State::Closed, "a"));
        let of = |pulls: &[&PullRequest], tip: &str| {
            let pulls: Vec<PullRequest> = pulls.iter().map(|pull| (*pull).clone()).collect();
            was_merged(&pulls, "tagalong/web", tip)
        };
        assert!(of(&[&merged], "a"));
        assert!(!of(&[&merged], "b"), "somebody has pushed since");
        assert!(!of(&[&merged, &closed], "a"), "closed without merging after that");
        assert!(of(&[&closed, &pull(3, State::Merged, "a")], "a"));
        assert!(!of(&[], "a"));
        assert!(!was_merged(&[merged], "tagalong/other", "a"));
    }
}
