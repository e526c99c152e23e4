//! How a turn of a GitRepository ended, as status, events and the next turn.

use super::conditions::{self, Before};
use super::{Done, Failure};
use crate::context::Context;
use crate::desk::{Desk, Event, EventType, Finding};
use crate::outcome::conclude;
use crate::wake::{key_of, requested_at};
use crate::wheel::Failed;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use tagalong_api::condition::Outcome;
use tagalong_api::{Artifact, GitRepository, GitRepositoryStatus, Reason};

/// A suspended object keeps its conditions and its artifact (RULES 28).
pub(super) async fn suspended<D: Desk>(
    context: &Context<D>,
    object: &GitRepository,
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    let (generation, observed) = (object.metadata.generation, status.observed_generation);
    let concluded = conclude(&Outcome::Suspended, &status.conditions, observed, generation, now, "");
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    post(context, object, status, Vec::new()).await?;
    Ok(Action::await_change())
}

/// Ok and Err alike become one status, its events, one next time. `kept` is the archive from before that is there.
pub(super) async fn report<D: Desk>(
    context: &Context<D>,
    object: &GitRepository,
    kept: Option<Artifact>,
    result: Result<Done, Failure>,
    now: Timestamp,
) -> Result<Action, Failed> {
    let before = object.status.clone().unwrap_or_default();
    let mut status = before.clone();
    if let Some(requested) = requested_at(object) {
        status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    let outcome = match &result {
        Ok(done) => Outcome::Ready { message: conditions::stored(&done.revision) },
        Err(failure) => Outcome::NotReady {
            reason: failure.reason,
            message: failure.message.clone(),
            stalled: failure.stalled,
        },
    };
    let (generation, observed) = (object.metadata.generation, status.observed_generation);
    let concluded = conclude(&outcome, &status.conditions, observed, generation, now, "");
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    let facts = Before {
        kept: kept.as_ref(),
        verified: object.spec.verify.is_some(),
        generation: generation.unwrap_or_default(),
        now,
    };
    conditions::apply(&mut status.conditions, &facts, &result);
    status.artifact = kept;
    if object.spec.verify.is_none() {
        status.source_verification_mode = None;
    }
    let events = match &result {
        Ok(done) => {
            observe(&mut status, object, done);
            vec![told(&before, &status, done)]
        }
        Err(_) => concluded.event.into_iter().collect(),
    };
    post(context, object, status, events).await?;
    match result {
        Ok(done) => {
            context.retries.succeeded("GitRepository", &key_of(object));
            Ok(Action::requeue(context.jittered(done.interval)))
        }
        Err(failure) if failure.stalled => Ok(Action::await_change()),
        Err(failure) => Err(Failed { message: failure.message }),
    }
}

fn observe(status: &mut GitRepositoryStatus, object: &GitRepository, done: &Done) {
    if let Some(verified) = &done.verified {
        status.source_verification_mode = Some(verified.mode.as_str().to_owned());
    }
    if let Some(artifact) = &done.artifact {
        status.artifact = Some(artifact.clone());
        status.observed_ignore.clone_from(&object.spec.ignore);
        status.observed_sparse_checkout.clone_from(&object.spec.sparse_checkout);
        // Artifacts that Flux made of others are no more.
        status.included_artifacts = None;
        status.observed_include = None;
        status.observed_recurse_submodules = None;
    }
}

/// What a good turn is worth telling, in Flux's words: a new archive, the end of a failure, or that nothing moved.
fn told(before: &GitRepositoryStatus, after: &GitRepositoryStatus, done: &Done) -> Event {
    let digest = |status: &GitRepositoryStatus| status.artifact.as_ref().and_then(|made| made.digest.clone());
    let commit = done.title.as_ref().unwrap_or(&done.revision);
    let stored = format!("stored artifact for commit '{commit}'");
    let (event_type, reason, message) = if digest(before) != digest(after) {
        (EventType::Normal, Reason::NewArtifact, stored)
    } else if conditions::had_failed(&before.conditions) {
        (EventType::Normal, Reason::Succeeded, stored)
    } else {
        let message = format!("no changes since last reconciliation: observed revision '{}'", done.revision);
        (EventType::Trace, Reason::GitOperationSucceeded, message)
    };
    Event { event_type, reason, message }
}

async fn post<D: Desk>(
    context: &Context<D>,
    object: &GitRepository,
    status: GitRepositoryStatus,
    events: Vec<Event>,
) -> Result<(), Failed> {
    let status = (object.status.as_ref() != Some(&status)).then(|| Box::new(status));
    let finding = Finding::Source { key: key_of(object), status, events };
    context.desk.post(finding).await.map_err(|error| Failed { message: error.to_string() })
}
