//! The desk over a folder of YAML: objects live in kube's own reflector stores, as they would in a cluster, and a
//! status is written back into the store, where it wakes whoever waits for it. Built by the binary.

use crate::{FolderTarget, SecretRules, resolve_secret, resolve_url};
use crate::{Loaded, Located};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::watcher::Event as Change;
use kube::{Resource, ResourceExt};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tagalong_api::validate::{self, Deletion, Destination};
use tagalong_api::{
    GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization, KustomizationStatus,
};
use tagalong_engine::wake::Referrers;
use tagalong_engine::wheel::Wakers;
use tagalong_engine::{Desk, DeskError, Finding, Judges, Kinds, Record, SecretData, Wish, wake};
use tagalong_model::ObjectKey;
use tagalong_registry::DockerConfig;

mod sync;
#[cfg(test)]
mod tests;

use sync::Sync;
pub use sync::SyncTo;

/// Where the folder's objects stand, and where findings about them go.
#[derive(Clone)]
pub struct FilesDesk(Arc<Inner>);

struct Inner {
    kinds: Kinds,
    state: Mutex<State>,
    rules: SecretRules,
    docker_config: Option<Arc<DockerConfig>>,
    wakers: Wakers,
    record: Record,
    sync: Option<Sync>,
}

struct State {
    repositories: Writer<ImageRepository>,
    policies: Writer<ImagePolicy>,
    automations: Writer<ImageUpdateAutomation>,
    sources: Writer<GitRepository>,
    kustomizations: Writer<Kustomization>,
    secrets: HashMap<ObjectKey, Located<Secret>>,
    config_maps: HashMap<ObjectKey, BTreeMap<String, String>>,
    namespaces: HashMap<String, BTreeMap<String, String>>,
    /// Of the policies as they are now.
    referrers: Referrers,
}

impl FilesDesk {
    /// A desk over what was loaded. `wakers` reach the wheel; `docker_config` serves images that name no secret;
    /// Kustomizations are applied to the folder `sync_to`, and left alone without one.
    pub fn new(
        loaded: Loaded,
        rules: SecretRules,
        docker_config: Option<DockerConfig>,
        sync_to: Option<SyncTo>,
        wakers: Wakers,
    ) -> Self {
        let mut state = State {
            repositories: Writer::default(),
            policies: Writer::default(),
            automations: Writer::default(),
            sources: Writer::default(),
            kustomizations: Writer::default(),
            secrets: HashMap::new(),
            config_maps: HashMap::new(),
            namespaces: HashMap::new(),
            referrers: Referrers::default(),
        };
        let kinds = Kinds {
            repositories: state.repositories.as_reader(),
            policies: state.policies.as_reader(),
            automations: state.automations.as_reader(),
            sources: state.sources.as_reader(),
            kustomizations: state.kustomizations.as_reader(),
        };
        fill(&mut state.repositories, loaded.repositories);
        fill(&mut state.policies, loaded.policies);
        state.referrers = referrers(&kinds);
        fill(&mut state.automations, loaded.automations);
        fill(&mut state.sources, addressed(loaded.sources));
        let sync = sync_to.map(Sync::new);
        fill(&mut state.kustomizations, served(sync.as_ref(), loaded.kustomizations));
        state.secrets = by_key(loaded.secrets);
        state.config_maps = data(loaded.config_maps);
        state.namespaces = labels(loaded.namespaces);
        let docker_config = docker_config.map(Arc::new);
        let record = Record::default();
        let state = Mutex::new(state);
        let desk = Self(Arc::new(Inner { kinds, state, rules, docker_config, wakers, record, sync }));
        if let Some(sync) = &desk.0.sync {
            sync.name_foreign(|key| desk.0.kinds.contains("Kustomization", key));
        }
        desk.clear_gone();
        desk
    }

    /// Whether Kustomizations are served.
    pub fn syncs(&self) -> bool {
        self.0.sync.is_some()
    }

    /// Whether Kustomizations have left the folder whose objects are there.
    pub(crate) fn is_any_gone(&self) -> bool {
        let there = |key: &ObjectKey| self.0.kinds.contains("Kustomization", key);
        self.0.sync.as_ref().is_some_and(|sync| sync.is_any_gone(there))
    }

    /// Whether the folder holds no object: then it is not mounted yet, or half written, and says nothing.
    fn is_empty(&self) -> bool {
        let kinds = &self.0.kinds;
        kinds.kustomizations.is_empty() && kinds.sources.is_empty() && kinds.repositories.is_empty()
    }

