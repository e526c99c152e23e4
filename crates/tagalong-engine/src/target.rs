//! Where the objects of a Kustomization go: the second port of the engine. Implemented twice, by a cluster
//! (`tagalong-apply`) and by a folder (`tagalong-files`); the desk says which.

use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use tagalong_apply::{ApplyError, Cluster, Entry, Options, Outcome, Owner, Rules, Sights, Unhealthy};

/// What objects are applied to. Each call may be repeated, and begins again where another was ended.
pub trait Target: Send + Sync + 'static {
    /// The same for objects that these rules hold for.
    #[must_use]
    fn ruled(self, rules: Rules) -> Self;

    /// Applies a set of objects for an owner.
    fn apply(
        &self,
        owner: &Owner,
        objects: Vec<Value>,
        options: &Options,
    ) -> impl Future<Output = Outcome> + Send;

    /// Deletes what was applied for an owner; nothing that is not the owner's.
    fn prune(&self, owner: &Owner, gone: &[Entry]) -> impl Future<Output = Outcome> + Send;

    /// Whether anything is known here of an object's health.
    fn tells_health(&self) -> bool;

    /// Waits until all are healthy, or one has failed.
    ///
    /// # Errors
    /// Those that were not healthy when the wait ended.
    fn healthy(
        &self,
        entries: &[Entry],
        patience: Duration,
    ) -> impl Future<Output = Result<(), Unhealthy>> + Send;

    /// Waits until none is there.
    ///
    /// # Errors
    /// Those that were still there when the time was up.
    fn gone(
        &self,
        entries: &[Entry],
        patience: Duration,
    ) -> impl Future<Output = Result<(), Unhealthy>> + Send;

    /// Tells ways to clusters apart: those that see the same as the same identity have the same number.
    fn way(&self) -> u64;

    /// Follows the objects of the kind and namespace of an entry that were applied for anybody.
    ///
    /// # Errors
    /// When that cannot be done here.
    fn sights(&self, entry: &Entry) -> impl Future<Output = Result<Sights, ApplyError>> + Send;
}

impl Target for Cluster {
    fn ruled(self, rules: Rules) -> Self {
        Self::ruled(self, rules)
    }

    fn apply(
        &self,
        owner: &Owner,
        objects: Vec<Value>,
        options: &Options,
    ) -> impl Future<Output = Outcome> + Send {
        Self::apply(self, owner, objects, options)
    }

    fn prune(&self, owner: &Owner, gone: &[Entry]) -> impl Future<Output = Outcome> + Send {
        Self::prune(self, owner, gone)
    }

    fn tells_health(&self) -> bool {
        true
    }

    async fn healthy(&self, entries: &[Entry], patience: Duration) -> Result<(), Unhealthy> {
        self.wait(entries, patience, true).await
    }

    async fn gone(&self, entries: &[Entry], patience: Duration) -> Result<(), Unhealthy> {
        self.wait_gone(entries, patience).await
    }

    fn way(&self) -> u64 {
        Self::way(self)
    }

    fn sights(&self, entry: &Entry) -> impl Future<Output = Result<Sights, ApplyError>> + Send {
        Self::sights(self, entry)
    }
}
