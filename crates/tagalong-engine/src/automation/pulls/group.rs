//! Which edits go into which pull request, and what its branch is called. Pure.

use crate::automation::plan::EditPlan;
use std::collections::{BTreeMap, BTreeSet};
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

/// What the branches of an automation's pull requests begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stem {
    name: String,
    /// What stands between it and the name of a policy. A branch that somebody named may be there already, and Git has
    /// no `a/b` beside `a`.
    joint: char,
}

impl Stem {
    /// `push.branch`, or a name that no other automation and no other instance has.
    pub(crate) fn new(valid: &ValidAutomation, instance: Option<&str>) -> Self {
        match &valid.push.branch {
            Some(branch) => Self { name: branch.clone(), joint: '-' },
            None => Self::unnamed(valid, instance),
        }
    }

    /// That name, whatever `push.branch` says.
    fn unnamed(valid: &ValidAutomation, instance: Option<&str>) -> Self {
        let key = &valid.key;
        let instance = instance.map(|instance| format!("{}/", in_a_ref(instance))).unwrap_or_default();
        let name = format!("tagalong/{instance}{}/{}", in_a_ref(&key.namespace), in_a_ref(&key.name));
        Self { name, joint: '/' }
    }

    fn branch(&self, group_by: GroupBy, policy: &ObjectKey) -> String {
        let Self { name, joint } = self;
        match group_by {
            GroupBy::Policy => format!("{name}{joint}{}", in_a_ref(&policy.name)),
            // A branch that somebody named is that branch.
            GroupBy::Automation if *joint == '-' => name.clone(),
            GroupBy::Automation => format!("{name}{joint}all"),
        }
    }

    /// Whether a branch is one of those, whatever grouping made it.
    pub(crate) fn is_own(&self, branch: &str) -> bool {
        branch.strip_prefix(&self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with(self.joint))
    }

    /// Whether it is the very branch that somebody named.
    pub(crate) fn is_named(&self, branch: &str) -> bool {
        self.joint == '-' && branch == self.name
    }

    /// The refs of those branches, as a remote is asked for them.
    pub(crate) fn refs(&self) -> [String; 2] {
        let Self { name, joint } = self;
        [format!("refs/heads/{name}"), format!("refs/heads/{name}{joint}*")]
    }
}

/// Every branch that a pull request of this plan may have had: of either grouping, and under the name that it has
/// without `push.branch`.
pub(crate) fn branches(plan: &EditPlan, valid: &ValidAutomation, instance: Option<&str>) -> BTreeSet<String> {
    let stems = [Stem::new(valid, instance), Stem::unnamed(valid, instance)];
    let policies: BTreeSet<&ObjectKey> = plan.edits.iter().map(|edit| &edit.target.policy).collect();
    let of = |stem: &Stem, policy| {
        [GroupBy::Policy, GroupBy::Automation].map(|group_by| stem.branch(group_by, policy))
    };
    policies.iter().flat_map(|policy| stems.iter().flat_map(|stem| of(stem, policy))).collect()
}

/// What takes a commit back, as a pull request of its own.
pub(crate) fn revert(plan: &EditPlan, valid: &ValidAutomation, instance: Option<&str>) -> Option<Group> {
    let short = plan.revert.as_ref()?.short();
    let mut policies: Vec<ObjectKey> = plan.edits.iter().map(|edit| edit.target.policy.clone()).collect();
    policies.sort();
    policies.dedup();
    let Stem { name, joint } = Stem::new(valid, instance);
    let branch = format!("{name}{joint}{REVERT}{short}");
    (!plan.edits.is_empty()).then(|| Group { branch, policies, plan: plan.clone() })
}

/// Whether a branch of ours is that of such a pull request.
pub(crate) fn is_revert(branch: &str) -> bool {
    branch
        .rsplit_once(REVERT)
        .is_some_and(|(_, short)| short.len() == 7 && short.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The groups of a plan, in the order of their policies.
pub(crate) fn groups(
    plan: &EditPlan,
    valid: &ValidAutomation,
    group_by: GroupBy,
    instance: Option<&str>,
) -> Vec<Group> {
    let stem = Stem::new(valid, instance);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for edit in &plan.edits {
        let policy = &edit.target.policy;
        let branch = stem.branch(group_by, policy);
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
