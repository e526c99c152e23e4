//! Reads files and folders of the tree for one kustomization: inside its own folder only, never in a circle.

use std::borrow::Cow;
use std::cell::Cell;

use crate::error::{Fault, Result};
use crate::limits;
use crate::tree::{self, Files, Purpose};

/// Where paths of one kustomization start.
pub(crate) struct Loader<'t> {
    tree: &'t dyn Files,
    /// Bytes read so far in the whole build.
    bytes: &'t Cell<usize>,
    /// Whether files must stand in or below the folder of their kustomization.
    restricted: bool,
    /// This kustomization's folder and those that led to it, outermost first.
    roots: Vec<String>,
}

impl<'t> Loader<'t> {
    pub(crate) fn new(tree: &'t dyn Files, root: &str, bytes: &'t Cell<usize>, restricted: bool) -> Self {
        Self { tree, bytes, restricted, roots: vec![root.to_owned()] }
    }

    pub(crate) fn root(&self) -> &str {
        self.roots.last().map_or("", String::as_str)
    }

    /// The path of a file of this folder in the tree.
    pub(crate) fn path(&self, file: &str) -> String {
        tree::join(self.root(), file).unwrap_or_else(|| file.to_owned())
    }

    /// The bytes of a file that stands in or below the folder.
    ///
    /// # Errors
    /// There is no such file, it is remote, or it stands outside.
    pub(crate) fn file(&self, path: &str) -> Result<Cow<'t, [u8]>> {
        self.read(path, |found| self.tree.file(found))
    }

    /// The same for a purpose.
    ///
    /// # Errors
    /// As [`Loader::file`].
    pub(crate) fn file_for(&self, path: &str, purpose: Purpose<'_>) -> Result<Cow<'t, [u8]>> {
        self.read(path, |found| self.tree.file_for(found, purpose))
    }

    fn read(
        &self,
        path: &str,
        read: impl FnOnce(&str) -> Result<Option<Cow<'t, [u8]>>, String>,
    ) -> Result<Cow<'t, [u8]>> {
        if let Some(refusal) = remote(path) {
            return Err(refusal);
        }
        if path.starts_with('/') {
            return Err(Fault::new(format!("{path} is absolute; name it relative to the kustomization")));
        }
        let Some(found) = tree::join(self.root(), path) else {
            return Err(Fault::new(format!("{path} leaves the tree")));
        };
        let found = self.real_path(&found)?;
        if self.restricted && !tree::is_within(&found, self.root()) {
            return Err(Fault::new(format!(
                "{path} is not in or below the folder of its kustomization; kustomize refuses that, too"
            )));
        }
        let read = read(&found).map_err(|why| Fault::new(format!("{found}: {why}")))?;
        let Some(bytes) = read else {
            let what = if self.tree.is_folder(&found) { "is a folder" } else { "does not exist" };
            return Err(Fault::new(format!("{found} {what}")));
        };
        self.bytes.set(self.bytes.get().saturating_add(bytes.len()));
        if bytes.len() > limits::FILE || self.bytes.get() > limits::BYTES {
            return Err(Fault::new(format!("{found} is too large, or too much is read in all")));
        }
        Ok(bytes)
    }

    /// The same for another folder.
    ///
    /// # Errors
    /// There is no such folder, it is remote, or it led here.
    pub(crate) fn folder(&self, path: &str) -> Result<Self> {
        if path.is_empty() {
            return Err(Fault::new("an entry is empty"));
        }
        if let Some(refusal) = remote(path) {
            return Err(refusal);
        }
        if path.starts_with('/') {
            return Err(Fault::new(format!("{path} is absolute; name it relative to the kustomization")));
        }
        let Some(found) = tree::join(self.root(), path) else {
            return Err(Fault::new(format!("{path} leaves the tree")));
        };
        let found = self.real_path(&found)?;
        if !self.tree.is_folder(&found) {
            return Err(Fault::new(format!("{found} does not exist")));
        }
        if let Some(visited) = self.roots.iter().find(|root| tree::is_within(root, &found)) {
            return Err(Fault::new(format!("a cycle: {path} contains {visited}, which led here")));
        }
        if self.roots.len() >= limits::DEPTH {
            return Err(Fault::new("kustomizations are nested too deeply"));
        }
        let roots = self.roots.iter().cloned().chain([found]).collect();
        Ok(Self { roots, ..*self })
    }

    fn real_path(&self, path: &str) -> Result<String> {
        self.tree.real_path(path).map_err(|why| Fault::new(format!("{path}: {why}")))
    }

    /// Whether the path names a folder.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        tree::join(self.root(), path).is_some_and(|found| self.tree.is_folder(&found))
    }

    /// Whether the folder has a kustomization file.
    pub(crate) fn has_kustomization(&self) -> bool {
        crate::kustomization::FILE_NAMES.iter().any(|name| self.file(name).is_ok())
    }

    /// The kustomization file of the folder: its name and bytes.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub(crate) fn kustomization(&self) -> Result<(&'static str, Cow<'t, [u8]>)> {
        let names = crate::kustomization::FILE_NAMES.iter().copied();
        // What cannot be read, such as a link that leads elsewhere, does not count.
        let mut found = names.filter_map(|name| Some((name, self.file(name).ok()?)));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => {
                Err(Fault::new("the folder has no kustomization.yaml, kustomization.yml or Kustomization"))
            }
            _ => Err(Fault::new("the folder has several kustomization files; keep one")),
        }
    }
}

/// The refusal of what kustomize would fetch.
fn remote(path: &str) -> Option<Fault> {
    let schemes = ["http://", "https://", "ssh://", "git::", "file://", "oci://"];
    let is_url = schemes.iter().any(|scheme| path.to_ascii_lowercase().starts_with(scheme));
    let is_scp = path.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    let first = path.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_host = ["github.com", "gitlab.com", "bitbucket.org"].iter().any(|host| first.starts_with(host));
    (is_url || is_scp || is_host).then(|| {
        Fault::unsupported(format!("{path} is remote, and nothing is fetched; commit a copy and name that"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_bases_are_told_from_folders() {
        for (path, expected) in [
            ("https://example.com/a.yaml", true),
            ("git@example.com:a/b", true),
            ("github.com/a/b?ref=v1", true),
            ("../github/base", false),
            ("a:b/c", false),
        ] {
            assert_eq!(remote(path).is_some(), expected, "{path}");
        }
    }
}
