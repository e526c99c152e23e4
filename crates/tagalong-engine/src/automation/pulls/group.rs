//! Which edits go into which pull request, and what its branch is called. Pure.

use crate::automation::plan::EditPlan;
use std::collections::BTreeMap;
use tagalong_api::validate::{GroupBy, ValidAutomation};
use tagalong_model::ObjectKey;

/// What the last part of the branch of a revert begins with; seven digits of the commit follow.
const REVERT: &str = "revert-of-";

/// What one pull request brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its branch, the same at every turn.
    pub(crate) branch: String,
    /// The policies whose tags it brings, sorted.
    pub(crate) policies: Vec<ObjectKey>,
    /// Its edits, and of what is held what belongs to these policies.
    pub(crate) plan: EditPlan,
}

/// What the branches of an automation's pull requests begin with: `push.branch`, or a name that no other automation
/// and no other instance has.
pub(crate) fn stem(valid: &ValidAutomation, instance: Option<&str>) -> String {
    let key = &valid.key;
    let own = || {
        let instance = instance.map(|instance| format!("{}/", in_a_ref(instance))).unwrap_or_default();
        format!("tagalong/{instance}{}/{}", in_a_ref(&key.namespace), in_a_ref(&key.name))
    };
    valid.push.branch.clone().unwrap_or_else(own)
}

/// Whether a branch is one of those, whatever grouping made it.
pub(crate) fn is_own(branch: &str, stem: &str) -> bool {
    branch.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What takes a commit back, as a pull request of its own.
pub(crate) fn revert(plan: &EditPlan, valid: &ValidAutomation, instance: Option<&str>) -> Option<Group> {
    let short = plan.revert.as_ref()?.short();
    let mut policies: Vec<ObjectKey> = plan.edits.iter().map(|edit| edit.target.policy.clone()).collect();
    policies.sort();
    policies.dedup();
    let branch = format!("{}/{REVERT}{short}", stem(valid, instance));
    (!plan.edits.is_empty()).then(|| Group { branch, policies, plan: plan.clone() })
}

/// Whether a branch of ours is that of such a pull request.
pub(crate) fn is_revert(branch: &str) -> bool {
    let last = branch.rsplit('/').next().unwrap_or_default();
    last.strip_prefix(REVERT)
        .is_some_and(|short| short.len() == 7 && short.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The groups of a plan, in the order of their policies.
pub(crate) fn groups(
    plan: &EditPlan,
    valid: &ValidAutomation,
    group_by: GroupBy,
    instance: Option<&str>,
) -> Vec<Group> {
    let stem = stem(valid, instance);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for edit in &plan.edits {
        let policy = &edit.target.policy;
        let branch = match group_by {
            GroupBy::Policy => format!("{stem}/{}", in_a_ref(&policy.name)),
            // A branch that somebody named is that branch.
            GroupBy::Automation if valid.push.branch.is_some() => stem.clone(),
            GroupBy::Automation => format!("{stem}/all"),
        };
        let group = groups.entry(branch.clone()).or_insert_with(|| Group {
            branch,
            policies: Vec::new(),
            plan: EditPlan::default(),
        });
        if let Err(at) = group.policies.binary_search(policy) {
            group.policies.insert(at, policy.clone());
        }
        group.plan.edits.push(edit.clone());
    }
    for group in groups.values_mut() {
        let held = plan.held.iter().filter(|held| group.policies.contains(&held.policy));
        group.plan.held = held.cloned().collect();
    }
    groups.into_values().collect()
}

/// A name as a part of a ref: Git allows neither `.lock` at its end nor a dot at its beginning, nor two dots in a row.
fn in_a_ref(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let name = name.replace("..", "-").trim_matches('.').to_owned();
    name.strip_suffix(".lock").map(|name| format!("{name}-lock")).unwrap_or(name)
}
