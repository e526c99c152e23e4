//! The one port of the engine: where wishes come from and where findings go. Implemented twice, over a folder
//! of YAML (`tagalong-files`) and over the Kubernetes API; the reconcilers never know which.

use crate::automation::TurnReport;
use crate::target::Target;
use kube::Resource;
use kube::runtime::reflector::{ObjectRef, Store};
use secrecy::SecretSlice;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use tagalong_api::validate::Destination;
use tagalong_api::{
    GitRepository, GitRepositoryStatus, ImagePolicy, ImagePolicyStatus, ImageRepository,
    ImageRepositoryStatus, ImageUpdateAutomation, ImageUpdateAutomationStatus, Kustomization,
    KustomizationStatus, Reason,
};
use tagalong_model::ObjectKey;
use tagalong_registry::DockerConfig;

/// The Kustomizations of a namespace, whoever serves them.
#[derive(Debug, Clone, Default)]
pub struct Judges {
    /// As they stand now.
    pub objects: Vec<Arc<Kustomization>>,
    /// Whether a change of one wakes the automations that listen to it.
    pub is_watched: bool,
}

/// The values of a Secret by key.
pub type SecretData = BTreeMap<String, SecretSlice<u8>>;

/// The objects as they stand now, by kind. Cheap to clone; always current.
#[derive(Clone)]
pub struct Kinds {
    /// Every ImageRepository.
    pub repositories: Store<ImageRepository>,
    /// Every ImagePolicy.
    pub policies: Store<ImagePolicy>,
    /// Every ImageUpdateAutomation.
    pub automations: Store<ImageUpdateAutomation>,
    /// Every GitRepository.
    pub sources: Store<GitRepository>,
    /// Every Kustomization.
    pub kustomizations: Store<Kustomization>,
}

impl Kinds {
    /// Whether there is an object of this kind and name.
    pub fn contains(&self, kind: &str, key: &ObjectKey) -> bool {
        fn holds<K: Resource<DynamicType = ()> + Clone + 'static>(store: &Store<K>, key: &ObjectKey) -> bool {
            store.get(&ObjectRef::new(&key.name).within(&key.namespace)).is_some()
        }
        match kind {
            "ImageRepository" => holds(&self.repositories, key),
            "ImagePolicy" => holds(&self.policies, key),
            "ImageUpdateAutomation" => holds(&self.automations, key),
            "GitRepository" => holds(&self.sources, key),
            "Kustomization" => holds(&self.kustomizations, key),
            _ => false,
        }
    }
}

/// How loud an event is; Flux's three types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// Something a user may want to be told.
    Normal,
    /// Something went wrong.
    Warning,
    /// A turn that changed nothing.
    Trace,
}

/// One thing that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// How loud.
    pub event_type: EventType,
    /// The same word as the condition's reason.
    pub reason: Reason,
    /// The message, possibly of several lines.
    pub message: String,
}

/// What a reconcile found out about one object.
#[derive(Debug, Clone)]
pub enum Finding {
    /// Of an ImageRepository.
    Repository {
        /// Which.
        key: ObjectKey,
        /// Its new status; `None` leaves it as it is.
        status: Option<Box<ImageRepositoryStatus>>,
        /// What happened.
        events: Vec<Event>,
    },
    /// Of an ImagePolicy.
    Policy {
        /// Which.
        key: ObjectKey,
        /// Its new status; `None` leaves it as it is.
        status: Option<Box<ImagePolicyStatus>>,
        /// What happened.
        events: Vec<Event>,
    },
    /// Of an ImageUpdateAutomation.
    Automation {
        /// Which.
        key: ObjectKey,
        /// Its new status; `None` leaves it as it is.
        status: Option<Box<ImageUpdateAutomationStatus>>,
        /// What happened.
        events: Vec<Event>,
        /// The plan of this turn and what came of it, where the turn got that far.
        turn: Option<Arc<TurnReport>>,
    },
    /// Of a GitRepository.
    Source {
        /// Which.
        key: ObjectKey,
        /// Its new status; `None` leaves it as it is.
        status: Option<Box<GitRepositoryStatus>>,
        /// What happened.
        events: Vec<Event>,
    },
    /// Of a Kustomization.
    Kustomization {
        /// Which.
        key: ObjectKey,
        /// Its new status; `None` leaves it as it is.
        status: Option<Box<KustomizationStatus>>,
        /// What happened.
        events: Vec<Event>,
        /// The revision that its turn is about, where it got that far.
        revision: Option<String>,
    },
}