    /// Clears away what Kustomizations have applied that are there no more.
    pub(crate) fn clear_gone(&self) {
        let Some(sync) = &self.0.sync else { return };
        if !self.is_empty() {
            sync.clear_gone(|key| self.0.kinds.contains("Kustomization", key));
        } else if self.is_any_gone() {
            tracing::warn!("the folder holds no objects: what its Kustomizations have applied stays");
        }
    }

    /// What was found so far.
    pub fn record(&self) -> &Record {
        &self.0.record
    }

    /// Takes the folder as it is now: what changed is turned, what is gone is forgotten, statuses stay. Says how
    /// many objects differ.
    pub fn reload(&self, loaded: Loaded) -> usize {
        let mut state = self.state();
        let kinds = &self.0.kinds;
        let repositories =
            replace(&mut state.repositories, &kinds.repositories, loaded.repositories, |object| &object.spec);
        let policies = replace(&mut state.policies, &kinds.policies, loaded.policies, |object| &object.spec);
        state.referrers = referrers(kinds);
        let automations =
            replace(&mut state.automations, &kinds.automations, loaded.automations, |object| &object.spec);
        let sources =
            replace(&mut state.sources, &kinds.sources, addressed(loaded.sources), |object| &object.spec);
        let kustomizations = served(self.0.sync.as_ref(), loaded.kustomizations);
        let kustomizations =
            replace(&mut state.kustomizations, &kinds.kustomizations, kustomizations, |object| &object.spec);
        let secrets = by_key(loaded.secrets);
        let namespaces = labels(loaded.namespaces);
        let shared = secrets.len() != state.secrets.len()
            || secrets
                .iter()
                .any(|(key, secret)| state.secrets.get(key).map(|old| &old.object) != Some(&secret.object))
            || namespaces != state.namespaces;
        state.secrets = secrets;
        state.namespaces = namespaces;
        let config_maps = data(loaded.config_maps);
        let variables = config_maps != state.config_maps;
        state.config_maps = config_maps;
        let automated: HashSet<ObjectKey> = keys(&kinds.automations).into_iter().collect();
        drop(state);
        self.0.record.retain(|key| automated.contains(key));
        let turned = repositories.len() + policies.len() + automations.len() + sources.len();
        let changed = turned + kustomizations.len() + usize::from(shared) + usize::from(variables);
        if shared {
            // A Secret or Namespace may matter to any of them; their turns are cheap when it does not.
            let wakers = &self.0.wakers;
            wakers.repositories(keys(&kinds.repositories));
            wakers.policies(keys(&kinds.policies));
            wakers.automations(keys(&kinds.automations));
            wakers.sources(keys(&kinds.sources));
            wakers.kustomizations(keys(&kinds.kustomizations));
        } else {
            let wakers = &self.0.wakers;
            wakers.sources(sources.iter().map(|object| wake::key_of(object.as_ref())));
            if variables {
                wakers.kustomizations(keys(&kinds.kustomizations));
            } else {
                wakers.kustomizations(kustomizations.iter().map(|object| wake::key_of(object.as_ref())));
            }
            self.wake(&repositories, &policies, &automations, &sources);
        }
        changed
    }

