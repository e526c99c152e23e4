//! Kustomization: keeps in a cluster what a folder of a GitRepository says. Turned by the wheel, where Kustomizations are
//! served at all.
//!
//! ```text
//! gather (artifact, dependencies, variables) → render → act (note, apply, prune, wait) → report (status, events, next turn)
//! ```

mod act;
mod applied;
mod canaries;
mod delete;
mod drift;
mod gather;
mod health;
mod history;
mod inventory;
mod preview;
mod render;
mod report;
mod running;
mod watches;

pub use act::rules;
pub(crate) use preview::files_of;
pub use preview::{Preview, preview};
pub use render::additions;
pub(crate) use render::{Rendered, rendered};

use crate::context::Context;
use crate::desk::{Desk, Event, Wish};
use crate::source::Served;
use crate::wake::key_of;
use crate::wheel::Failed;
use canaries::Canaries;
use futures::Stream;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::runtime::controller::Action;
use running::Running;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_api::validate::{self, Invalid, ValidKustomization};
use tagalong_api::{FINALIZER, Kustomization, KustomizationStatus, Reason};
use tagalong_apply::Hidden;
use tagalong_model::ObjectKey;
use tokio::sync::Semaphore;
use watches::Watches;

/// What the turns of Kustomizations share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Syncing {
    /// Who applies now. Whoever waits, for health or within a set, holds none, and each other cluster has its own.
    permits: Arc<Semaphore>,
    /// Who builds now, for whatever cluster.
    builders: Arc<Semaphore>,
    elsewhere: Arc<Elsewhere>,
    concurrent: usize,
    running: Running,
    watches: Watches,
    canaries: Canaries,
}

type Elsewhere = std::sync::Mutex<std::collections::HashMap<(String, String), Arc<Semaphore>>>;

impl Syncing {
    /// So many Kustomizations are built and applied at once, in each cluster.
    pub fn new(concurrent: u16) -> Self {
        let concurrent = usize::from(concurrent);
        Self {
            permits: Arc::new(Semaphore::new(concurrent)),
            builders: Arc::new(Semaphore::new(concurrent)),
            elsewhere: Arc::default(),
            concurrent,
            running: Running::default(),
            watches: Watches::default(),
            canaries: Canaries::default(),
        }
    }

    /// Tells a turn under way that its object, or what it stands on, may have changed.
    pub(crate) fn nudge(&self, key: &ObjectKey) {
        self.running.nudge(key);
    }

    /// The Kustomizations of which somebody has changed an object. To be taken once.
    pub(crate) fn drifted(&self) -> impl Stream<Item = ObjectKey> + Send + 'static {
        self.watches.woken()
    }

    /// The permits of a cluster: a slow one holds up no other.
    fn permits(&self, destination: &validate::Destination) -> Arc<Semaphore> {
        let Some((secret, _)) = &destination.kubeconfig else { return Arc::clone(&self.permits) };
        let cluster = (destination.namespace.clone(), secret.clone());
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Nobody applies there, or waits to.
        elsewhere.retain(|_, permits| Arc::strong_count(permits) > 1);
        Arc::clone(elsewhere.entry(cluster).or_insert_with(|| Arc::new(Semaphore::new(self.concurrent))))
    }
}

/// Why a turn did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    reason: Reason,
    message: String,
    stalled: bool,
    next: Next,
}

/// When a turn that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// After the retry interval.
    Retry,
    /// When what it stands on changes; at the latest after the time for dependencies.
    Dependency,
    /// At once: there is something newer.
    Now,
}

impl Failure {
    /// A failure that time may mend.
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), stalled: false, next: Next::Retry }
    }

    /// Something that others have to bring first.
    fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        Self { next: Next::Dependency, ..Self::new(reason, message) }
    }

    /// Only a change of the object mends it.
    fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self { stalled: true, ..Self::new(reason, message) }
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self { stalled: invalid.stalled, ..Self::new(invalid.reason, invalid.message) }
    }
}

/// One turn: what it works on, and what it has found so far.
struct Turn<'a, D> {
    context: &'a Context<D>,
    object: &'a Kustomization,
    syncing: &'a Syncing,
    served: &'a Served,
    key: ObjectKey,
    status: KustomizationStatus,
    begun: Instant,
    now: Timestamp,
    /// What came out of Secrets into the objects.
    hidden: Hidden,
}

impl<D: Desk> Turn<'_, D> {
    /// What is left of the time that the turn may take.
    fn left(&self, valid: &ValidKustomization) -> Duration {
        valid.timeout.saturating_sub(self.begun.elapsed())
    }

    fn generation(&self) -> i64 {
        self.object.metadata.generation.unwrap_or_default()
    }

    /// Tells something that happened on the way.
    async fn tell(&self, event: Event) -> Result<(), Failure> {
        let revision = self.status.last_attempted_revision.clone();
        report::tell(self.context, self.object, revision, event).await.map_err(unposted)
    }

    /// Writes the status as it stands on the way.
    async fn note(&self) -> Result<(), Failure> {
        report::post(self.context, self.object, &self.status, Vec::new()).await.map_err(unposted)
    }
}

/// What cannot be noted is not begun.
fn unposted(failed: Failed) -> Failure {
    Failure::new(Reason::ReconciliationFailed, failed.message)
}

/// One turn of one Kustomization.
pub fn reconcile<D: Desk>(
    object: Arc<Kustomization>,
    context: Arc<Context<D>>,
) -> BoxFuture<'static, Result<Action, Failed>> {
    Box::pin(async move {
        let (Some(syncing), Some(served)) = (context.syncing.clone(), context.served.clone()) else {
            return Ok(Action::await_change());
        };
        let wish = Wish::Kustomization(&object);
        if object.metadata.deletion_timestamp.is_some() {
            drift::unwatch(&context, &syncing, &key_of(object.as_ref()));
            syncing.canaries.forget(&key_of(object.as_ref()));
            let ours = object.finalizers().iter().any(|name| name == FINALIZER);
            if ours && context.desk.selects(wish) {
                delete::delete(&context, &object).await?;
            }
        }
        if !context.desk.admit(wish).await? {
            return Ok(Action::await_change());
        }
        let now = Timestamp::now();
        if object.spec.suspend.unwrap_or_default() {
            drift::unwatch(&context, &syncing, &key_of(object.as_ref()));
            return report::suspended(&context, &object, now).await;
        }
        let mut turn = Turn {
            context: &context,
            object: &object,
            syncing: &syncing,
            served: &served,
            key: key_of(object.as_ref()),
            status: object.status.clone().unwrap_or_default(),
            begun: Instant::now(),
            now,
            hidden: Hidden::default(),
        };
        match validate::kustomization(&object) {
            Ok(valid) => {
                let result = turn.act(&valid).await;
                turn.report(&valid.into(), result).await
            }
            Err(invalid) => turn.report(&report::Pace::default(), Err(invalid.into())).await,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_nobody_applies_to_is_forgotten() {
        let syncing = Syncing::new(4);
        let permits = |secret: &str| {
            let kubeconfig = Some((secret.to_owned(), None));
            syncing.permits(&validate::Destination { kubeconfig, ..validate::Destination::default() })
        };
        let held = permits("a");
        for at in 0..100 {
            drop(permits(&format!("b{at}")));
        }
        assert!(Arc::ptr_eq(&held, &permits("a")));
        assert!(syncing.elsewhere.lock().unwrap().len() <= 2);
    }
}