/// An object whose turn has come.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// An ImageRepository.
    Repository(&'a ImageRepository),
    /// An ImagePolicy.
    Policy(&'a ImagePolicy),
    /// An ImageUpdateAutomation.
    Automation(&'a ImageUpdateAutomation),
    /// A GitRepository.
    Source(&'a GitRepository),
    /// A Kustomization.
    Kustomization(&'a Kustomization),
}

/// Why a desk could not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeskError {
    /// The Secret exists, but a value in it cannot be read; the message names the key and what to do.
    #[error("{0}")]
    Secret(String),
    /// This desk has no such thing.
    #[error("{0}")]
    Unsupported(String),
    /// The place behind the desk did not answer.
    #[error("{0}")]
    Unreachable(String),
}

/// Where wishes come from and findings go.
pub trait Desk: Send + Sync + 'static {
    /// What objects are applied to.
    type Target: Target;

    /// The objects of every kind.
    fn kinds(&self) -> &Kinds;

    /// Asked before each turn: whether the object is to be turned. A cluster keeps its finalizer here, so that an
    /// object is never taken away in the middle of its turn.
    fn admit(&self, wish: Wish<'_>) -> impl Future<Output = Result<bool, DeskError>> + Send;

    /// Whether this desk turns the object at all, or leaves it to somebody else.
    fn selects(&self, wish: Wish<'_>) -> bool;

    /// A Secret by name; `None` where there is none.
    fn secret(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<SecretData>, DeskError>> + Send;

    /// The values of a ConfigMap by key; `None` where there is none.
    fn config_map(
        &self,
        key: &ObjectKey,
    ) -> impl Future<Output = Result<Option<BTreeMap<String, String>>, DeskError>> + Send;

    /// Where Secrets and ConfigMaps of a namespace are looked for, as words for who named one that is not there.
    fn whereabouts(&self, namespace: &str) -> String;

    /// The folder of objects as a command line names it; `None` where they are in a cluster.
    fn folder(&self) -> Option<&Path>;

    /// The Kustomizations of a namespace, which say whether what was written is healthy.
    fn judges(&self, namespace: &str) -> impl Future<Output = Result<Judges, DeskError>> + Send;

    /// What the objects of a Kustomization are applied to.
    fn target(
        &self,
        destination: &Destination,
    ) -> impl Future<Output = Result<Self::Target, DeskError>> + Send;

    /// Whether the ServiceAccount and the Secret that a destination names are there still.
    fn reachable(&self, destination: &Destination) -> impl Future<Output = Result<bool, DeskError>> + Send;

    /// Names of the `imagePullSecrets` of a ServiceAccount.
    fn pull_secrets(
        &self,
        account: &ObjectKey,
    ) -> impl Future<Output = Result<Vec<String>, DeskError>> + Send;

    /// Labels of a namespace; `None` where it does not exist.
    fn namespace_labels(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<BTreeMap<String, String>>, DeskError>> + Send;

    /// Credentials for images that name no secret: `~/.docker/config.json` from files, none in a cluster.
    fn default_credentials(&self) -> Option<Arc<DockerConfig>>;

    /// Takes a finding: writes the status back, records the events, and wakes whoever waits for the object.
    fn post(&self, finding: Finding) -> impl Future<Output = Result<(), DeskError>> + Send;
}
