//! Events about objects, as Flux's controllers post them: core `v1`, with the object's own event annotations. They are
//! written beside the turns, one after the other; one that says the same as before is counted up, not written anew,
//! and an object that has too much to say is cut short. Fed by the desk.

use crate::error::said;
use crate::urgent::{PATIENCE, Urgent};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Event as ApiEvent, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use tagalong_engine::{Event, EventType};
use tokio::sync::{mpsc, oneshot};

/// The controller that every event names.
pub(crate) const CONTROLLER: &str = "tagalong";
/// Annotations of an object that its events carry on (Flux's RFC-0008).
const METADATA_PREFIX: &str = "event.toolkit.fluxcd.io/";
/// Under which name, below the kind's group, an event says what was archived, or applied.
const REVISION: &str = "revision";
const DIGEST: &str = "digest";
/// Where the status of a Kustomization says what its turn was about.
const ATTEMPTED: &str = "/lastAttemptedRevision";
/// Events that may wait; more are dropped, since nothing may wait for them. Once half of them do, none lets an urgent
/// write go first.
const WAITING: usize = 4096;
/// An event that is told again within this time is counted up.
const SERIES: SignedDuration = SignedDuration::from_mins(10);
/// Events that an object may have at once, and how often another; client-go's figures.
const BURST: f64 = 25.0;
const REFILL: SignedDuration = SignedDuration::from_mins(5);

/// One event about one object.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) object: ObjectReference,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) event: Event,
    pub(crate) at: Timestamp,
}

impl Told {
    /// An event of an object whose status is, or is about to be, `status`.
    pub(crate) fn new<K: Resource<DynamicType = ()>>(
        object: &K,
        status: Option<&Value>,
        event: Event,
    ) -> Self {
        let own = object.annotations().iter();
        let own = own.filter(|(key, _)| key.starts_with(METADATA_PREFIX));
        let mut annotations: BTreeMap<String, String> =
            own.map(|(key, value)| (key.clone(), value.clone())).collect();
        for (name, at) in
            [(REVISION, "/artifact/revision"), (DIGEST, "/artifact/digest"), (REVISION, ATTEMPTED)]
        {
            if let Some(value) = status.and_then(|status| status.pointer(at)).and_then(Value::as_str) {
                annotations.insert(format!("{}/{name}", K::group(&())), value.to_owned());
            }
        }
        Self {
            object: ObjectReference { resource_version: object.resource_version(), ..object.object_ref(&()) },
            annotations,
            event,
            at: Timestamp::now(),
        }
    }
}

enum Message {
    Told(Box<Told>),
    Flush(oneshot::Sender<()>),
}

/// Where events go. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Events(mpsc::Sender<Message>);

impl Events {
    /// Begins writing, where nothing `urgent` is under way; `instance` is this Pod's name.
    pub(crate) fn start(client: Client, instance: String, urgent: Urgent) -> Self {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let mut writer = Writer { client, instance, series: HashMap::new(), budgets: HashMap::new() };
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                match message {
                    Message::Told(told) => {
                        if receiver.len() < WAITING / 2 {
                            urgent.calm(PATIENCE).await;
                        }
                        writer.write(*told).await;
                    }
                    // Whoever asked may have stopped waiting.
                    Message::Flush(done) => done.send(()).unwrap_or_default(),
                }
            }
        });
        Self(sender)
    }

    /// Hands an event over. Never waits.
    pub(crate) fn tell(&self, told: Told) {
        if self.0.try_send(Message::Told(Box::new(told))).is_err() {
            tracing::debug!("an event was dropped: too many wait to be written");
        }
    }

    /// Waits until everything told so far is written.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.0.send(Message::Flush(done)).await.is_ok() {
            written.await.unwrap_or_default();
        }
    }
}

