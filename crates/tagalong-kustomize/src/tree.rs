//! The files that a render reads, handed in by the caller: bytes by path, nothing else of the world.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Where a render finds its files: a [`Tree`] in memory, a folder, the tree of a commit.
///
/// Paths are relative, `/`-separated, without `.` and `..`; the root is the empty path.
pub trait Files {
    /// The bytes of a file; none where there is no file of that path.
    ///
    /// # Errors
    /// Why a file that is there cannot be read, in a few words.
    fn file(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String>;

    /// The same for a purpose for which a file may have to be made readable first.
    ///
    /// # Errors
    /// As [`Files::file`].
    fn file_for(&self, path: &str, _purpose: Purpose<'_>) -> Result<Option<Cow<'_, [u8]>>, String> {
        self.file(path)
    }

    /// Whether the path is a folder.
    fn is_folder(&self, path: &str) -> bool;

    /// What stands in a folder, by name. Nothing where there is no such folder.
    ///
    /// # Errors
    /// Why the folder cannot be read, in a few words.
    fn entries(&self, folder: &str) -> Result<Vec<Entry>, String>;

    /// The path without symbolic links; a path that leads nowhere stays as it is.
    ///
    /// # Errors
    /// A link leads out of the tree.
    fn real_path(&self, path: &str) -> Result<String, String> {
        Ok(path.to_owned())
    }
}

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// Its objects.
    Manifest,
    /// A patch.
    Patch,
    /// A value of a Secret that is generated.
    Secret {
        /// The value's key.
        key: &'a str,
    },
    /// The variables of a Secret that is generated.
    Variables,
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Without the folder.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// A tree of files in memory.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
}

impl Tree {
    /// A tree without files.
    pub fn new() -> Self {
        Self { files: BTreeMap::new(), folders: BTreeSet::from([String::new()]) }
    }

    /// Adds or replaces a file. Components that are empty or `.` are left out of the path.
    ///
    /// A path that leaves the tree (`..`) names no file and is passed over.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        let Some(path) = join("", path) else { return };
        let mut folder = path.as_str();
        while let Some((parent, _)) = folder.rsplit_once('/') {
            self.folders.insert(parent.to_owned());
            folder = parent;
        }
        self.files.insert(path, bytes.into());
    }
}

impl Files for Tree {
    fn file(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        Ok(self.files.get(path).map(|bytes| Cow::Borrowed(bytes.as_slice())))
    }

    /// Whether a file stands somewhere below the path.
    fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path)
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let child = |path: &String| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            (parent == folder && !name.is_empty()).then(|| name.to_owned())
        };
        let files = self.files.keys().filter_map(child).map(|name| Entry { name, is_folder: false });
        let folders = self.folders.iter().filter_map(child).map(|name| Entry { name, is_folder: true });
        let mut found: Vec<Entry> = files.chain(folders).collect();
        found.sort();
        Ok(found)
    }
}

/// `path` as seen from `folder`; none where it leaves the tree.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `path` behind `folder` without looking at the tree: leading `..` stay.
pub(crate) fn join_lexically(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether `path` is `folder` or lies below it.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_inside_the_tree() {
        for (folder, path, expected) in [
            ("a/b", "../c.yaml", Some("a/c.yaml")),
            ("", "./x//y", Some("x/y")),
            ("a", "../..", None),
            ("a", "..", Some("")),
        ] {
            assert_eq!(join(folder, path).as_deref(), expected, "{folder} {path}");
        }
        let mut tree = Tree::new();
        tree.insert("a/b/c.yaml", "");
        tree.insert("a/d.yaml", "");
        let names: Vec<(String, bool)> =
            tree.entries("a").unwrap().into_iter().map(|entry| (entry.name, entry.is_folder)).collect();
        assert_eq!(names, [("b".to_owned(), true), ("d.yaml".to_owned(), false)]);
        assert_eq!(join_lexically("../a", "../../b"), "../../b");
        assert!(is_within("a/b", "a") && !is_within("ab", "a"));
    }
}
