//! The branches of pull requests: each the base's tip plus one commit of ours. Blocks; called by `pulls`.

use super::group::{Group, is_revert};
use super::leftover::Wrote;
use crate::automation::branch::{Asker, BranchState, inspect};
use crate::automation::look::Looked;
use crate::automation::message::{AUTOMATION, UPDATE, automation_name, quoted};
use crate::automation::round::{Job, Round, checkout_failed};
use crate::automation::{Failure, TurnOutcome};
use crate::mirrors::Opened;
use tagalong_api::validate::Limits;
use tagalong_git::{GitError, trailer};
use tagalong_model::MarkerTarget;

/// What became of one branch.
pub(super) struct Written {
    pub(super) branch: String,
    pub(super) state: BranchNow,
}

/// How a branch stands after a turn.
pub(super) enum BranchNow {
    /// It holds what the group brings, in this commit.
    Holds {
        commit: String,
        /// Whether that was pushed just now.
        pushed: bool,
    },
    /// It would hold that.
    WouldHold,
    /// Somebody else's commit is on it.
    Foreign { commit: String },
    /// Nothing of the group could be written, or it is another automation's.
    Nothing,
    /// The server will not have it; why.
    Refused { why: String },
    /// Left over, and to be kept: it was pushed after the remote was looked at, or is gone, so that the next turn sees
    /// more; or it takes a commit back that still stands, and a person decides, whatever is healthy meanwhile.
    ToKeep,
    /// Left over: what our commit on it wrote, where there is one.
    LeftOver { wrote: Wrote },
}

/// Writes a branch for each group and looks at those that are left over; `None` where one moved meanwhile. A group comes
/// with the tip that may be replaced whoever made it.
///
/// # Errors
/// What makes a turn fail: the remote is not reached, or refuses.
pub(super) fn write(
    job: &Job,
    opened: &mut Opened,
    looked: &Looked,
    groups: Vec<(Group, Option<String>)>,
    leftovers: &[String],
) -> Result<Option<Vec<Written>>, Failure> {
    let mut written = Vec::with_capacity(groups.len() + leftovers.len());
    for (group, replaceable) in groups {
        let mut own = job.on_branch(&group.branch);
        own.replaceable = replaceable;
        // Whether anything may go was asked of all groups together.
        own.valid.limits = Limits::default();
        let state = match own.round(opened, looked, group.plan, None, 0)? {
            Round::Ended(turn, _) => now(turn.outcome),
            // One that cannot be pushed holds up no other.
            Round::Refused(why) => BranchNow::Refused { why },
            Round::Again => return Ok(None),
        };
        written.push(Written { branch: group.branch, state });
    }
    for branch in leftovers {
        let state = left_over(job, opened, looked, branch).map_err(|error| checkout_failed(&error))?;
        written.push(Written { branch: branch.clone(), state });
    }
    Ok(Some(written))
}

fn now(outcome: TurnOutcome) -> BranchNow {
    match outcome {
        TurnOutcome::Pushed { commit, .. } => BranchNow::Holds { commit, pushed: true },
        TurnOutcome::AlreadyPushed { commit } => BranchNow::Holds { commit, pushed: false },
        TurnOutcome::ForeignCommits { commit } => BranchNow::Foreign { commit },
        TurnOutcome::Planned { .. } => BranchNow::WouldHold,
        TurnOutcome::UpToDate | TurnOutcome::Waiting(_) | TurnOutcome::PullRequests { .. } => {
            BranchNow::Nothing
        }
    }
}

fn left_over(job: &Job, opened: &mut Opened, looked: &Looked, branch: &str) -> Result<BranchNow, GitError> {
    let refname = format!("refs/heads/{branch}");
    let Some(tip) = looked.fetched.tips.get(&refname) else { return Ok(BranchNow::ToKeep) };
    if *tip == looked.fetched.commit {
        return Ok(BranchNow::LeftOver { wrote: Wrote::default() });
    }
    let asker = Asker { automation: &job.valid.key, instance: job.instance.as_deref(), scope: &job.scope };
    let state = inspect(&opened.mirror, &job.gathered.remote, &refname, &looked.fetched, &asker)?;
    Ok(match state {
        BranchState::Foreign { .. } if is_of_another(job, opened, tip)? => BranchNow::Nothing,
        BranchState::Foreign { commit } => BranchNow::Foreign { commit },
        BranchState::Free => BranchNow::LeftOver { wrote: Wrote::default() },
        BranchState::Ours { .. } => {
            let trailers = trailer::parse(&opened.mirror.commit_info(tip)?.message);
            let updates = trailers.into_iter().filter(|(key, _)| key == UPDATE).map(|(_, value)| value);
            let updates: Vec<String> = updates.collect();
            if is_revert(branch) && stands(looked, &updates) {
                return Ok(BranchNow::ToKeep);
            }
            BranchNow::LeftOver { wrote: Wrote { updates, files: files(opened, tip)? } }
        }
    })
}

/// The files that a commit of ours changed.
fn files(opened: &mut Opened, commit: &str) -> Result<Vec<String>, GitError> {
    let mut past = opened.look_back.reader(&opened.mirror);
    let Some(commit) = past.commit(commit.parse()?)? else { return Ok(Vec::new()) };
    let Some(parent) = commit.parents.first() else { return Ok(Vec::new()) };
    let Some(parent) = past.commit(*parent)? else { return Ok(Vec::new()) };
    Ok(past.changes(parent.tree, commit.tree)?.iter().map(|change| change.path.to_string()).collect())
}

/// Whether another automation's commit is at the tip: one whose `push.branch` begins with ours.
fn is_of_another(job: &Job, opened: &Opened, tip: &str) -> Result<bool, GitError> {
    let trailers = trailer::parse(&opened.mirror.commit_info(tip)?.message);
    let name = automation_name(&job.valid.key, job.instance.as_deref());
    Ok(trailer::get(&trailers, AUTOMATION).is_some_and(|named| named != name))
}

/// Whether what these updates would take away stands somewhere.
fn stands(looked: &Looked, updates: &[String]) -> bool {
    let sites = looked.files.iter().flat_map(|file| &file.scan.sites);
    sites.into_iter().any(|site| {
        site.fields.iter().any(|field| {
            let target = MarkerTarget { policy: site.policy.clone(), setter: field.setter };
            let begin = format!("{target} {} -> ", quoted(&field.value));
            updates.iter().any(|update| update.starts_with(&begin))
        })
    })
}
