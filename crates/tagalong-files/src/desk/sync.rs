//! The folder that Kustomizations are applied to, and what is in it. Part of the desk.

use crate::FolderTarget;
use crate::inventories::{Applied, Inventories};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tagalong_api::Inventory;
use tagalong_apply::{Entry, ObjectId, Owner};
use tagalong_model::ObjectKey;

/// Where objects are applied to, and from where.
#[derive(Debug, Clone)]
pub struct SyncTo {
    /// The folder that gets the objects (`--sync-to`).
    pub dir: PathBuf,
    /// The folder that the Kustomizations stand in.
    pub from: PathBuf,
}

pub(super) struct Sync {
    pub(super) target: FolderTarget,
    inventories: Inventories,
    from: PathBuf,
    /// Whether the objects of each stay when it goes, as it last said.
    orphans: Mutex<HashMap<ObjectKey, bool>>,
}

impl Sync {
    pub(super) fn new(SyncTo { dir, from }: SyncTo) -> Self {
        // Where there is no such path the words themselves tell folders apart.
        let from = from.canonicalize().unwrap_or(from);
        let orphans = Mutex::default();
        Self { inventories: Inventories::new(&dir), target: FolderTarget::new(dir), from, orphans }
    }

    /// Keeps what one has applied, or is about to; of one that left meanwhile `orphan` is `None`.
    pub(super) fn keep(
        &self,
        key: &ObjectKey,
        orphan: Option<bool>,
        inventory: &Inventory,
    ) -> io::Result<()> {
        let orphan = {
            let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
            // What is not known is not deleted.
            *orphans
                .entry(key.clone())
                .and_modify(|known| *known = orphan.unwrap_or(*known))
                .or_insert(orphan.unwrap_or(true))
        };
        let applied = Applied::new(key, &self.from, orphan, inventory.clone());
        if self.inventories.get(key).map_err(io::Error::other)?.as_ref() == Some(&applied) {
            return Ok(());
        }
        self.inventories.keep(&applied)
    }

    /// What one of that name in this folder has applied before: here, or in a folder that is no more.
    pub(super) fn applied(&self, key: &ObjectKey) -> Option<Inventory> {
        let applied = self.inventories.get(key).ok()??;
        (!self.is_foreign(&applied)).then_some(applied.inventory)
    }

    /// Refuses one that must not apply here, since nobody could tell what of the folder is its own.
    ///
    /// # Errors
    /// Another one of that name, in another folder of objects, has applied to this place; or the inventory is damaged.
    pub(super) fn admit(&self, key: &ObjectKey) -> Result<(), String> {
        match self.inventories.get(key)?.filter(|applied| self.is_foreign(applied)) {
            None => Ok(()),
            Some(applied) => Err(format!(
                "one of the same name in {} has applied to this folder; give one of them another name, or --sync-to another folder",
                applied.from.display()
            )),
        }
    }

    fn is_foreign(&self, applied: &Applied) -> bool {
        applied.from != self.from && applied.from.exists()
    }

    /// Whether any of this folder is there no more whose objects are.
    pub(super) fn is_any_gone(&self, is_there: impl Fn(&ObjectKey) -> bool) -> bool {
        self.inventories.all().iter().any(|applied| applied.from == self.from && !is_there(&applied.key()))
    }

    /// Names what came from other folders, which stays.
    pub(super) fn name_foreign(&self, is_there: impl Fn(&ObjectKey) -> bool) {
        for applied in self.inventories.all() {
            let key = applied.key();
            if applied.from != self.from && !is_there(&key) {
                let from = applied.from.display();
                tracing::warn!(
                    "what Kustomization/{key} of {from} has applied stays: it is not in this folder"
                );
            }
        }
    }

    /// Deletes what Kustomizations of this folder have applied that are there no more.
    pub(super) fn clear_gone(&self, is_there: impl Fn(&ObjectKey) -> bool) {
        for applied in self.inventories.all() {
            let key = applied.key();
            if is_there(&key) || applied.from != self.from {
                continue;
            }
            let objects = applied.inventory.entries.iter().filter(|_| !applied.orphan);
            let read = |entry: &tagalong_api::InventoryEntry| {
                Some(Entry { id: ObjectId::parse(&entry.id)?, version: entry.v.clone() })
            };
            let gone: Vec<Entry> = objects.filter_map(read).collect();
            let owner = Owner { name: key.name.clone(), namespace: key.namespace.clone() };
            let outcome = self.target.clear(&owner, &gone);
            for failure in &outcome.failures {
                tracing::error!("Kustomization/{key} is gone: {failure}");
            }
            if outcome.failures.is_empty()
                && let Err(error) = self.inventories.forget(&key)
            {
                tracing::error!("Kustomization/{key} is gone, and its inventory stays: {error}");
            }
        }
    }
}
