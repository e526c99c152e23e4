//! What the API server tells of the objects of one kind, each with the moment in which it was heard: asking again and
//! again would take a part of the time that is measured.

use super::{Cluster, PATIENCE};
use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// A watch of the namespace `default`.
pub(crate) struct Heard<K>(Receiver<(Instant, K)>);

impl<K> Heard<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    /// Begins to listen.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let api: Api<K> = Api::namespaced(cluster.client.clone(), "default");
        let (sender, heard) = channel();
        cluster.runtime.spawn(async move {
            let mut objects =
                std::pin::pin!(watcher(api, Config::default()).default_backoff().applied_objects());
            while let Some(object) = objects.next().await {
                if let Ok(object) = object
                    && sender.send((Instant::now(), object)).is_err()
                {
                    return;
                }
            }
        });
        Self(heard)
    }

    /// The moment in which the next object was heard that is so.
    pub(crate) fn until(&self, what: &str, is: impl Fn(&K) -> bool) -> Result<Instant> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let heard = self.0.recv_timeout(left).ok().with_context(|| format!("{what} did not happen"));
            let (at, object) = heard?;
            if is(&object) {
                return Ok(at);
            }
        }
    }
}
