//! What is known of everything that is followed, and whom a sight wakes. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use tagalong_apply::{ObjectId, Sight, Standing};
use tagalong_model::ObjectKey;

/// What one watch shows: the objects of a kind in a namespace, by one way to one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    way: u64,
    group: String,
    kind: String,
    namespace: String,
}

impl Place {
    /// Where an object is.
    pub(super) fn of(way: u64, id: &ObjectId) -> Self {
        let ObjectId { group, kind, namespace, .. } = id.clone();
        Self { way, group, kind, namespace }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if self.namespace.is_empty() { Ok(()) } else { write!(f, " in {}", self.namespace) }
    }
}

/// Objects of a Kustomization by place and name, each as it was applied.
pub(super) type Applied = HashMap<Place, Vec<(String, Standing)>>;

/// Everything that is followed.
#[derive(Debug, Default)]
pub(super) struct Board {
    places: HashMap<Place, Known>,
    /// Kustomizations that write now: what is seen may be their own doing.
    writing: HashSet<ObjectKey>,
}

#[derive(Debug, Default)]
struct Known {
    followed: HashMap<String, (ObjectKey, Standing)>,
    /// How each object was last seen, followed or not.
    seen: HashMap<String, Last>,
}

#[derive(Debug)]
enum Last {
    Stands(Standing),
    Gone(Option<Standing>),
}

impl Known {
    /// Whether an object is otherwise than it was applied; and whose it is then.
    fn drifted(&self, name: &str) -> Option<&ObjectKey> {
        let (key, applied) = self.followed.get(name)?;
        let drifted = match self.seen.get(name)? {
            Last::Stands(seen) => applied.drifted(seen),
            Last::Gone(last) => last.as_ref().is_none_or(|last| last.is_after(applied)),
        };
        drifted.then_some(key)
    }
}

impl Board {
    /// A watch of a place has begun.
    pub(super) fn open(&mut self, place: Place) {
        self.places.entry(place).or_default();
    }

    /// A watch has ended; those who relied on it.
    pub(super) fn close(&mut self, place: &Place) -> BTreeSet<ObjectKey> {
        let known = self.places.remove(place).unwrap_or_default();
        known.followed.into_values().map(|(key, _)| key).collect()
    }

    /// A Kustomization is about to write.
    pub(super) fn write(&mut self, key: &ObjectKey) {
        self.writing.insert(key.clone());
    }

    /// What a Kustomization has applied, in place of what it had; whether somebody else has changed it since.
    pub(super) fn hold(&mut self, key: &ObjectKey, applied: Applied) -> bool {
        self.leave(key);
        let mut drifted = false;
        for (place, objects) in applied {
            let Some(known) = self.places.get_mut(&place) else { continue };
            for (name, standing) in objects {
                known.followed.insert(name.clone(), (key.clone(), standing));
                drifted |= known.drifted(&name).is_some();
            }
        }
        for Known { followed, seen } in self.places.values_mut() {
            seen.retain(|name, last| matches!(last, Last::Stands(_)) || followed.contains_key(name));
        }
        drifted
    }

    /// A Kustomization asks for nothing any more.
    pub(super) fn leave(&mut self, key: &ObjectKey) {
        self.writing.remove(key);
        for known in self.places.values_mut() {
            known.followed.retain(|_, (owner, _)| owner != key);
        }
    }

    /// The Kustomizations of which an object is followed.
    pub(super) fn followers(&self) -> HashSet<ObjectKey> {
        self.places.values().flat_map(|known| known.followed.values().map(|(key, _)| key.clone())).collect()
    }

    /// The places where nothing is followed.
    pub(super) fn idle(&self) -> Vec<Place> {
        let idle = self.places.iter().filter(|(_, known)| known.followed.is_empty());
        idle.map(|(place, _)| place.clone()).collect()
    }

    /// Notes what was seen; whose object that changed.
    pub(super) fn see(&mut self, place: &Place, sight: Sight) -> BTreeSet<ObjectKey> {
        let Some(known) = self.places.get_mut(place) else { return BTreeSet::new() };
        let mut names = Vec::new();
        match sight {
            Sight::Stands(name, standing) => {
                known.seen.insert(name.clone(), Last::Stands(standing));
                names.push(name);
            }
            Sight::Gone(name, last) => {
                known.seen.insert(name.clone(), Last::Gone(Some(last)));
                names.push(name);
            }
            Sight::Only(there) => {
                known.seen.retain(|name, _| there.contains(name));
                names.extend(known.followed.keys().filter(|name| !there.contains(*name)).cloned());
                known.seen.extend(names.iter().map(|name| (name.clone(), Last::Gone(None))));
            }
        }
        let woken = names.iter().filter_map(|name| known.drifted(name)).cloned().collect::<BTreeSet<_>>();
        for name in names {
            if !known.followed.contains_key(&name) && matches!(known.seen.get(&name), Some(Last::Gone(_))) {
                known.seen.remove(&name);
            }
        }
        woken.into_iter().filter(|key| !self.writing.contains(key)).collect()
    }
}

#[cfg(test)]
mod tests;
