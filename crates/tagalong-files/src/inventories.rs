//! What Kustomizations have applied to a folder, kept in the folder itself, so that the next run knows it. A folder of
//! objects is told apart from another that was once applied to the same place: only its own is ever cleared away, or
//! taken up.

use crate::target;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::{fs, io};
use tagalong_api::Inventory;
use tagalong_model::ObjectKey;

/// Where they are, below the folder that is applied to.
const FOLDER: &str = ".tagalong";

/// What one Kustomization has applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Applied {
    /// Its namespace.
    namespace: String,
    /// Its name.
    name: String,
    /// The folder of objects that it stands in.
    pub(crate) from: PathBuf,
    /// Whether its objects stay when it goes.
    pub(crate) orphan: bool,
    /// The objects.
    pub(crate) inventory: Inventory,
}

impl Applied {
    pub(crate) fn new(key: &ObjectKey, from: &Path, orphan: bool, inventory: Inventory) -> Self {
        let (namespace, name) = (key.namespace.clone(), key.name.clone());
        Self { namespace, name, from: from.to_owned(), orphan, inventory }
    }

    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::new(&self.namespace, &self.name)
    }
}

/// The inventories of one folder. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Inventories(PathBuf);

impl Inventories {
    pub(crate) fn new(dir: &Path) -> Self {
        Self(dir.join(FOLDER))
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        // Namespaces and names hold no `_`.
        self.0.join(format!("{}_{}.json", key.namespace, key.name))
    }

    /// The one of a Kustomization, where there is one.
    ///
    /// # Errors
    /// Where it is there and says nothing. Without it nobody knows what is to be deleted.
    pub(crate) fn get(&self, key: &ObjectKey) -> Result<Option<Applied>, String> {
        let path = self.path(key);
        let damaged = |why: &dyn std::fmt::Display| {
            format!(
                "{}: {why}; put it back as it was, or delete it: then what was applied stays",
                path.display()
            )
        };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| damaged(&"is no inventory")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(damaged(&error)),
        }
    }

    /// All that are kept; one that cannot be read is told and passed over.
    pub(crate) fn all(&self) -> Vec<Applied> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let read = |path: PathBuf| {
            let applied = fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
            applied.inspect_err(|error| tracing::warn!("{} is not used: {error}", path.display())).ok()
        };
        let paths = entries.flatten().map(|entry| entry.path());
        paths
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .filter_map(read)
            .collect()
    }

    /// Keeps one.
    pub(crate) fn keep(&self, applied: &Applied) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(applied)?;
        target::write(&self.path(&applied.key()), &text)
    }

    /// Forgets one.
    pub(crate) fn forget(&self, key: &ObjectKey) -> io::Result<()> {
        fs::remove_file(self.path(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_api::InventoryEntry;

    #[test]
    fn what_is_kept_is_there_again_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let inventories = Inventories::new(folder.path());
        assert!(inventories.all().is_empty());
        let entry = InventoryEntry { id: "a_b__ConfigMap".to_owned(), v: "v1".to_owned() };
        let key = ObjectKey::new("default", "apps");
        let applied = Applied::new(&key, Path::new("/fleet"), false, Inventory { entries: vec![entry] });
        inventories.keep(&applied).unwrap();
        std::fs::write(folder.path().join(".tagalong/broken.json"), "{").unwrap();
        assert_eq!(inventories.get(&key), Ok(Some(applied.clone())));
        assert_eq!(inventories.get(&ObjectKey::new("default", "other")), Ok(None));
        assert_eq!(inventories.all(), [applied]);
        std::fs::write(folder.path().join(".tagalong/default_apps.json"), "{\"namespace\": ").unwrap();
        let damaged = inventories.get(&key).unwrap_err();
        assert!(damaged.contains("default_apps.json: is no inventory; put it back"), "{damaged}");
        inventories.forget(&key).unwrap();
        assert!(inventories.all().is_empty());
    }
}