type Key = (String, &'static str, String);

struct Series {
    name: String,
    count: i32,
    last: Timestamp,
}

struct Writer {
    client: Client,
    instance: String,
    series: HashMap<Key, Series>,
    budgets: HashMap<String, Budget>,
}

impl Writer {
    async fn write(&mut self, told: Told) {
        self.forget(told.at);
        let uid = told.object.uid.clone().unwrap_or_default();
        if !self.budgets.entry(uid.clone()).or_insert_with(|| Budget::full(told.at)).take(told.at) {
            return;
        }
        let events: Api<ApiEvent> =
            Api::namespaced(self.client.clone(), told.object.namespace.as_deref().unwrap_or("default"));
        let key = (uid, told.event.reason.as_str(), told.event.message.clone());
        let written = match self.series.get_mut(&key) {
            Some(series) => {
                series.count = series.count.saturating_add(1);
                series.last = told.at;
                let patch = json!({"count": series.count, "lastTimestamp": Time(told.at)});
                events.patch(&series.name, &PatchParams::default(), &Patch::Merge(&patch)).await
            }
            None => {
                let event = self.event(&told);
                let name = event.name_any();
                self.series.insert(key.clone(), Series { name, count: 1, last: told.at });
                events.create(&PostParams::default(), &event).await
            }
        };
        if let Err(error) = written {
            self.series.remove(&key);
            // In a namespace that is going away nothing can be made; that is no news.
            tracing::debug!("an event was not written: {}", said(&error));
        }
    }

    fn event(&self, told: &Told) -> ApiEvent {
        let at = Some(Time(told.at));
        let name = told.object.name.as_deref().unwrap_or(CONTROLLER);
        ApiEvent {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{:x}", told.at.as_nanosecond())),
                namespace: told.object.namespace.clone(),
                annotations: (!told.annotations.is_empty()).then(|| told.annotations.clone()),
                ..ObjectMeta::default()
            },
            involved_object: told.object.clone(),
            type_: Some(
                if told.event.event_type == EventType::Warning { "Warning" } else { "Normal" }.to_owned(),
            ),
            reason: Some(told.event.reason.as_str().to_owned()),
            message: Some(told.event.message.clone()),
            count: Some(1),
            first_timestamp: at.clone(),
            last_timestamp: at,
            source: Some(EventSource { component: Some(CONTROLLER.to_owned()), host: None }),
            reporting_component: Some(CONTROLLER.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            ..ApiEvent::default()
        }
    }

    /// Forgets what no longer counts, so that objects that are gone leave nothing behind.
    fn forget(&mut self, now: Timestamp) {
        self.series.retain(|_, series| now.duration_since(series.last) < SERIES);
        self.budgets.retain(|_, budget| !budget.is_full(now));
    }
}

/// How much an object may still say.
struct Budget {
    tokens: f64,
    at: Timestamp,
}

impl Budget {
    fn full(now: Timestamp) -> Self {
        Self { tokens: BURST, at: now }
    }

    fn at(&self, now: Timestamp) -> f64 {
        let gained = now.duration_since(self.at).as_secs_f64().max(0.0) / REFILL.as_secs_f64();
        (self.tokens + gained).min(BURST)
    }

    fn is_full(&self, now: Timestamp) -> bool {
        self.at(now) >= BURST
    }

    fn take(&mut self, now: Timestamp) -> bool {
        let tokens = self.at(now);
        self.at = now;
        self.tokens = if tokens >= 1.0 { tokens - 1.0 } else { tokens };
        tokens >= 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_api::{Kustomization, Reason};

    #[test]
    fn an_object_says_so_much_at_once_and_then_one_each_five_minutes() {
        let start = Timestamp::UNIX_EPOCH;
        let mut budget = Budget::full(start);
        assert_eq!((0..30).filter(|_| budget.take(start)).count(), 25);
        let later = start + SignedDuration::from_mins(5);
        assert!(budget.take(later));
        assert!(!budget.take(later));
        assert!(!budget.is_full(later));
        assert!(budget.is_full(start + SignedDuration::from_hours(3)));
    }

    #[test]
    fn an_event_says_which_revision_it_is_about() {
        let object: Kustomization = serde_json::from_value(json!({
            "metadata": {"name": "apps", "namespace": "a"},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
        }))
        .unwrap();
        let status = json!({"lastAttemptedRevision": "main@sha1:1f", "lastAppliedRevision": "main@sha1:0e"});
        let event = Event {
            event_type: EventType::Normal,
            reason: Reason::ReconciliationSucceeded,
            message: String::new(),
        };
        let told = Told::new(&object, Some(&status), event);
        assert_eq!(told.annotations["kustomize.toolkit.fluxcd.io/revision"], "main@sha1:1f");
    }

    #[test]
    fn a_clock_that_was_set_back_takes_nothing() {
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let mut budget = Budget::full(start);
        assert!(budget.take(Timestamp::UNIX_EPOCH));
        assert_eq!((0..30).filter(|_| budget.take(Timestamp::UNIX_EPOCH)).count(), 24);
    }
}
