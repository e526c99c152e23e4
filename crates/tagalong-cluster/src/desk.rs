//! The desk itself: what the engine asks is answered from the shelves or by one request, and what it finds is written
//! to the API server. Built by the binary, which runs [`ClusterDesk::watch`] beside the wheel.

mod gather;
mod kind;
mod read;
mod target;
mod write;

use crate::error::ClusterError;
use crate::event::Events;
use crate::health::Health;
use crate::notify::Notifier;
use crate::shelf::Shelf;
use crate::urgent::Urgent;
use crate::watch::Watch;
use kind::Kind;
use kube::ResourceExt as _;
use kube::core::{Selector, SelectorExt as _};
use kube::{Api, Client};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tagalong_api::validate::Destination;
use tagalong_api::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization};
use tagalong_apply::Cluster;
use tagalong_engine::wake::Referrers;
use tagalong_engine::wheel::Wakers;
use tagalong_engine::{Desk, DeskError, Finding, Judges, Kinds, Record, SecretData, Wish};
use tagalong_model::ObjectKey;
use tagalong_registry::DockerConfig;
use target::Targets;
pub use target::{Reach, kubeconfig};
use tokio::sync::Semaphore;

/// Events that are not written yet when the process ends get this long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the command line decides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The one namespace that is looked at; `None` is all of them.
    pub namespace: Option<String>,
    /// The objects that are turned; others are only read, by those that refer to them.
    pub selector: Selector,
    /// Whether the image kinds are served; where they are not they need not be installed, and nothing is asked of them.
    pub images: bool,
    /// Where events are posted to, beside the API.
    pub events_address: Option<String>,
    /// Write nothing to the API server.
    pub dry_run: bool,
    /// The name of this Pod, which events carry.
    pub instance: String,
    /// How Kustomizations reach clusters; `None` where they are not served.
    pub reach: Option<Reach>,
}

/// Objects as this desk decided, each beside what others wrote.
#[derive(Debug)]
pub struct Beside {
    /// ImageRepositories.
    pub repositories: Vec<(Arc<ImageRepository>, Arc<ImageRepository>)>,
    /// ImagePolicies.
    pub policies: Vec<(Arc<ImagePolicy>, Arc<ImagePolicy>)>,
    /// ImageUpdateAutomations.
    pub automations: Vec<(Arc<ImageUpdateAutomation>, Arc<ImageUpdateAutomation>)>,
}

/// Where the cluster's objects stand, and where findings about them go. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ClusterDesk(Arc<Inner>);

struct Inner {
    client: Client,
    options: Options,
    kinds: Kinds,
    repositories: Shelf<ImageRepository>,
    policies: Shelf<ImagePolicy>,
    automations: Shelf<ImageUpdateAutomation>,
    sources: Shelf<GitRepository>,
    kustomizations: Shelf<Kustomization>,
    targets: Targets,
    referrers: Mutex<Referrers>,
    wakers: Wakers,
    /// Set when the wheel turns; until then nobody would hear.
    turning: AtomicBool,
    record: Record,
    health: Health,
    urgent: Urgent,
    /// Finalizers that may wait are set one by one.
    later: Semaphore,
    events: Events,
    notifier: Option<Notifier>,
}

