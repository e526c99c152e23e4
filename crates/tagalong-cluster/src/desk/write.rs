//! What is written to the API server: status, finalizer, events. A write carries the version it was made from; when
//! somebody was faster, it is made again from what stands there now.

use super::ClusterDesk;
use super::kind::Kind;
use crate::error::unreachable;
use crate::event::{CONTROLLER, Told};
use crate::finalizer::{self, Step};
use crate::status;
use crate::urgent::PATIENCE;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use kube::core::SelectorExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tagalong_engine::wake::key_of;
use tagalong_engine::{DeskError, Event, EventType};
use tagalong_model::ObjectKey;

/// How often a write is made again after a conflict.
const TRIES: usize = 5;

/// Any status as the API server reads it.
pub(super) fn value(status: &impl Serialize) -> Value {
    // Our own types hold nothing that JSON cannot.
    serde_json::to_value(status).unwrap_or_default()
}

/// What the API server did with a write.
enum Written<K> {
    Done(K),
    /// Somebody changed the object since; this is how it is now.
    Again(Arc<K>),
    /// The object is gone, or another of its name took its place.
    Gone,
}

impl ClusterDesk {
    /// Sets the finalizer of an object that is new, takes it off one that is being deleted; whether it is to be turned.
    /// One that leaves nothing behind may get it a moment later.
    pub(super) async fn keep_finalizer<K: Kind>(&self, object: &K) -> Result<bool, DeskError> {
        let options = &self.0.options;
        if !options.selector.matches(object.labels()) {
            return Ok(false);
        }
        if options.dry_run {
            return Ok(object.meta().deletion_timestamp.is_none());
        }
        let key = key_of(object);
        let Some(current) = K::shelf(self).get(&key) else { return Ok(false) };
        match finalizer::step(current.as_ref()) {
            Step::Turn => return Ok(true),
            Step::Set(_) if !K::LEAVES && self.0.urgent.is_underway() => {
                tokio::spawn(self.clone().finalizer_later::<K>(key));
                return Ok(true);
            }
            _ => {}
        }
        self.write_finalizer::<K>(&key, object.meta().deletion_timestamp.is_some()).await
    }

    /// Sets the finalizer once nothing urgent is under way. Where many objects are new at once they are Ready sooner.
    async fn finalizer_later<K: Kind>(self, key: ObjectKey) {
        let Ok(_one_by_one) = self.0.later.acquire().await else { return };
        self.0.urgent.calm(PATIENCE).await;
        if let Err(error) = self.write_finalizer::<K>(&key, false).await {
            tracing::debug!("{key} has no finalizer until its next turn: {error}");
        }
    }

    async fn write_finalizer<K: Kind>(&self, key: &ObjectKey, is_going: bool) -> Result<bool, DeskError> {
        let _underway = self.0.urgent.begin(K::NAME, key).await;
        let Some(mut current) = K::shelf(self).get(key) else { return Ok(false) };
        for _ in 0..TRIES {
            let (patch, turn) = match finalizer::step(current.as_ref()) {
                Step::Turn => return Ok(true),
                Step::Leave => return Ok(false),
                Step::Set(patch) => (patch, true),
                // It began to go after this turn began: the next one sees to its objects first.
                Step::Remove(_) if !is_going => return Ok(false),
                Step::Remove(patch) => (patch, false),
            };
            let api = self.api::<K>(Some(&key.namespace));
            let answer = api.patch(&key.name, &params(), &Patch::Merge(&patch)).await;
            match self.written(&current, answer).await? {
                Written::Done(object) => {
                    self.answered(object);
                    return Ok(turn);
                }
                Written::Again(now) => current = now,
                Written::Gone => return Ok(false),
            }
        }
        Err(contended(key))
    }

