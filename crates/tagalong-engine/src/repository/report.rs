//! How a turn of an ImageRepository ended, as status, events and the next turn.

use super::act::Listed;
use super::{Done, Failure};
use crate::context::Context;
use crate::desk::{Desk, Finding};
use crate::outcome::conclude;
use crate::wake::key_of;
use crate::wake::requested_at;
use crate::wheel::Failed;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::controller::Action;
use tagalong_api::condition::Outcome;
use tagalong_api::validate::ValidRepository;
use tagalong_api::{ImageRepository, ImageRepositoryStatus, ScanResult};
use tagalong_model::format_duration;

/// A suspended object keeps its conditions; one that never had any becomes Ready (RULES 28).
pub(super) async fn suspended<D: Desk>(
    context: &Context<D>,
    object: &ImageRepository,
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    let concluded = conclude(
        &Outcome::Suspended,
        &status.conditions,
        status.observed_generation,
        object.metadata.generation,
        now,
        "",
    );
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    post(context, object, status, Vec::new()).await?;
    Ok(Action::await_change())
}

/// Ok and Err alike become one status, one event, one next time.
pub(super) async fn report<D: Desk>(
    context: &Context<D>,
    object: &ImageRepository,
    result: Result<Done, Failure>,
    now: Timestamp,
) -> Result<Action, Failed> {
    let mut status = object.status.clone().unwrap_or_default();
    let (outcome, next, quiet) = match &result {
        Ok(Done { listed, valid, next }) => {
            if let Some(listed) = listed {
                observe(&mut status, valid, listed);
            }
            let wait = format_duration(*next);
            (
                ready(&status),
                Action::requeue(context.jittered(*next)),
                format!("tags did not change, next scan in {wait}"),
            )
        }
        Err(failure) => {
            let outcome = Outcome::NotReady {
                reason: failure.reason,
                message: failure.message.clone(),
                stalled: failure.stalled,
            };
            (outcome, Action::await_change(), String::new())
        }
    };
    if let Some(requested) = requested_at(object) {
        status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    let (generation, observed) = (object.metadata.generation, status.observed_generation);
    let concluded = conclude(&outcome, &status.conditions, observed, generation, now, &quiet);
    status.conditions = concluded.conditions;
    status.observed_generation = concluded.observed_generation;
    post(context, object, status, concluded.event.into_iter().collect()).await?;
    match result {
        Err(failure) if !failure.stalled => Err(Failed { message: failure.message }),
        _ => {
            context.retries.succeeded("ImageRepository", &key_of(object));
            Ok(next)
        }
    }
}

fn ready(status: &ImageRepositoryStatus) -> Outcome {
    let (count, revision) = status
        .last_scan_result
        .as_ref()
        .map_or((0, ""), |scan| (scan.tag_count, scan.revision.as_deref().unwrap_or("")));
    Outcome::Ready { message: format!("successful scan: found {count} tags with checksum {revision}") }
}

fn observe(status: &mut ImageRepositoryStatus, valid: &ValidRepository, listed: &Listed) {
    status.canonical_image_name = Some(valid.image.canonical());
    status.observed_exclusion_list = Some(valid.exclusions.clone());
    status.last_scan_result = Some(ScanResult {
        revision: Some(listed.revision.clone()),
        tag_count: i64::try_from(listed.count).unwrap_or(i64::MAX),
        scan_time: Some(Time(listed.scanned_at)),
        latest_tags: Some(listed.latest.clone()),
    });
}

async fn post<D: Desk>(
    context: &Context<D>,
    object: &ImageRepository,
    status: ImageRepositoryStatus,
    events: Vec<crate::desk::Event>,
) -> Result<(), Failed> {
    let status = (object.status.as_ref() != Some(&status)).then(|| Box::new(status));
    let finding = Finding::Repository { key: key_of(object), status, events };
    context.desk.post(finding).await.map_err(|error| Failed { message: error.to_string() })
}
