//! A demo folder: where its parts are, and which port its registry has. Used by everything in the demo.
//!
//! ```text
//! DIR/estate.git   the bare Git repository
//! DIR/fleet/       the objects, as `tagalong run` reads them
//! DIR/registry/    the images, and the port that stands in their names
//! DIR/state/       what `--state` names
//! DIR/synced/      what `--sync-to` names: the objects as they would run
//! ```

use super::storage::Storage;
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};

/// The branch of the estate.
pub(crate) const BRANCH: &str = "main";

/// A demo folder.
pub(crate) struct Place {
    root: PathBuf,
}

impl Place {
    /// Takes a new or empty folder.
    ///
    /// # Errors
    /// When there is something in it, or it cannot be made.
    pub(crate) fn create(root: &Path) -> anyhow::Result<Self> {
        let place = Self { root: root.to_owned() };
        let shown = root.display();
        std::fs::create_dir_all(root).with_context(|| format!("cannot make the folder {shown}"))?;
        if place.port_file().exists() {
            bail!(
                "{shown} holds a demo already; name a new folder, or go on in this one with \
                 `tagalong demo registry {shown}`"
            );
        }
        let mut entries =
            std::fs::read_dir(root).with_context(|| format!("cannot read the folder {shown}"))?;
        if entries.next().is_some() {
            bail!("{shown} is not empty; name a new folder, or an empty one");
        }
        Ok(place)
    }

    /// Takes a folder that an earlier demo kept.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let place = Self { root: root.to_owned() };
        if !place.port_file().exists() {
            let shown = root.display();
            bail!("{shown} is no demo folder; make one with `tagalong demo {shown}`");
        }
        Ok(place)
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The bare repository.
    pub(crate) fn estate(&self) -> PathBuf {
        self.root.join("estate.git")
    }

    /// The objects.
    pub(crate) fn fleet(&self) -> PathBuf {
        self.root.join("fleet")
    }

    /// The state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// The folder that objects are applied to.
    pub(crate) fn synced(&self) -> PathBuf {
        self.root.join("synced")
    }

    /// The images.
    pub(crate) fn storage(&self) -> Storage {
        Storage::new(self.root.join("registry"))
    }

    /// The registry's port.
    ///
    /// # Errors
    /// When the file that says it cannot be read.
    pub(crate) fn port(&self) -> anyhow::Result<u16> {
        let path = self.port_file();
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.trim().parse().with_context(|| format!("{} holds no port", path.display()))
    }

    /// Keeps the registry's port.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep_port(&self, port: u16) -> anyhow::Result<()> {
        let path = self.port_file();
        let write = || {
            std::fs::create_dir_all(self.root.join("registry"))?;
            std::fs::write(&path, format!("{port}\n"))
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    fn port_file(&self) -> PathBuf {
        self.root.join("registry").join("port")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_or_empty_folder_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::create(&dir.path().join("a/b")).unwrap();
        assert!(Place::open(place.root()).err().unwrap().to_string().contains("is no demo folder"));
        assert!(Place::create(place.root()).is_ok());
        place.keep_port(4711).unwrap();
        assert_eq!(Place::open(place.root()).unwrap().port().unwrap(), 4711);
        assert!(Place::create(place.root()).err().unwrap().to_string().contains("holds a demo already"));
        assert!(Place::create(dir.path()).err().unwrap().to_string().contains("is not empty"));
    }
}
