//! From sites and policies to what will be written, held and reported. Pure: `run`, `plan` and `--dry-run`
//! all show and carry out this one value.

use super::pins::Pin;
use super::rollback::Revert;
use super::site::{Served, SiteVerdict, decide};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tagalong_api::Reason;
use tagalong_edit::{ObjectIdentifier, Problem, Scan};
use tagalong_model::{MarkerTarget, ObjectKey, RepoPath, Setter};
use tagalong_policy::GateHit;

/// One file of the tree that carries markers, with what was found in it.
#[derive(Debug, Clone)]
pub struct MarkedFile {
    /// Where it stands.
    pub path: RepoPath,
    /// Its content, as the object id of the blob.
    pub blob: [u8; 20],
    /// Whether it is read line by line (`spec.update.lineFiles`).
    pub by_line: bool,
    /// Its sites and problems.
    pub scan: Arc<Scan>,
}

/// What is known of a policy that a marker may name.
#[derive(Debug, Clone)]
pub enum PolicyState {
    /// It serves sites.
    Served(Arc<Served>),
    /// It exists, is selected, and has no tag yet.
    NotReady,
    /// It serves sites, but what it selected must not be written now (rule 5).
    Held {
        /// Why, as one word.
        reason: Reason,
        /// Why, for a person.
        message: String,
    },
    /// It exists, but this automation's `policySelector` leaves it out.
    NotSelected,
}

/// One value that will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEdit {
    /// The file.
    pub path: RepoPath,
    /// Index of the site in the file's scan, and of the field in the site.
    pub place: (usize, usize),
    /// Line of the value, from 1.
    pub line: u32,
    /// Column of the value, from 1.
    pub column: u32,
    /// Key path of the value.
    pub key_path: String,
    /// The value that is there.
    pub from: String,
    /// The value that will be.
    pub to: String,
    /// The tag that the whole site gets.
    pub tag: String,
    /// The marker's policy and part.
    pub target: MarkerTarget,
    /// The object whose manifest this is.
    pub object: ObjectIdentifier,
    /// Why the old value is no longer accepted, where that is the cause.
    pub left_policy: Option<String>,
    /// What the site's history refuses and goes on to refuse when this is written.
    pub refused: Vec<String>,
}

/// A site at which nothing is written although a policy serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSite {
    /// The file.
    pub path: RepoPath,
    /// Line of the first field, from 1.
    pub line: u32,
    /// The policy that would have written.
    pub policy: ObjectKey,
    /// The tag or value there now.
    pub value: String,
    /// Why, as one word.
    pub reason: Reason,
    /// Why, for a person.
    pub message: String,
    /// The commit behind it, where history is the reason.
    pub pin: Option<Pin>,
}

/// A tag that a policy would select but for one of its gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingTag {
    /// The policy.
    pub policy: ObjectKey,
    /// The tag.
    pub tag: String,
    /// Why, as one word.
    pub reason: &'static str,
    /// Why, for a person.
    pub message: String,
    /// When it passes, where time alone decides that.
    pub until: Option<Timestamp>,
}

/// Something in a file that a person should look at; the rest of the repository goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// The file.
    pub path: RepoPath,
    /// The line, from 1.
    pub line: u32,
    /// Why, as one word.
    pub reason: &'static str,
    /// Why, for a person.
    pub message: String,
}

/// What one turn of an automation would do to one tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditPlan {
    /// Values to write, in file and line order.
    pub edits: Vec<PlannedEdit>,
    /// Served sites that are left alone, with reasons.
    pub held: Vec<HeldSite>,
    /// Markers that cannot be read and files that do not parse.
    pub problems: Vec<FileProblem>,
    /// Markers of policies that exist but are another automation's.
    pub not_selected: Vec<FileProblem>,
    /// Better tags that the policies of these sites keep back, by policy.
    pub waiting: Vec<WaitingTag>,
    /// How many sites were looked at.
    pub sites: usize,
    /// The commit that the edits take back, where that is what they do.
    pub revert: Option<Revert>,
}

impl EditPlan {
    /// The distinct (policy, tag) pairs that would be written, for the existence check of rule 5. What goes back was
    /// there before.
    pub fn tags_written(&self) -> BTreeSet<(ObjectKey, String)> {
        if self.revert.is_some() {
            return BTreeSet::new();
        }
        self.edits.iter().map(|edit| (edit.target.policy.clone(), edit.tag.clone())).collect()
    }
}

