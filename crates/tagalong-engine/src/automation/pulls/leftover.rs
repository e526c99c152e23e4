//! A pull request whose group is gone: why it is closed, or why it stays. Pure.

use super::group::Group;
use crate::automation::message;
use crate::automation::plan::EditPlan;
use tagalong_api::Reason;

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leftover {
    /// Another one brings the same.
    Superseded {
        /// That one's branch.
        branch: String,
    },
    /// There is nothing left for it to do.
    Done {
        /// Why, for a person.
        why: String,
    },
    /// It is not known whether there is: it stays.
    Unknown,
}

/// What the commit on a branch wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wrote {
    /// `flux-system:app:tag 1.0.0 -> 1.1.0`
    pub(super) updates: Vec<String>,
    /// The files, by path.
    pub(super) files: Vec<String>,
}

/// Judges one by what its commit wrote. Groups that wait take nothing over yet.
pub(super) fn judge(wrote: &Wrote, plan: &EditPlan, going: &[Group], waiting: &[Group]) -> Leftover {
    let Wrote { updates, files } = wrote;
    let policies: Vec<String> = updates.iter().filter_map(|update| policy(update)).collect();
    let of = |policy: &tagalong_model::ObjectKey| {
        policies.contains(&format!("{}:{}", policy.namespace, policy.name))
    };
    let brings_it = |group: &&Group| {
        updates
            .iter()
            .all(|update| group.plan.edits.iter().any(|edit| message::brings(update, &edit.target, &edit.to)))
    };
    let of_policy = |group: &&Group| group.policies.iter().any(of);
    if !updates.is_empty()
        && let Some(group) = going.iter().find(brings_it).or(going.iter().find(of_policy))
    {
        return Leftover::Superseded { branch: group.branch.clone() };
    }
    // A file that cannot be read, or a policy that is not there, says nothing of what stands there.
    let problems = plan.problems.iter().chain(&plan.not_selected);
    let unread = problems.into_iter().any(|problem| files.iter().any(|file| file == problem.path.as_str()));
    if unread || waiting.iter().any(|group| of_policy(&group)) {
        return Leftover::Unknown;
    }
    let held = || plan.held.iter().filter(|held| of(&held.policy));
    if held().any(|held| matches!(held.reason, Reason::PolicyNotReady | Reason::TagGone)) {
        return Leftover::Unknown;
    }
    match held().next() {
        Some(held) => Leftover::Done { why: format!("{}: {}", held.reason, held.message) },
        None => Leftover::Done { why: "the branch that it goes to holds what it should".to_owned() },
    }
}

/// `flux-system:app` of an update.
fn policy(update: &str) -> Option<String> {
    let mut parts = update.split(' ').next()?.split(':');
    Some(format!("{}:{}", parts.next()?, parts.next()?))
}
