//! A pull request whose group is gone: why it is closed, or why it stays. Pure.

use super::group::Group;
use crate::automation::message::quoted;
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

/// Judges one by what its commit wrote: `flux-system:app:tag 1.0.0 -> 1.1.0`.
pub(super) fn judge(updates: &[String], plan: &EditPlan, groups: &[Group]) -> Leftover {
    let policies: Vec<String> = updates.iter().filter_map(|update| policy(update)).collect();
    let of = |policy: &tagalong_model::ObjectKey| {
        policies.contains(&format!("{}:{}", policy.namespace, policy.name))
    };
    let brings = |group: &&Group| {
        updates.iter().all(|update| {
            group.plan.edits.iter().any(|edit| {
                update.starts_with(&format!("{} ", edit.target))
                    && update.ends_with(&format!(" -> {}", quoted(&edit.to)))
            })
        })
    };
    if !updates.is_empty()
        && let Some(group) =
            groups.iter().find(brings).or(groups.iter().find(|group| group.policies.iter().any(of)))
    {
        return Leftover::Superseded { branch: group.branch.clone() };
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
