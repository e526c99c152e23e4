//! Unhealthy is a revert (`rollback.onUnhealthy: Revert`, RULES 16): a commit of ours with which a Kustomization did not
//! become healthy is taken back by a commit that says so, and that is the pin. Called by `act` beside the plan.
//!
//! ```text
//! verdicts (Kustomizations that failed)
//!   └▶ suspects (our commits between what was Ready and what failed; what of them still stands at the tip)
//!        └▶ proof (built from the commits around it: the failing object is other by what we wrote, and by nothing else)
//!             └▶ Revert, a plan that writes the old values back
//! ```

mod proof;
mod suspect;
mod verdict;

use super::Failure;
use super::act::blocking;
use super::look::Looked;
use super::plan::EditPlan;
use super::round::{Job, checkout_failed};
use crate::context::Context;
use crate::desk::{Desk, DeskError};
use crate::kustomization::files_of;
use crate::mirrors::Guard;
use kube::runtime::reflector::ObjectRef;
use proof::{Proof, Stages};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;
use std::sync::Arc;
use suspect::Suspect;
use tagalong_api::validate::{self, OnUnhealthy, ValidArtifact, ValidAutomation};
use tagalong_api::{GitRepository, Reason};
use tagalong_model::ObjectKey;
use verdict::{Failing, Verdict};

/// A commit of ours that is taken back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// The Kustomization that did not become healthy.
    pub kustomization: ObjectKey,
    /// The revision with which it did not.
    pub revision: String,
    /// The objects that failed, each with what was said of it.
    pub failing: Vec<String>,
    /// The fields of the commit that stay as they are, each with why.
    pub left_alone: Vec<String>,
    /// Why nothing better than the Kustomization's condition was known, where that is so.
    pub unproven: Option<String>,
}

impl Revert {
    /// Seven digits of the commit.
    pub(crate) fn short(&self) -> String {
        self.commit.chars().take(7).collect()
    }

    /// What is said of it in one line.
    pub fn reason(&self) -> String {
        format!("Kustomization/{} was not healthy with {}", self.kustomization, self.short())
    }

    /// The commit message, without trailers: Git's own words for a revert first.
    pub(super) fn message(&self, instance: Option<&str>) -> String {
        let cluster = instance.map(|instance| format!(" in cluster {instance}")).unwrap_or_default();
        let Self { commit, subject, kustomization, revision, .. } = self;
        let list = |items: &[String]| items.iter().map(|item| format!("* {item}\n")).collect::<String>();
        let mut message = format!(
            "Revert \"{subject}\"\n\nThis reverts commit {commit}.\n\nKustomization/{kustomization}{cluster} did not \
             become healthy with revision {revision}:\n\n{}",
            list(&self.failing)
        );
        if let Some(why) = &self.unproven {
            message.push_str(&format!("\nThis is known from the Kustomization's condition alone: {why}.\n"));
        }
        if !self.left_alone.is_empty() {
            message.push_str(&format!("\nLeft alone:\n\n{}", list(&self.left_alone)));
        }
        message
    }
}

/// What the Kustomizations say, before anything is asked of Git.
#[derive(Debug, Default)]
pub(super) struct Heard {
    verdicts: Vec<Verdict>,
    /// The commits at which the judging Kustomizations are Ready; `None` for one that is not. Only where nobody wakes the
    /// automation when that changes.
    standing: Vec<Option<String>>,
}

impl Heard {
    /// Whether there is something to be heard soon of what stands at `commit`.
    pub(super) fn is_open(&self, commit: &str) -> bool {
        self.standing.iter().any(|standing| standing.as_deref() != Some(commit))
    }
}

/// Asks the Kustomizations that are built from the automation's source, where the automation listens to them. Beside it
/// why they could not be asked now.
///
/// # Errors
/// Where there is nobody who could ever be asked: what is written without the safety that was wished for is not written.
pub(super) async fn listen<D: Desk>(
    context: &Context<D>,
    valid: &ValidAutomation,
) -> Result<(Heard, Option<String>), Failure> {
    if valid.on_unhealthy == OnUnhealthy::Ignore {
        return Ok((Heard::default(), None));
    }
    match context.desk.judges(&valid.key.namespace).await {
        Ok(judges) => Ok((verdict::heard(&judges.objects, judges.is_watched, valid), None)),
        Err(DeskError::Unsupported(message)) => {
            Err(Failure { reason: Reason::FeatureGateDisabled, message, stalled: true })
        }
        Err(error) => Ok((Heard::default(), Some(error.to_string()))),
    }
}

