//! What has been found out, beside what the objects' statuses say: the last turn of each automation, and whoever
//! listens. Each desk keeps one; metrics, progress and pages read it.

use crate::automation::{TurnOutcome, TurnReport};
use crate::desk::{Event, EventType, Finding};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tagalong_model::ObjectKey;
use tokio::sync::mpsc;

/// The findings of one desk. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    turns: BTreeMap<ObjectKey, Arc<TurnReport>>,
    listeners: Vec<mpsc::UnboundedSender<Finding>>,
}

impl Record {
    /// The last turn of each automation that got as far as a plan; of a commit that was pushed, the names of its files
    /// without their bytes.
    pub fn turns(&self) -> Vec<Arc<TurnReport>> {
        self.inner().turns.values().cloned().collect()
    }

    /// Every finding from now on, as it is taken.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Finding> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inner().listeners.push(sender);
        receiver
    }

    /// Writes the events of a finding to the log, keeps its turn, and tells it to whoever listens.
    pub fn take(&self, finding: &Finding) {
        let (kind, key, events) = match finding {
            Finding::Repository { key, events, .. } => ("ImageRepository", key, events),
            Finding::Policy { key, events, .. } => ("ImagePolicy", key, events),
            Finding::Automation { key, events, .. } => ("ImageUpdateAutomation", key, events),
            Finding::Source { key, events, .. } => ("GitRepository", key, events),
            Finding::Kustomization { key, events, .. } => ("Kustomization", key, events),
        };
        tell(kind, key, events);
        let mut inner = self.inner();
        if let Finding::Automation { key, turn: Some(turn), .. } = finding {
            let kept = match turn.outcome {
                TurnOutcome::Pushed { .. } | TurnOutcome::PullRequests { planned: false } => {
                    Arc::new(turn.without_bytes())
                }
                _ => Arc::clone(turn),
            };
            inner.turns.insert(key.clone(), kept);
        }
        inner.listeners.retain(|listener| listener.send(finding.clone()).is_ok());
    }

    /// Forgets the turns of automations that are gone.
    pub fn retain(&self, keep: impl Fn(&ObjectKey) -> bool) {
        self.inner().turns.retain(|key, _| keep(key));
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events are lines of the log as well.
fn tell(kind: &str, key: &ObjectKey, events: &[Event]) {
    for event in events {
        let (namespace, name, reason) = (key.namespace.as_str(), key.name.as_str(), event.reason.as_str());
        let message = event.message.as_str();
        match event.event_type {
            EventType::Normal => tracing::info!(controllerKind = kind, namespace, name, reason, "{message}"),
            EventType::Warning => {
                tracing::error!(controllerKind = kind, namespace, name, reason, "{message}")
            }
            EventType::Trace => tracing::debug!(controllerKind = kind, namespace, name, reason, "{message}"),
        }
    }
}