    /// Tells the events and writes the status; whether there is still an object that has it.
    pub(super) async fn write<K: Kind>(
        &self,
        key: &ObjectKey,
        wanted: Option<Value>,
        events: Vec<Event>,
    ) -> Result<bool, DeskError> {
        let Some(current) = K::shelf(self).get(key) else { return Ok(false) };
        if self.0.options.dry_run {
            self.pretend::<K>(key, wanted);
            return Ok(true);
        }
        self.tell_of(current.as_ref(), wanted.as_ref(), events);
        let Some(wanted) = wanted else { return Ok(true) };
        let _underway = self.0.urgent.begin(K::NAME, key).await;
        let Some(mut current) = K::shelf(self).get(key) else { return Ok(false) };
        for _ in 0..TRIES {
            let Some(patch) = status::patch(current.as_ref(), &wanted) else { return Ok(true) };
            let api = self.api::<K>(Some(&key.namespace));
            let answer = api.patch_status(&key.name, &params(), &Patch::Merge(&patch)).await;
            match self.written(&current, answer).await? {
                Written::Done(object) => {
                    self.answered(object);
                    return Ok(true);
                }
                Written::Again(now) => current = now,
                Written::Gone => return Ok(false),
            }
        }
        Err(contended(key))
    }

    /// Tells events that are about the objects of a revision, whatever the status says yet.
    pub(super) fn tell<K: Kind>(&self, key: &ObjectKey, revision: Option<&str>, events: Vec<Event>) {
        let Some(object) = K::shelf(self).get(key).filter(|_| !self.0.options.dry_run) else { return };
        let about = revision.map(|revision| json!({"lastAttemptedRevision": revision}));
        self.tell_of(object.as_ref(), about.as_ref(), events);
    }

    fn tell_of<K: Kind>(&self, object: &K, status: Option<&Value>, events: Vec<Event>) {
        // A turn that changed nothing is in the log; in the API it would cost a write for each object and interval.
        for event in events.into_iter().filter(|event| event.event_type != EventType::Trace) {
            let told = Told::new(object, status, event);
            if let Some(notifier) = &self.0.notifier {
                notifier.tell(&told);
            }
            self.0.events.tell(told);
        }
    }

    async fn written<K: Kind>(
        &self,
        before: &Arc<K>,
        answer: Result<K, kube::Error>,
    ) -> Result<Written<K>, DeskError> {
        match answer {
            Ok(object) => Ok(Written::Done(object)),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Written::Gone),
            Err(kube::Error::Api(status)) if status.is_conflict() => {
                let key = key_of(before.as_ref());
                let now = self.api::<K>(Some(&key.namespace)).get_opt(&key.name).await;
                Ok(match now.map_err(|error| unreachable(&error))? {
                    Some(now) if now.uid() == before.uid() => Written::Again(Arc::new(now)),
                    _ => Written::Gone,
                })
            }
            Err(error) => Err(unreachable(&error)),
        }
    }

    /// Puts the answer to a write where the next turn reads it, without waiting for the watch.
    fn answered<K: Kind>(&self, object: K) {
        if let Some(change) = K::shelf(self).answered(object) {
            K::changed(self, &change);
        }
    }

    /// Keeps a status here alone, so that what depends on it can be decided without a write. One that stays as it is
    /// is kept as well: what another controller writes from now on is not ours.
    fn pretend<K: Kind>(&self, key: &ObjectKey, wanted: Option<Value>) {
        let change = K::shelf(self).pretend(key, |object| {
            let Some(wanted) = wanted else { return };
            let with_status = serde_json::to_value(&*object).and_then(|mut value| {
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("status".to_owned(), wanted);
                }
                serde_json::from_value(value)
            });
            if let Ok(with_status) = with_status {
                *object = with_status;
            }
        });
        if let Some(change) = change {
            K::changed(self, &change);
        }
    }
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(CONTROLLER.to_owned()), ..PatchParams::default() }
}

fn contended(key: &ObjectKey) -> DeskError {
    DeskError::Unreachable(format!("{key} changes faster than it can be written; it is tried again"))
}
