//! A set of objects into a cluster, stage by stage. Called by the sync with what was rendered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::change::{Action, Outcome};
use crate::cluster::Cluster;
use crate::error::ApplyError;
use crate::health::State;
use crate::inventory::Entry;
use crate::object::{split_version, text};
use crate::order::{self, Stage};
use crate::owner::Owner;
use crate::secret;
use crate::stage::Wanted;

/// How a set is outcome.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether objects are deleted and made anew where a field cannot change: `spec.force`.
    pub force: bool,
    /// How long definitions and classes may take to be ready, and an object to be gone before it is made anew. Flux
    /// takes a minute.
    pub patience: Duration,
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
        for Wanted { entry, object, .. } in wanted {
            if order::is_crd(&entry.id) {
                self.kinds.forget(text(object, "/spec/group"));
            }
        }
        let ids: Vec<_> = wanted.iter().map(|wanted| &wanted.entry.id).collect();
        let pending: Vec<Entry> = outcome
            .changes
            .iter()
            .filter(|change| change.health.state != State::Current && change.action != Action::Skipped)
            .map(|change| change.entry.clone())
            .filter(|entry| ids.contains(&&entry.id))
            .collect();
        if let Err(unhealthy) = self.wait(&pending, options.patience, false).await {
            outcome.failures.push(ApplyError::NotReady(unhealthy.to_string()));
        }
    }
}

/// An object as it is sent.
fn prepare(owner: &Owner, mut object: Value) -> Result<Wanted, ApplyError> {
    let Some(entry) = Entry::of(&object) else {
        let name = [text(&object, "/kind"), text(&object, "/metadata/name")].join("/");
        return Err(ApplyError::NotAnObject(if name == "/" { "a document".to_owned() } else { name }));
    };
    owner.label(&mut object)?;
    secret::normalize(&mut object);
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        // Only the API server says these, and it refuses some of them.
        for key in ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"]
        {
            metadata.shift_remove(key);
        }
    }
    let version = text(&object, "/apiVersion").to_owned();
    debug_assert_eq!(split_version(&version).1, entry.version);
    Ok(Wanted { entry, version, object })
}
