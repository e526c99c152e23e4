//! The desk itself: what the engine asks is answered from the shelves or by one request, and what it finds is written
//! to the API server. Built by the binary, which runs [`ClusterDesk::watch`] beside the wheel.

mod gather;
mod kind;
mod read;
mod write;

use crate::error::ClusterError;
use crate::event::Events;
use crate::health::Health;
use crate::notify::Notifier;
use crate::shelf::Shelf;
use crate::watch::Watch;
use kind::Kind;
use kube::core::Selector;
use kube::runtime::watcher::Config;
use kube::{Api, Client};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tagalong_api::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation};
use tagalong_engine::wake::Referrers;
use tagalong_engine::wheel::Wakers;
use tagalong_engine::{Desk, DeskError, Finding, Kinds, Record, SecretData, Wish};
use tagalong_model::ObjectKey;
use tagalong_registry::DockerConfig;

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
    referrers: Mutex<Referrers>,
    wakers: Wakers,
    /// Set when the wheel turns; until then nobody would hear.
    turning: AtomicBool,
    record: Record,
    health: Health,
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
        let (automations, sources) = (Shelf::new(), Shelf::new());
        let kinds = Kinds {
            repositories: repositories.store().clone(),
            policies: policies.store().clone(),
            automations: automations.store().clone(),
            sources: sources.store().clone(),
        };
        let health = Health::default();
        let images = [ImageRepository::NAME, ImagePolicy::NAME, ImageUpdateAutomation::NAME];
        for kind in images.into_iter().filter(|_| options.images).chain([GitRepository::NAME]) {
            health.fail(kind, "not read yet");
        }
        let notifier = options
            .events_address
            .clone()
            .map(|address| Notifier::start(address, options.instance.clone()))
            .transpose()
            .map_err(|error| ClusterError::Request(error.to_string()))?;
        let events = Events::start(client.clone(), options.instance.clone());
        Ok(Self(Arc::new(Inner {
            client,
            options,
            kinds,
            repositories,
            policies,
            automations,
            sources,
            referrers: Mutex::default(),
            wakers,
            turning: AtomicBool::new(false),
            record: Record::default(),
            health,
            events,
            notifier,
        })))
    }

    /// Watches every kind that is served, or referred to. Does not end.
    pub async fn watch(&self) {
        if !self.0.options.images {
            self.0.repositories.absent();
            self.0.policies.absent();
            self.0.automations.absent();
            return self.follow::<GitRepository>().await;
        }
        tokio::join!(
            self.follow::<ImageRepository>(),
            self.follow::<ImagePolicy>(),
            self.follow::<ImageUpdateAutomation>(),
            self.follow::<GitRepository>(),
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

    async fn follow<K: Kind>(&self) {
        let watch = Watch {
            api: self.api::<K>(self.0.options.namespace.as_deref()),
            config: Config::default(),
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

impl Desk for ClusterDesk {
    fn kinds(&self) -> &Kinds {
        &self.0.kinds
    }

    async fn admit(&self, wish: Wish<'_>) -> Result<bool, DeskError> {
        match wish {
            Wish::Repository(object) => self.keep_finalizer(object).await,
            Wish::Policy(object) => self.keep_finalizer(object).await,
            Wish::Automation(object) => self.keep_finalizer(object).await,
            Wish::Source(object) => self.keep_finalizer(object).await,
        }
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
            Finding::Repository { key, status, events } => {
                self.write::<ImageRepository>(&key, status.as_deref().map(write::value), events).await
            }
            Finding::Policy { key, status, events } => {
                self.write::<ImagePolicy>(&key, status.as_deref().map(write::value), events).await
            }
            Finding::Automation { key, status, events, .. } => {
                self.write::<ImageUpdateAutomation>(&key, status.as_deref().map(write::value), events).await
            }
            Finding::Source { key, status, events } => {
                self.write::<GitRepository>(&key, status.as_deref().map(write::value), events).await
            }
        }
    }
}
