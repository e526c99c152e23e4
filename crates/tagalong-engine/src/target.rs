//! Where the objects of a Kustomization go: the second port of the engine. Implemented twice, by a cluster
//! (`tagalong-apply`) and by a folder (`tagalong-files`); the desk says which.

use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use tagalong_apply::{Cluster, Entry, Options, Outcome, Owner, Rules, Unhealthy};

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

    async fn healthy(&self, entries: &[Entry], patience: Duration) -> Result<(), Unhealthy> {
        self.wait(entries, patience, true).await
    }

    async fn gone(&self, entries: &[Entry], patience: Duration) -> Result<(), Unhealthy> {
        self.wait_gone(entries, patience).await
    }
}