/// Plans one tree. The order of `policies` cannot matter: it is a map.
pub fn plan(namespace: &str, files: &[MarkedFile], policies: &BTreeMap<ObjectKey, PolicyState>) -> EditPlan {
    let mut plan = EditPlan::default();
    let mut waiting = BTreeMap::new();
    for file in files {
        plan.problems.extend(file.scan.problems.iter().map(|problem| file_problem(&file.path, problem)));
        for (index, site) in file.scan.sites.iter().enumerate() {
            plan.sites += 1;
            let served = match policies.get(&site.policy) {
                Some(PolicyState::Served(served)) => served,
                state => {
                    unserved(&mut plan, namespace, file, site, state);
                    continue;
                }
            };
            if let Some(hit) = &served.waiting {
                waiting.insert(&site.policy, hit);
            }
            match decide(site, served) {
                SiteVerdict::Keep => {}
                SiteVerdict::Hold { reason, message } => plan.held.push(held(file, site, reason, message)),
                SiteVerdict::Write { values, tag, left_policy } => {
                    write_site(&mut plan, file, index, &values, &tag, left_policy.as_deref());
                }
            }
        }
    }
    plan.waiting = waiting.into_iter().map(|(policy, hit)| waiting_tag(policy, hit)).collect();
    plan
}

fn waiting_tag(policy: &ObjectKey, hit: &GateHit) -> WaitingTag {
    WaitingTag {
        policy: policy.clone(),
        tag: hit.tag.clone(),
        reason: hit.refusal.reason,
        message: hit.refusal.message.clone(),
        until: hit.refusal.until,
    }
}

fn write_site(
    plan: &mut EditPlan,
    file: &MarkedFile,
    index: usize,
    values: &[(usize, String)],
    tag: &str,
    left_policy: Option<&str>,
) {
    let Some(site) = file.scan.sites.get(index) else { return };
    for (at, to) in values {
        let Some(field) = site.fields.get(*at) else { continue };
        plan.edits.push(PlannedEdit {
            path: file.path.clone(),
            place: (index, *at),
            line: field.line,
            column: field.column,
            key_path: field.path.clone(),
            from: field.value.clone(),
            to: to.clone(),
            tag: tag.to_owned(),
            target: MarkerTarget { policy: site.policy.clone(), setter: field.setter },
            object: site.object.clone(),
            left_policy: left_policy.map(ToOwned::to_owned),
            refused: Vec::new(),
        });
    }
}

/// A site that is left alone.
pub(super) fn held(
    file: &MarkedFile,
    site: &tagalong_edit::Site,
    reason: Reason,
    message: String,
) -> HeldSite {
    let shown = |setter: Setter| site.fields.iter().find(|field| field.setter == setter);
    let field = shown(Setter::Image).or_else(|| shown(Setter::Tag)).or_else(|| site.fields.first());
    HeldSite {
        path: file.path.clone(),
        line: field.map_or(0, |field| field.line),
        policy: site.policy.clone(),
        value: field.map(|field| field.value.clone()).unwrap_or_default(),
        reason,
        message,
        pin: None,
    }
}

/// A site whose policy does not serve it: never silent (promise 7).
fn unserved(
    plan: &mut EditPlan,
    namespace: &str,
    file: &MarkedFile,
    site: &tagalong_edit::Site,
    state: Option<&PolicyState>,
) {
    let policy = &site.policy;
    let line = site.fields.first().map_or(0, |field| field.line);
    let problem = |reason: Reason, message: String| FileProblem {
        path: file.path.clone(),
        line,
        reason: reason.as_str(),
        message,
    };
    match state {
        Some(PolicyState::NotReady) => {
            let message = format!("ImagePolicy/{policy} has selected no tag yet; see `tagalong explain`");
            plan.held.push(held(file, site, Reason::PolicyNotReady, message));
        }
        Some(PolicyState::Held { reason, message }) => {
            plan.held.push(held(file, site, *reason, message.clone()))
        }
        Some(PolicyState::NotSelected) => {
            let message =
                format!("ImagePolicy/{policy} exists, but the automation's policySelector leaves it out");
            plan.not_selected.push(problem(Reason::UnknownPolicy, message));
        }
        _ if policy.namespace != namespace => {
            let message = format!(
                "no automation serves ImagePolicy/{policy} here: an automation in namespace {namespace} reads the \
                 policies of {namespace} alone"
            );
            plan.problems.push(problem(Reason::UnknownPolicy, message));
        }
        _ => {
            let message = format!("there is no ImagePolicy/{policy}; correct the marker or add the policy");
            plan.problems.push(problem(Reason::UnknownPolicy, message));
        }
    }
}

fn file_problem(path: &RepoPath, problem: &Problem) -> FileProblem {
    FileProblem {
        path: path.clone(),
        line: problem.line,
        reason: problem.reason.reason(),
        message: problem.message.clone(),
    }
}