    /// Asks for turns of what changed and of whoever looks at it.
    fn wake(
        &self,
        repositories: &[Arc<ImageRepository>],
        policies: &[Arc<ImagePolicy>],
        automations: &[Arc<ImageUpdateAutomation>],
        sources: &[Arc<GitRepository>],
    ) {
        let kinds = &self.0.kinds;
        let wakers = &self.0.wakers;
        for object in repositories {
            wakers.policies(wake::after_repository(None, object, &self.state().referrers));
        }
        for object in policies {
            wakers.automations(wake::after_policy(None, object, kinds));
        }
        for object in sources {
            wakers.automations(wake::after_source(None, object, kinds));
        }
        wakers.repositories(repositories.iter().map(|object| wake::key_of(object.as_ref())));
        wakers.policies(policies.iter().map(|object| wake::key_of(object.as_ref())));
        wakers.automations(automations.iter().map(|object| wake::key_of(object.as_ref())));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk for FilesDesk {
    type Target = FolderTarget;

    fn kinds(&self) -> &Kinds {
        &self.0.kinds
    }

    async fn admit(&self, wish: Wish<'_>) -> Result<bool, DeskError> {
        let (Some(sync), Wish::Kustomization(object)) = (&self.0.sync, wish) else { return Ok(true) };
        sync.admit(&wake::key_of(object)).map(|()| true).map_err(DeskError::Unsupported)
    }

    async fn secret(&self, key: &ObjectKey) -> Result<Option<SecretData>, DeskError> {
        let Some(secret) = self.state().secrets.get(key).cloned() else { return Ok(None) };
        let values =
            resolve_secret(&secret, &self.0.rules).map_err(|error| DeskError::Secret(error.to_string()))?;
        Ok(Some(values))
    }

    fn selects(&self, _: Wish<'_>) -> bool {
        true
    }

    async fn config_map(&self, key: &ObjectKey) -> Result<Option<BTreeMap<String, String>>, DeskError> {
        Ok(self.state().config_maps.get(key).cloned())
    }

    fn whereabouts(&self, namespace: &str) -> String {
        format!("namespace {namespace} of the objects in {}", self.0.rules.root.display())
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.0.rules.root)
    }

    async fn judges(&self, _namespace: &str) -> Result<Judges, DeskError> {
        Err(DeskError::Unsupported(
            ".spec.rollback.onUnhealthy: Revert needs a cluster, which says what is healthy; from files nothing does: remove \
             it, or serve the automation by `tagalong controller`"
                .to_owned(),
        ))
    }

    async fn target(&self, destination: &Destination) -> Result<FolderTarget, DeskError> {
        if destination.kubeconfig.is_some() {
            let why =
                ".spec.kubeConfig names another cluster, and --sync-to writes into one folder; leave it out";
            return Err(DeskError::Unsupported(why.to_owned()));
        }
        let unnamed = || DeskError::Unsupported("name the folder to apply to with --sync-to".to_owned());
        self.0.sync.as_ref().map(|sync| sync.target.clone()).ok_or_else(unnamed)
    }

    async fn reachable(&self, _: &Destination) -> Result<bool, DeskError> {
        Ok(true)
    }

    async fn pull_secrets(&self, account: &ObjectKey) -> Result<Vec<String>, DeskError> {
        Err(DeskError::Unsupported(format!(
            "ServiceAccount '{}' can be read in a cluster only; name the Secret with .spec.secretRef",
            account.name
        )))
    }

    async fn namespace_labels(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, DeskError> {
        Ok(self.state().namespaces.get(name).cloned())
    }

    fn default_credentials(&self) -> Option<Arc<DockerConfig>> {
        self.0.docker_config.clone()
    }

    async fn post(&self, finding: Finding) -> Result<(), DeskError> {
        self.0.record.take(&finding);
        self.take(finding)
    }
}

impl FilesDesk {
    /// Keeps what a Kustomization has applied, or is about to.
    fn keep(&self, key: &ObjectKey, status: &KustomizationStatus) -> Result<(), DeskError> {
        let (Some(sync), Some(inventory)) = (&self.0.sync, &status.inventory) else { return Ok(()) };
        let reference = ObjectRef::<Kustomization>::new(&key.name).within(&key.namespace);
        let object = self.0.kinds.kustomizations.get(&reference);
        // One that is suspended leaves its objects as they are, in a cluster as well.
        let orphan = object.map(|object| {
            object.spec.suspend == Some(true) || validate::deletion(&object.spec) == Deletion::Orphan
        });
        sync.keep(key, orphan, inventory).map_err(|error| {
            DeskError::Unreachable(format!("the inventory of Kustomization/{key} cannot be kept: {error}"))
        })
    }

    fn take(&self, finding: Finding) -> Result<(), DeskError> {
        let kinds = &self.0.kinds;
        match finding {
            Finding::Repository { key, status: Some(status), .. } => {
                let written = put(&mut self.state().repositories, &kinds.repositories, &key, |object| {
                    object.status = Some(*status);
                });
                if let Some((old, new)) = written {
                    self.0.wakers.policies(wake::after_repository(Some(&old), &new, &self.state().referrers));
                }
            }
            Finding::Policy { key, status: Some(status), .. } => {
                let written = put(&mut self.state().policies, &kinds.policies, &key, |object| {
                    object.status = Some(*status);
                });
                if let Some((old, new)) = written {
                    self.0.wakers.automations(wake::after_policy(Some(&old), &new, kinds));
                }
            }
            Finding::Automation { key, status: Some(status), .. } => {
                let written = put(&mut self.state().automations, &kinds.automations, &key, |object| {
                    object.status = Some(*status);
                });
                if let Some((old, new)) = written {
                    self.0.wakers.sources(wake::after_push(Some(&old), &new, kinds));
                }
            }
            Finding::Source { key, status: Some(status), .. } => {
                let written = put(&mut self.state().sources, &kinds.sources, &key, |object| {
                    object.status = Some(*status);
                });
                if let Some((old, new)) = written {
                    self.0.wakers.kustomizations(wake::after_artifact(Some(&old), &new, kinds));
                }
            }
            Finding::Kustomization { key, status: Some(status), .. } => {
                self.keep(&key, &status)?;
                let written = put(&mut self.state().kustomizations, &kinds.kustomizations, &key, |object| {
                    object.status = Some(*status);
                });
                if let Some((old, new)) = written {
                    self.0.wakers.kustomizations(wake::after_kustomization(Some(&old), &new, kinds));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn referrers(kinds: &Kinds) -> Referrers {
    Referrers::of(kinds.policies.state().iter().map(Arc::as_ref))
}

fn fill<K>(writer: &mut Writer<K>, objects: Vec<Located<K>>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
{
    writer.apply_watcher_event(&Change::Init);
    for located in objects {
        writer.apply_watcher_event(&Change::InitApply(located.object));
    }
    writer.apply_watcher_event(&Change::InitDone);
}

/// Changes one object in its store; the object before and after.
fn put<K>(
    writer: &mut Writer<K>,
    store: &Store<K>,
    key: &ObjectKey,
    change: impl FnOnce(&mut K),
) -> Option<(Arc<K>, K)>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
{
    let old = store.get(&ObjectRef::new(&key.name).within(&key.namespace))?;
    let mut new = old.as_ref().clone();
    change(&mut new);
    writer.apply_watcher_event(&Change::Apply(new.clone()));
    Some((old, new))
}

/// Brings a store to what was loaded; what is new, differs or is gone. A new spec is a new generation.
fn replace<K, S>(
    writer: &mut Writer<K>,
    store: &Store<K>,
    loaded: Vec<Located<K>>,
    spec: fn(&K) -> &S,
) -> Vec<Arc<K>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + WithStatus + 'static,
    S: PartialEq,
{
    let mut changed = Vec::new();
    let mut present = HashSet::new();
    for Located { object: mut new, .. } in loaded {
        let key = wake::key_of(&new);
        present.insert(key.clone());
        let old = store.get(&ObjectRef::new(&key.name).within(&key.namespace));
        if let Some(old) = &old {
            let (labels, annotations) =
                (old.labels() == new.labels(), old.annotations() == new.annotations());
            let same = spec(old) == spec(&new);
            let generation = old.meta().generation.unwrap_or(1);
            new.meta_mut().generation = Some(if same { generation } else { generation + 1 });
            new.keep_status(old);
            if same && labels && annotations {
                continue;
            }
        }
        writer.apply_watcher_event(&Change::Apply(new.clone()));
        changed.push(Arc::new(new));
    }
    for old in store.state() {
        if !present.contains(&wake::key_of(old.as_ref())) {
            writer.apply_watcher_event(&Change::Delete(old.as_ref().clone()));
            changed.push(old);
        }
    }
    changed
}

/// A kind whose status outlives a reload of its spec.
trait WithStatus {
    fn keep_status(&mut self, old: &Self);
}

macro_rules! with_status {
    ($($kind:ty),*) => {
        $(impl WithStatus for $kind {
            fn keep_status(&mut self, old: &Self) {
                self.status.clone_from(&old.status);
            }
        })*
    };
}
with_status!(ImageRepository, ImagePolicy, ImageUpdateAutomation, GitRepository, Kustomization);

/// Kustomizations where there is a folder for them, with what they have applied to it before.
fn served(sync: Option<&Sync>, mut loaded: Vec<Located<Kustomization>>) -> Vec<Located<Kustomization>> {
    let Some(sync) = sync else { return Vec::new() };
    for located in &mut loaded {
        let inventory = sync.applied(&wake::key_of(&located.object));
        if inventory.is_some() {
            located.object.status = Some(KustomizationStatus { inventory, ..KustomizationStatus::default() });
        }
    }
    loaded
}

/// Local paths count from the manifest that holds them.
fn addressed(mut sources: Vec<Located<GitRepository>>) -> Vec<Located<GitRepository>> {
    for source in &mut sources {
        source.object.spec.url = resolve_url(&source.object.spec.url, &source.file);
    }
    sources
}

fn keys<K: Resource<DynamicType = ()> + Clone + 'static>(store: &Store<K>) -> Vec<ObjectKey> {
    store.state().iter().map(|object| wake::key_of(object.as_ref())).collect()
}

fn by_key(secrets: Vec<Located<Secret>>) -> HashMap<ObjectKey, Located<Secret>> {
    secrets.into_iter().map(|secret| (wake::key_of(&secret.object), secret)).collect()
}

fn data(maps: Vec<Located<ConfigMap>>) -> HashMap<ObjectKey, BTreeMap<String, String>> {
    let key = |map: &Located<ConfigMap>| wake::key_of(&map.object);
    maps.into_iter().map(|map| (key(&map), map.object.data.unwrap_or_default())).collect()
}

fn labels(
    namespaces: Vec<Located<k8s_openapi::api::core::v1::Namespace>>,
) -> HashMap<String, BTreeMap<String, String>> {
    namespaces
        .into_iter()
        .map(|namespace| (namespace.object.name_any(), namespace.object.labels().clone()))
        .collect()
}