impl ClusterDesk {
    /// A desk without objects; [`Self::watch`] brings them. `wakers` reach the wheel. Needs a tokio runtime.
    ///
    /// # Errors
    /// When events cannot be posted, whatever the address.
    pub fn new(client: Client, options: Options, wakers: Wakers) -> Result<Self, ClusterError> {
        let (repositories, policies) = (Shelf::new(), Shelf::new());
        let (automations, sources, kustomizations) = (Shelf::new(), Shelf::new(), Shelf::new());
        let kinds = Kinds {
            repositories: repositories.store().clone(),
            policies: policies.store().clone(),
            automations: automations.store().clone(),
            sources: sources.store().clone(),
            kustomizations: kustomizations.store().clone(),
        };
        let health = Health::default();
        unread::<ImageRepository>(&health, &options);
        unread::<ImagePolicy>(&health, &options);
        unread::<ImageUpdateAutomation>(&health, &options);
        unread::<GitRepository>(&health, &options);
        unread::<Kustomization>(&health, &options);
        let notifier = options
            .events_address
            .clone()
            .map(|address| Notifier::start(address, options.instance.clone()))
            .transpose()
            .map_err(|error| ClusterError::Request(error.to_string()))?;
        let urgent = Urgent::new();
        let events = Events::start(client.clone(), options.instance.clone(), urgent.clone());
        Ok(Self(Arc::new(Inner {
            client,
            options,
            kinds,
            repositories,
            policies,
            automations,
            sources,
            kustomizations,
            targets: Targets::default(),
            referrers: Mutex::default(),
            wakers,
            turning: AtomicBool::new(false),
            record: Record::default(),
            health,
            urgent,
            later: Semaphore::new(1),
            events,
            notifier,
        })))
    }

    /// Watches every kind that is served, or referred to. Does not end.
    pub async fn watch(&self) {
        tokio::join!(
            self.follow::<ImageRepository>(),
            self.follow::<ImagePolicy>(),
            self.follow::<ImageUpdateAutomation>(),
            self.follow::<GitRepository>(),
            self.follow::<Kustomization>(),
        );
    }

    /// Waits until every kind was read once, or is known not to be installed; from then on changes ask for turns.
    pub async fn synced(&self) {
        let kinds = &self.0.kinds;
        // An error means that the shelf is gone, and the desk with it.
        _ = tokio::join!(
            kinds.repositories.wait_until_ready(),
            kinds.policies.wait_until_ready(),
            kinds.automations.wait_until_ready(),
            kinds.sources.wait_until_ready(),
            kinds.kustomizations.wait_until_ready(),
        );
        self.0.turning.store(true, Ordering::Relaxed);
    }

    /// The one namespace that is looked at; `None` is all of them.
    pub fn namespace(&self) -> Option<&str> {
        self.0.options.namespace.as_deref()
    }

    /// What was found so far.
    pub fn record(&self) -> &Record {
        &self.0.record
    }

    /// How the watches do.
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// The objects as this desk decided, each beside what others wrote; the same object unless nothing is written.
    pub fn beside(&self) -> Beside {
        Beside {
            repositories: self.0.repositories.beside(),
            policies: self.0.policies.beside(),
            automations: self.0.automations.beside(),
        }
    }

    /// Writes the events that still wait, for at most two seconds.
    pub async fn finish(&self) {
        if tokio::time::timeout(LAST_WORDS, self.0.events.flush()).await.is_err() {
            tracing::debug!("the last events were not written in time");
        }
    }

    /// Of a kind that is not watched there are no objects, whoever else serves it.
    async fn follow<K: Kind>(&self) {
        if !K::is_watched(&self.0.options) {
            drop(K::shelf(self).absent());
            return;
        }
        let watch = Watch {
            api: self.api::<K>(self.0.options.namespace.as_deref()),
            kind: K::NAME,
            definition: K::DEFINITION,
            shelf: K::shelf(self),
            health: &self.0.health,
        };
        watch.follow(|change| K::changed(self, &change)).await;
    }

    fn api<K: Kind>(&self, namespace: Option<&str>) -> Api<K> {
        match namespace {
            Some(namespace) => Api::namespaced(self.0.client.clone(), namespace),
            None => Api::all(self.0.client.clone()),
        }
    }

    fn turning(&self) -> bool {
        self.0.turning.load(Ordering::Relaxed)
    }

    fn referrers(&self) -> MutexGuard<'_, Referrers> {
        self.0.referrers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unread<K: Kind>(health: &Health, options: &Options) {
    if K::is_watched(options) {
        health.fail(K::NAME, "not read yet");
    }
}

impl Desk for ClusterDesk {
    type Target = Cluster;