/// The plan that takes a commit back, where one has to be.
pub(super) async fn find<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    heard: &Arc<Heard>,
    looked: &Arc<Looked>,
    mirror: Guard,
) -> Result<(Option<EditPlan>, Guard), Failure> {
    if heard.verdicts.is_empty() {
        return Ok((None, mirror));
    }
    let (suspects, mut mirror) = {
        let (job, heard, looked) = (Arc::clone(job), Arc::clone(heard), Arc::clone(looked));
        let (result, mirror) = blocking(mirror, move |opened| {
            let found =
                heard.verdicts.iter().map(|verdict| suspect::suspects(&job, opened, &looked, verdict));
            let found: Result<Vec<_>, _> = found.collect();
            found.map_err(|error| checkout_failed(&error))
        })
        .await?;
        (result?, mirror)
    };
    let artifact = artifact(context, &job.valid.source);
    let mut stages: Stages = Ok(BTreeMap::new());
    for (verdict, suspects) in heard.verdicts.iter().zip(suspects) {
        for suspect in suspects {
            (stages, mirror) = read(mirror, stages, &suspect, &artifact).await?;
            let proof = proof::prove(context, verdict, &suspect, &stages).await;
            let (commit, key) = (suspect.commit.id.to_string(), &verdict.key);
            match proof {
                Proof::Guilty { unproven } => return Ok((Some(plan(verdict, suspect, unproven)), mirror)),
                Proof::Innocent(why) => {
                    tracing::info!(%commit, kustomization = %key, "not taken back: {why}")
                }
            }
        }
    }
    Ok((None, mirror))
}

/// What the source of the automation gives to those who build from it.
fn artifact<D: Desk>(context: &Context<D>, source: &ObjectKey) -> Result<ValidArtifact, String> {
    let reference = ObjectRef::<GitRepository>::new(&source.name).within(&source.namespace);
    let object = context.desk.kinds().sources.get(&reference);
    let object = object.ok_or_else(|| format!("there is no GitRepository/{source}"))?;
    validate::artifact(&object).map_err(|invalid| invalid.message)
}

/// The files that were applied of the commits around a suspect. Those of the one before stay where they serve again, and
/// no others: whole repositories are large.
async fn read(
    mirror: Guard,
    kept: Stages,
    suspect: &Suspect,
    artifact: &Result<ValidArtifact, String>,
) -> Result<(Stages, Guard), Failure> {
    let artifact = match artifact {
        Ok(artifact) => artifact.clone(),
        Err(why) => return Ok((Err(why.clone()), mirror)),
    };
    let (wanted, mut kept) = (suspect.stages(), kept.unwrap_or_default());
    kept.retain(|tree, _| wanted.iter().any(|(wanted, _)| wanted == tree));
    let (read, mirror) = blocking(mirror, move |opened| {
        for (tree, commit) in wanted {
            if let Vacant(place) = kept.entry(tree) {
                let files = files_of(opened, &commit.to_string(), &artifact);
                place.insert(Arc::new(files.map_err(|error| checkout_failed(&error))?));
            }
        }
        Ok(kept)
    })
    .await?;
    Ok((Ok(read?), mirror))
}

fn plan(verdict: &Verdict, suspect: Suspect, unproven: Option<String>) -> EditPlan {
    let revert = Revert {
        commit: suspect.commit.id.to_string(),
        subject: verdict::printable(&suspect.commit.subject),
        kustomization: verdict.key.clone(),
        revision: verdict.revision.clone(),
        failing: verdict.failing.iter().map(Failing::to_string).collect(),
        left_alone: suspect.left_alone,
        unproven,
    };
    EditPlan { edits: suspect.edits, revert: Some(revert), ..EditPlan::default() }
}

#[cfg(test)]
mod tests;
