//! A set of objects into a cluster, stage by stage. Called by the sync with what was rendered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::change::{Action, Outcome};
use crate::cluster::Cluster;
use crate::error::ApplyError;
use crate::health::State;
use crate::id::ObjectId;
use crate::inventory::Entry;
use crate::object::text;
use crate::order::{self, Stage};
use crate::owner::Owner;
use crate::prepare::prepare;
use crate::slot::Slot;
use crate::stage::Wanted;
use crate::wait::after;

/// Between two tries of a kind that is about to be served.
pub(crate) const LAG: Duration = Duration::from_millis(50);

/// How a set is applied.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether objects are deleted and made anew where a field cannot change: `spec.force`.
    pub force: bool,
    /// How long definitions and classes may take to be ready, and an object to be gone before it is made anew. Flux
    /// takes a minute.
    pub patience: Duration,
    /// What is given up while there is nothing to do but wait.
    pub slot: Option<Slot>,
}

impl Options {
    /// Waits for something, and lets others apply meanwhile.
    pub(crate) async fn away<T, E>(&self, wait: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        match &self.slot {
            Some(slot) => slot.away(wait).await,
            None => wait.await,
        }
    }
}

impl Cluster {
    /// Applies a set for an owner, as Flux does: each stage is tried in a dry run first, and when all of it would be
    /// accepted, what differs is written. Nothing else is.
    pub async fn apply(&self, owner: &Owner, objects: Vec<Value>, options: &Options) -> Outcome {
        let mut outcome = Outcome::default();
        let mut stages: BTreeMap<Stage, Vec<Wanted>> = BTreeMap::new();
        for object in objects {
            match prepare(owner, object) {
                Ok(wanted) => stages.entry(order::stage(&wanted.entry.id)).or_default().push(wanted),
                Err(failure) => outcome.failures.push(failure),
            }
        }
        for (stage, mut wanted) in stages {
            if !outcome.failures.is_empty() {
                break;
            }
            wanted.sort_by(|a, b| order::key(&a.entry.id).cmp(&order::key(&b.entry.id)));
            self.apply_stage(&wanted, options, &mut outcome).await;
            if stage != Stage::Rest && outcome.failures.is_empty() {
                self.settle(&wanted, options, &mut outcome).await;
            }
        }
        outcome
    }

    /// Waits until what the next stage stands on is there.
    async fn settle(&self, wanted: &[Wanted], options: &Options, outcome: &mut Outcome) {
        let until = after(options.patience);
        let written = |id: &ObjectId| {
            let change = outcome.changes.iter().find(|change| change.entry.id == *id);
            change.is_some_and(|change| matches!(change.action, Action::Created | Action::Configured))
        };
        let definitions: Vec<&Wanted> = wanted
            .iter()
            .filter(|wanted| order::is_crd(&wanted.entry.id) && written(&wanted.entry.id))
            .collect();
        let pending: Vec<Entry> = outcome
            .changes
            .iter()
            .filter(|change| change.health.state != State::Current && change.action != Action::Skipped)
            .map(|change| change.entry.clone())
            .filter(|entry| wanted.iter().any(|wanted| wanted.entry.id == entry.id))
            .collect();
        if !pending.is_empty()
            && let Err(unhealthy) = options.away(self.wait(&pending, options.patience, false)).await
        {
            outcome.failures.push(ApplyError::NotReady(unhealthy.to_string()));
            return;
        }
        for definition in definitions {
            self.kinds.forget(text(&definition.object, "/spec/group"));
            self.until_served(definition, until).await;
        }
    }

    /// An established definition is served a moment later. One that never is will be missed by its objects.
    async fn until_served(&self, definition: &Wanted, until: Instant) {
        let (group, kind) =
            (text(&definition.object, "/spec/group"), text(&definition.object, "/spec/names/kind"));
        let id = ObjectId { group: group.to_owned(), kind: kind.to_owned(), ..definition.entry.id.clone() };
        let versions = definition.object.pointer("/spec/versions").and_then(Value::as_array);
        for version in versions.into_iter().flatten().filter(|version| version["served"] == true) {
            let version = format!("{group}/{}", text(version, "/name"));
            while self.kinds.find(&self.client, &id, &version).await.is_err() && Instant::now() < until {
                sleep(LAG).await;
            }
        }
    }
}
