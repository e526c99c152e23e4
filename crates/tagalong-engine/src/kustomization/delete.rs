//! The end of a Kustomization: what it has applied is deleted, or left, as it says.

use super::{applied, inventory, report};
use crate::context::Context;
use crate::desk::{Desk, Event, EventType};
use crate::target::Target as _;
use crate::wake::key_of;
use crate::wheel::Failed;
use std::time::Duration;
use tagalong_api::validate::{self, Deletion};
use tagalong_api::{Kustomization, Reason};
use tagalong_apply::{Inventory, Owner};
use tagalong_model::format_duration;
use tokio::time::timeout;

/// How long objects may take to go, where nothing says so.
const PATIENCE: Duration = Duration::from_mins(1);

/// Deletes what was applied. Once it returns, nothing keeps the object.
pub(super) async fn delete<D: Desk>(context: &Context<D>, object: &Kustomization) -> Result<(), Failed> {
    let policy = validate::deletion(&object.spec);
    let inventory = inventory::read(object.status.as_ref().and_then(|status| status.inventory.as_ref()));
    let suspended = object.spec.suspend == Some(true);
    if policy == Deletion::Orphan || suspended || inventory.entries.is_empty() {
        return Ok(());
    }
    // An earlier spec, or Flux, has applied what stands in the inventory: only the way there has to be known.
    let Ok(destination) = validate::destination(object) else {
        return left(context, object, &inventory).await;
    };
    // A spec that is wrong elsewhere names no time.
    let patience = validate::kustomization(object).map_or(PATIENCE, |valid| valid.timeout);
    let unreached = |error: crate::desk::DeskError| Failed { message: error.to_string() };
    if !context.desk.reachable(&destination).await.map_err(unreached)? {
        return left(context, object, &inventory).await;
    }
    let target = context.desk.target(&destination).await.map_err(unreached)?;
    let key = key_of(object);
    let owner = Owner { name: key.name, namespace: key.namespace };
    let syncing = context.syncing.as_ref();
    let permits = syncing.map(|syncing| syncing.permits(&destination));
    let permit =
        futures::future::OptionFuture::from(permits.map(tokio::sync::Semaphore::acquire_owned)).await;
    let Ok(outcome) = timeout(patience, target.prune(&owner, &inventory.entries)).await else {
        let message =
            format!("pruning for deleted resource was not done within {}", format_duration(patience));
        return Err(failed(context, object, message).await);
    };
    drop(permit);
    if let Some(applied::Told { message, .. }) = applied::told(&outcome.changes, false) {
        let event = Event { event_type: EventType::Normal, reason: Reason::Progressing, message };
        report::tell(context, object, applied_revision(object), event).await?;
    }
    if !outcome.failures.is_empty() {
        let why = applied::failures(&outcome.failures);
        let message = format!("pruning for deleted resource failed: {why}");
        return Err(failed(context, object, message).await);
    }
    if policy == Deletion::WaitForTermination
        && let Err(left) = target.gone(&outcome.staying, patience).await
    {
        return Err(failed(context, object, left.to_string()).await);
    }
    Ok(())
}

/// Of which revision the objects are that go.
fn applied_revision(object: &Kustomization) -> Option<String> {
    object.status.as_ref()?.last_applied_revision.clone()
}

/// As whom or where it was applied is gone: what is there stays, and is named.
async fn left<D: Desk>(
    context: &Context<D>,
    object: &Kustomization,
    inventory: &Inventory,
) -> Result<(), Failed> {
    let names: Vec<String> = inventory.entries.iter().map(|entry| entry.id.to_string()).collect();
    let message = format!("unable to prune objects: \n{}", names.join("\n"));
    let event = Event { event_type: EventType::Warning, reason: Reason::PruneFailed, message };
    report::tell(context, object, applied_revision(object), event).await
}

async fn failed<D: Desk>(context: &Context<D>, object: &Kustomization, message: String) -> Failed {
    let event =
        Event { event_type: EventType::Warning, reason: Reason::PruneFailed, message: message.clone() };
    match report::tell(context, object, applied_revision(object), event).await {
        Ok(()) => Failed { message },
        Err(unposted) => unposted,
    }
}
