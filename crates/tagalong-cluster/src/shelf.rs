//! One kind's objects as they stand: kube's own store, fed by the watch and by the answers to our own writes, always
//! with the newer of the two. Says what changed, so that the desk can wake whoever has to look.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::object::HasStatus;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tagalong_engine::wake::key_of;
use tagalong_model::ObjectKey;

/// `kubectl apply` keeps a second copy of the object here; nobody reads it, so it is not kept.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The objects of one kind.
pub(crate) struct Shelf<K: Resource<DynamicType = ()> + Clone + 'static> {
    store: Store<K>,
    state: Mutex<State<K>>,
}

struct State<K: Resource<DynamicType = ()> + Clone + 'static> {
    writer: Writer<K>,
    /// The objects of a listing under way.
    listing: HashMap<ObjectKey, K>,
    /// As somebody else wrote them, where the status on the shelf is our own alone.
    theirs: HashMap<ObjectKey, Arc<K>>,
}

/// What became of one object.
pub(crate) struct Change<K> {
    /// As it was; `None` when it is new.
    pub(crate) old: Option<Arc<K>>,
    /// As it is; `None` when it is gone.
    pub(crate) new: Option<K>,
}

impl<K> Shelf<K>
where
    K: Resource<DynamicType = ()> + HasStatus<Status: Clone> + Clone + Debug + 'static,
{
    pub(crate) fn new() -> Self {
        let writer = Writer::default();
        let store = writer.as_reader();
        Self { store, state: Mutex::new(State { writer, listing: HashMap::new(), theirs: HashMap::new() }) }
    }

    /// The objects, for reading.
    pub(crate) fn store(&self) -> &Store<K> {
        &self.store
    }

    /// One object.
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Arc<K>> {
        self.store.get(&ObjectRef::new(&key.name).within(&key.namespace))
    }

    /// Takes what the watch brought.
    pub(crate) fn take(&self, event: Event<K>) -> Vec<Change<K>> {
        let mut state = self.state();
        match event {
            Event::Init => {
                state.listing.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                let object = trimmed(object);
                state.listing.insert(key_of(&object), object);
                Vec::new()
            }
            Event::InitDone => {
                let listing = std::mem::take(&mut state.listing);
                self.replace(&mut state, listing)
            }
            Event::Apply(object) => self.put(&mut state, trimmed(object)).into_iter().collect(),
            Event::Delete(object) => self.remove(&mut state, &object).into_iter().collect(),
        }
    }

    /// Takes the API server's answer to a write of ours. An object that is gone meanwhile does not come back.
    pub(crate) fn answered(&self, object: K) -> Option<Change<K>> {
        let mut state = self.state();
        let known = self.get(&key_of(&object))?;
        if known.meta().uid != object.meta().uid {
            return None;
        }
        self.put(&mut state, trimmed(object))
    }

    /// Changes the status of an object here alone, where nothing may be written to the API server. From then on the
    /// status on the shelf is ours, whatever others write.
    pub(crate) fn pretend(&self, key: &ObjectKey, change: impl FnOnce(&mut K)) -> Option<Change<K>> {
        let mut state = self.state();
        let old = self.get(key)?;
        state.theirs.entry(key.clone()).or_insert_with(|| Arc::clone(&old));
        let mut new = old.as_ref().clone();
        change(&mut new);
        state.writer.apply_watcher_event(&Event::Apply(new.clone()));
        Some(Change { old: Some(old), new: Some(new) })
    }

    /// Each object on the shelf, and as others wrote it.
    pub(crate) fn beside(&self) -> Vec<(Arc<K>, Arc<K>)> {
        let state = self.state();
        let theirs = |ours: &Arc<K>| state.theirs.get(&key_of(ours.as_ref())).unwrap_or(ours).clone();
        self.store.state().into_iter().map(|ours| (Arc::clone(&ours), theirs(&ours))).collect()
    }

    /// There is no such kind in the cluster: no objects, until there is one.
    pub(crate) fn absent(&self) -> Vec<Change<K>> {
        let mut state = self.state();
        self.replace(&mut state, HashMap::new())
    }

    fn put(&self, state: &mut State<K>, object: K) -> Option<Change<K>> {
        let old = self.get(&key_of(&object));
        if old.as_deref().is_some_and(|old| !newer(object.meta(), old.meta())) {
            return None;
        }
        let object = state.keep_ours(object, old.as_deref());
        state.writer.apply_watcher_event(&Event::Apply(object.clone()));
        Some(Change { old, new: Some(object) })
    }

    fn remove(&self, state: &mut State<K>, object: &K) -> Option<Change<K>> {
        let old = self.get(&key_of(object))?;
        state.theirs.remove(&key_of(object));
        state.writer.apply_watcher_event(&Event::Delete(old.as_ref().clone()));
        Some(Change { old: Some(old), new: None })
    }

    fn replace(&self, state: &mut State<K>, mut listing: HashMap<ObjectKey, K>) -> Vec<Change<K>> {
        let mut changes = Vec::new();
        for old in self.store.state() {
            let key = key_of(old.as_ref());
            match listing.remove(&key) {
                None => {
                    state.theirs.remove(&key);
                    changes.push(Change { old: Some(old), new: None });
                }
                // Our own write was answered after this listing was made.
                Some(new) if !newer(new.meta(), old.meta()) => {
                    listing.insert(key, old.as_ref().clone());
                }
                Some(new) => {
                    let new = state.keep_ours(new, Some(&old));
                    listing.insert(key, new.clone());
                    changes.push(Change { new: Some(new), old: Some(old) });
                }
            }
        }
        let known = |key: &ObjectKey| self.get(key).is_some();
        let came = listing.iter().filter(|(key, _)| !known(key));
        changes.extend(came.map(|(_, new)| Change { old: None, new: Some(new.clone()) }));
        state.writer.apply_watcher_event(&Event::Init);
        for (_, object) in listing {
            state.writer.apply_watcher_event(&Event::InitApply(object));
        }
        state.writer.apply_watcher_event(&Event::InitDone);
        changes
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> State<K>
where
    K: Resource<DynamicType = ()> + HasStatus<Status: Clone> + Clone + 'static,
{
    /// An object as it came, but with our own status where that is kept here alone.
    fn keep_ours(&mut self, mut came: K, known: Option<&K>) -> K {
        let Some(theirs) = self.theirs.get_mut(&key_of(&came)) else { return came };
        *theirs = Arc::new(came.clone());
        *came.status_mut() = known.and_then(HasStatus::status).cloned();
        came
    }
}

/// Whether `new` is later than `old`. Resource versions are decimal numbers that only grow; where one is not, the
/// later arrival counts.
fn newer(new: &ObjectMeta, old: &ObjectMeta) -> bool {
    let version =
        |meta: &ObjectMeta| meta.resource_version.as_ref().and_then(|version| version.parse::<u128>().ok());
    match (version(new), version(old)) {
        (Some(new), Some(old)) => new > old,
        _ => true,
    }
}

fn trimmed<K: Resource>(mut object: K) -> K {
    object.managed_fields_mut().clear();
    object.annotations_mut().remove(LAST_APPLIED);
    object
}

#[cfg(test)]
mod tests;