    fn kinds(&self) -> &Kinds {
        &self.0.kinds
    }

    async fn admit(&self, wish: Wish<'_>) -> Result<bool, DeskError> {
        match wish {
            Wish::Repository(object) => self.keep_finalizer(object).await,
            Wish::Policy(object) => self.keep_finalizer(object).await,
            Wish::Automation(object) => self.keep_finalizer(object).await,
            Wish::Source(object) => self.keep_finalizer(object).await,
            Wish::Kustomization(object) => self.keep_finalizer(object).await,
        }
    }

    fn selects(&self, wish: Wish<'_>) -> bool {
        let labels = match wish {
            Wish::Repository(object) => object.labels(),
            Wish::Policy(object) => object.labels(),
            Wish::Automation(object) => object.labels(),
            Wish::Source(object) => object.labels(),
            Wish::Kustomization(object) => object.labels(),
        };
        !self.0.options.dry_run && self.0.options.selector.matches(labels)
    }

    async fn config_map(&self, key: &ObjectKey) -> Result<Option<BTreeMap<String, String>>, DeskError> {
        read::config_map(&self.0.client, key).await
    }

    fn whereabouts(&self, namespace: &str) -> String {
        format!("namespace {namespace}")
    }

    fn folder(&self) -> Option<&Path> {
        None
    }

    async fn judges(&self, namespace: &str) -> Result<Judges, DeskError> {
        if self.0.options.reach.is_some() {
            return Ok(Judges { objects: self.0.kinds.kustomizations.state(), is_watched: true });
        }
        let objects = read::kustomizations(&self.0.client, namespace).await?;
        Ok(Judges { objects: objects.into_iter().map(Arc::new).collect(), is_watched: false })
    }

    async fn target(&self, destination: &Destination) -> Result<Cluster, DeskError> {
        self.cluster_of(destination).await
    }

    async fn reachable(&self, destination: &Destination) -> Result<bool, DeskError> {
        self.is_reachable(destination).await
    }

    async fn secret(&self, key: &ObjectKey) -> Result<Option<SecretData>, DeskError> {
        read::secret(&self.0.client, key).await
    }

    async fn pull_secrets(&self, account: &ObjectKey) -> Result<Vec<String>, DeskError> {
        read::pull_secrets(&self.0.client, account).await
    }

    async fn namespace_labels(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, DeskError> {
        read::namespace_labels(&self.0.client, name).await
    }

    fn default_credentials(&self) -> Option<Arc<DockerConfig>> {
        None
    }

    async fn post(&self, finding: Finding) -> Result<(), DeskError> {
        self.0.record.take(&finding);
        match finding {
            Finding::Repository { key, status, events } => self
                .write::<ImageRepository>(&key, status.as_deref().map(write::value), events)
                .await
                .map(drop),
            Finding::Policy { key, status, events } => {
                self.write::<ImagePolicy>(&key, status.as_deref().map(write::value), events).await.map(drop)
            }
            Finding::Automation { key, status, events, .. } => self
                .write::<ImageUpdateAutomation>(&key, status.as_deref().map(write::value), events)
                .await
                .map(drop),
            Finding::Source { key, status, events } => {
                self.write::<GitRepository>(&key, status.as_deref().map(write::value), events).await.map(drop)
            }
            Finding::Kustomization { key, status, events, revision } => {
                let noted = status.is_some();
                self.tell::<Kustomization>(&key, revision.as_deref(), events);
                let status = status.as_deref().map(write::value);
                let is_there = self.write::<Kustomization>(&key, status, Vec::new()).await?;
                // What is applied is applied only once its inventory is noted.
                let gone = || DeskError::Unreachable(format!("{key} is gone: nothing can be noted for it"));
                if is_there || !noted { Ok(()) } else { Err(gone()) }
            }
        }
    }
}
