//! The folder that Kustomizations are applied to, and what is in it. Part of the desk.

use crate::FolderTarget;
use crate::inventories::{Applied, Inventories};
use std::io;
use std::path::PathBuf;
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
    pub(super) inventories: Inventories,
    from: PathBuf,
}

impl Sync {
    pub(super) fn new(SyncTo { dir, from }: SyncTo) -> Self {
        // Where there is no such path the words themselves tell folders apart.
        let from = from.canonicalize().unwrap_or(from);
        Self { inventories: Inventories::new(&dir), target: FolderTarget::new(dir), from }
    }

    pub(super) fn keep(&self, key: &ObjectKey, orphan: bool, inventory: &Inventory) -> io::Result<()> {
        self.inventories.keep(&Applied::new(key, &self.from, orphan, inventory.clone()))
    }

    /// Deletes what Kustomizations of this folder have applied that are there no more. What came from another folder
    /// is only told.
    pub(super) fn clear_gone(&self, is_there: impl Fn(&ObjectKey) -> bool) {
        for applied in self.inventories.all() {
            let key = applied.key();
            if is_there(&key) {
                continue;
            }
            if applied.from != self.from {
                let from = applied.from.display();
                tracing::warn!(
                    "what Kustomization/{key} of {from} has applied stays: it is not in this folder"
                );
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
