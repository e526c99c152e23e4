//! A folder of the disk as the renderer reads it: nothing outside of its root, no symbolic link that leads there.
//! `tagalong build` reads through it.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tagalong_kustomize::{Entry, Files, MAX_FILE_BYTES};

/// Files below one root.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Without symbolic links.
    root: PathBuf,
}

impl Folder {
    /// The files that a kustomization in `path` may name, and where `path` stands among them: the root is that of the
    /// Git work tree around `path`, else `path` itself.
    ///
    /// # Errors
    /// `path` is no folder, or it cannot be read.
    pub fn around(path: &Path) -> io::Result<(Self, String)> {
        let path = path.canonicalize()?;
        if !path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        let root = path.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&path).to_owned();
        let folder = Self { root };
        let inside = folder.inside(&path).map_err(io::Error::other)?;
        Ok((folder, inside))
    }

    /// Where a path without symbolic links stands in the tree.
    fn inside(&self, real: &Path) -> Result<String, String> {
        let inside = real.strip_prefix(&self.root).map_err(|_| "leads out of the tree by a symbolic link")?;
        let text = inside.to_str().ok_or("is reached by a name that is no UTF-8")?;
        Ok(text.replace(std::path::MAIN_SEPARATOR, "/"))
    }
}

/// Only names the reason; the path is known to whoever asked.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "must not be read by this user".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

impl Files for Folder {
    fn file(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        let path = self.root.join(self.real_path(path)?);
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => {}
            Ok(meta) if meta.is_dir() => return Ok(None),
            Ok(_) => return Err("is no regular file".to_owned()),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(reason(&error)),
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let read = File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        read.map_err(|error| reason(&error))?;
        Ok(Some(Cow::Owned(bytes)))
    }

    fn is_folder(&self, path: &str) -> bool {
        self.real_path(path).is_ok_and(|path| self.root.join(path).is_dir())
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let path = self.root.join(self.real_path(folder)?);
        let listed = match fs::read_dir(path) {
            Ok(listed) => listed,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(reason(&error)),
        };
        let mut found = Vec::new();
        for entry in listed {
            let entry = entry.map_err(|error| reason(&error))?;
            let name = entry.file_name().into_string().map_err(|_| "holds a name that is no UTF-8")?;
            found.push(Entry { name, is_folder: entry.file_type().is_ok_and(|kind| kind.is_dir()) });
        }
        found.sort();
        Ok(found)
    }

    fn real_path(&self, path: &str) -> Result<String, String> {
        match self.root.join(path).canonicalize() {
            Ok(real) => self.inside(&real),
            Err(error) if is_missing(&error) => Ok(path.to_owned()),
            Err(error) => Err(reason(&error)),
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// `repo/` is a Git work tree with `apps/web`; links lead to a neighbour, to a file and out of the tree.
    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let repo = folder.path().join("repo");
        fs::create_dir_all(repo.join("apps/web")).unwrap();
        fs::create_dir(repo.join(".git")).unwrap();
        fs::write(repo.join("apps/web/a.yaml"), "a: 1\n").unwrap();
        fs::write(folder.path().join("secret"), "s").unwrap();
        symlink("web", repo.join("apps/same")).unwrap();
        symlink("a.yaml", repo.join("apps/web/b.yaml")).unwrap();
        symlink("../../secret", repo.join("apps/out")).unwrap();
        symlink("/", repo.join("apps/slash")).unwrap();
        symlink("round", repo.join("apps/round")).unwrap();
        folder
    }

    #[test]
    fn the_root_is_the_work_tree_and_links_inside_it_are_followed() {
        let at = tree();
        let (folder, inside) = Folder::around(&at.path().join("repo/apps/same")).unwrap();
        assert_eq!(inside, "apps/web");
        assert_eq!(folder.real_path("apps/same/b.yaml").unwrap(), "apps/web/a.yaml");
        assert_eq!(folder.file("apps/same/b.yaml").unwrap().unwrap().as_ref(), b"a: 1\n");
        assert!(folder.is_folder("apps/same") && !folder.is_folder("apps/web/a.yaml"));
        assert_eq!(folder.file("apps/none.yaml").unwrap(), None);
        assert_eq!(folder.file("apps/web").unwrap(), None);
        let names: Vec<String> =
            folder.entries("apps/web").unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a.yaml", "b.yaml"]);
        let alone = at.path().join("repo/apps/web");
        fs::remove_dir(at.path().join("repo/.git")).unwrap();
        assert_eq!(Folder::around(&alone).unwrap().1, "", "without Git the folder is the root");
        assert!(Folder::around(&alone.join("a.yaml")).is_err());
    }

    #[test]
    fn nothing_outside_is_read() {
        let at = tree();
        let (folder, _inside) = Folder::around(&at.path().join("repo")).unwrap();
        for path in ["apps/out", "apps/slash", "apps/slash/etc/hostname", "apps/round"] {
            let refused = folder.file(path).unwrap_err();
            assert!(refused.contains("link") || refused.contains("cannot be read"), "{path}: {refused}");
            assert!(!folder.is_folder(path), "{path}");
        }
    }
}
