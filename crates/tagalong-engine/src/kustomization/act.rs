//! Carries a turn out: build, note what is about to be there, apply, delete what left, wait. What is found on the way
//! goes into the status at once, so that whoever is ended in the middle begins again with it.

use super::applied::{self, Told};
use super::render::{Rendered, render};
use super::{Failure, Turn, canaries, gather, history, inventory};
use crate::desk::{Desk, Event, EventType};
use crate::target::Target as _;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_api::condition::{self, Outcome};
use tagalong_api::validate::ValidKustomization;
use tagalong_api::{Reason, Snapshot};
use tagalong_apply::{Action, Change, HealthRule, Inventory, Options, Owner, Rules, Slot};
use tagalong_kustomize::Tree;
use tagalong_model::format_duration;

/// How long definitions and classes may take, and an object that is made anew may take to go; Flux's.
const PATIENCE: Duration = Duration::from_secs(60);

/// A turn that went to its end.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) revision: String,
}

/// What is applied in one turn.
pub(super) struct Set {
    pub(super) revision: String,
    /// `sha256:<hex>` of the objects.
    pub(super) digest: String,
    /// Whether all of these objects were applied before, so that what differs is drift.
    pub(super) known: bool,
}

impl<D: Desk> Turn<'_, D> {
    pub(super) async fn act(&mut self, valid: &ValidKustomization) -> Result<Done, Failure> {
        let place = self.syncing.running.enter(&self.key);
        // Who cannot begin does not queue.
        self.dependencies(valid, &self.artifact(valid)?.revision)?;
        let permits = self.syncing.permits(&valid.destination);
        let slot = Slot::take(permits).await;
        // Closed by nobody.
        let builder = Arc::clone(&self.syncing.builders).acquire_owned().await.ok();
        // The time is the turn's, not that of those before it; what it stands on may have changed meanwhile.
        self.begun = Instant::now();
        let artifact = self.artifact(valid)?;
        let revision = artifact.revision.clone();
        self.dependencies(valid, &revision)?;
        let tree = self.served.files(&artifact).await;
        let tree = tree.map_err(|why| Failure::waiting(Reason::ArtifactFailed, why))?;
        self.status.last_attempted_revision = Some(revision.clone());
        let Rendered { objects, digest, hidden, ignore } = self.build(valid, tree).await?;
        drop(builder);
        self.hidden = hidden;
        let target = self.context.desk.target(&valid.destination).await.map_err(|error| {
            Failure::new(Reason::ReconciliationFailed, format!("failed to build kube client: {error}"))
        })?;
        let rules = Rules { ignore: Arc::new(ignore), ..rules(valid) };
        let target = target.ruled(rules.clone());
        let known = history::is_known(self.status.history.as_deref(), &digest);
        let set = Set { revision, digest, known };
        let (before, next) = (inventory::read(self.status.inventory.as_ref()), Inventory::of(&objects));
        self.announce(valid, &set, &before, &next).await?;
        let (aims, writing) = (canaries::aims(&objects), Timestamp::now());
        let mut changes = self.apply(valid, &target, objects, (&set, &slot)).await?;
        let unseen = self.syncing.canaries.note(&self.key, &aims, &mut changes, writing);
        let target = target.ruled(Rules { unseen, ..rules });
        let mut staying = Inventory::default();
        if valid.prune {
            staying = self.prune(valid, &target, (&before, &next), &set).await?;
        }
        self.status.inventory = Some(inventory::write(&inventory::both(&staying, &next)));
        slot.leave();
        self.watch(valid, &target, &changes).await?;
        self.check_health(valid, &target, &changes, &set, &place).await?;
        self.syncing.canaries.forget(&self.key);
        self.end(&set, Reason::ReconciliationSucceeded);
        self.status.last_applied_revision = Some(set.revision.clone());
        // Of sources that are not served here.
        self.status.last_applied_origin_revision = None;
        Ok(Done { revision: set.revision })
    }

    async fn build(&self, valid: &ValidKustomization, tree: Arc<Tree>) -> Result<Rendered, Failure> {
        let gathered = gather::inputs(self.context, valid).await?;
        let folder = valid.path.as_ref().map(ToString::to_string).unwrap_or_default();
        render(&self.object.spec, gathered, tree, folder).await
    }

    /// Notes in the status what is about to be there, beside what is, where that is more than stands there already.
    async fn announce(
        &mut self,
        valid: &ValidKustomization,
        set: &Set,
        before: &Inventory,
        next: &Inventory,
    ) -> Result<(), Failure> {
        if next.without(before).is_empty() {
            return Ok(());
        }
        self.status.inventory = Some(inventory::write(&inventory::both(before, next)));
        let message = format!(
            "Detecting drift for revision {} with a timeout of {}",
            set.revision,
            format_duration(valid.timeout)
        );
        self.progress(message, true);
        self.note().await
    }

    /// Says in the conditions what is being done.
    pub(super) fn progress(&mut self, message: String, drift: bool) {
        let outcome = Outcome::Progressing { message, drift };
        self.status.conditions =
            condition::next(&outcome, &self.status.conditions, self.generation(), self.now);
    }

    async fn apply(
        &mut self,
        valid: &ValidKustomization,
        target: &D::Target,
        objects: Vec<serde_json::Value>,
        (set, slot): (&Set, &Slot),
    ) -> Result<Vec<Change>, Failure> {
        let left = self.left(valid);
        let options = Options { force: valid.force, patience: PATIENCE.min(left), slot: Some(slot.clone()) };
        let owner = self.owner();
        if valid.watch {
            self.syncing.watches.begin(&self.key);
        }
        let applying = target.apply(&owner, objects, &options);
        let Ok(outcome) = tokio::time::timeout(left, applying).await else {
            self.end(set, Reason::ReconciliationFailed);
            let message = format!("applying was not done within {}", format_duration(valid.timeout));
            return Err(Failure::new(Reason::ReconciliationFailed, message));
        };
        let outcome = outcome.hiding(&self.hidden);
        if set.known {
            self.corrected(&outcome.changes);
        }
        self.changed(applied::told(&outcome.changes, set.known)).await?;
        if outcome.failures.is_empty() {
            return Ok(outcome.changes);
        }
        self.end(set, Reason::ReconciliationFailed);
        let message = applied::failures(&outcome.failures);
        Err(Failure::new(Reason::ReconciliationFailed, message))
    }

    /// Deletes what left; what is still there although it is being deleted.
    async fn prune(
        &mut self,
        valid: &ValidKustomization,
        target: &D::Target,
        (before, next): (&Inventory, &Inventory),
        set: &Set,
    ) -> Result<Inventory, Failure> {
        let gone = before.without(next);
        if gone.is_empty() {
            return Ok(Inventory::default());
        }
        // Until it is known what became of them, all are still ours.
        self.status.inventory = Some(inventory::write(&inventory::both(before, next)));
        let owner = self.owner();
        let pruning = target.prune(&owner, &gone);
        let Ok(outcome) = tokio::time::timeout(self.left(valid), pruning).await else {
            self.end(set, Reason::PruneFailed);
            let message = format!("pruning was not done within {}", format_duration(valid.timeout));
            return Err(Failure::new(Reason::PruneFailed, message));
        };
        let outcome = outcome.hiding(&self.hidden);
        self.changed(applied::told(&outcome.changes, false)).await?;
        if outcome.failures.is_empty() {
            return Ok(outcome.staying.into_iter().collect());
        }
        // What is still there, or may be, is tried again.
        let left = gone.iter().filter(|entry| {
            let change = outcome.changes.iter().find(|change| change.entry.id == entry.id);
            let unknown = change.is_none_or(|change| change.action == Action::Skipped);
            unknown || outcome.staying.contains(entry)
        });
        self.status.inventory = Some(inventory::write(&inventory::both(&left.cloned().collect(), next)));
        self.end(set, Reason::PruneFailed);
        Err(Failure::new(Reason::PruneFailed, applied::failures(&outcome.failures)))
    }

    /// Tells what was written or deleted.
    async fn changed(&self, told: Option<Told>) -> Result<(), Failure> {
        let Some(Told { message, drift }) = told else { return Ok(()) };
        let reason = if drift { Reason::DriftCorrected } else { Reason::Progressing };
        self.tell(Event { event_type: EventType::Normal, reason, message }).await
    }

    /// Notes how the set fared.
    pub(super) fn end(&mut self, set: &Set, end: Reason) {
        let history: &mut Vec<Snapshot> = self.status.history.get_or_insert_default();
        let took = self.begun.elapsed();
        history::note(history, (&set.digest, &set.revision), end, took, self.now);
    }

    pub(super) fn owner(&self) -> Owner {
        Owner { name: self.key.name.clone(), namespace: self.key.namespace.clone() }
    }
}

/// What a Kustomization says of its objects.
pub fn rules(valid: &ValidKustomization) -> Rules {
    let health = valid.health_rules.iter().map(|rule| HealthRule {
        group: rule.group.clone(),
        kind: rule.kind.clone(),
        expressions: rule.expressions.clone(),
    });
    Rules { health: health.collect(), ..Rules::default() }
}
