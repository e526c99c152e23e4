//! What the demo's registry keeps, as plain files: read anew for each question, so that a tag may be pushed by the
//! server, by `tagalong demo push`, or by nobody but `cp`. Used by `server` and `image`.
//!
//! ```text
//! ROOT/blobs/sha256/HEX             manifests, configs and layers by digest
//! ROOT/repositories/shop/web/_tags/1.4.2   the digest of a manifest
//! ```

use anyhow::Context as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tagalong_model::{Digest, ImageName, Tag};

/// The folder of tags. No part of an image name begins with `_`, so it is never taken for one.
const TAGS: &str = "_tags";

/// A folder with images.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    root: PathBuf,
}

/// The name of an image on this registry, such as `shop/web`. Safe as a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl Name {
    /// Reads a name without a host.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let image: ImageName = format!("localhost/{text}").parse().ok()?;
        Some(Self(image.repository().to_owned()))
    }

    /// `shop/web`
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Storage {
    /// The images below `root`, which is made when the first is put.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// All images, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn names(&self) -> io::Result<Vec<Name>> {
        let mut names = Vec::new();
        collect(&self.repositories(), "", &mut names)?;
        names.sort();
        Ok(names)
    }

    /// The tags of an image in the order of bytes; `None` where there is no such image.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn tags(&self, name: &Name) -> io::Result<Option<Vec<String>>> {
        let Some(entries) = found(std::fs::read_dir(self.tags_dir(name)))? else { return Ok(None) };
        let mut tags = Vec::new();
        for entry in entries {
            // A file that is being written has a name that is no tag.
            tags.extend(entry?.file_name().into_string().ok().filter(|tag| Tag::is_valid(tag)));
        }
        tags.sort_unstable();
        Ok(Some(tags))
    }

    /// Where a tag leads; `None` where it does not exist.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn resolve(&self, name: &Name, tag: &Tag) -> io::Result<Option<Digest>> {
        let text = found(std::fs::read_to_string(self.tags_dir(name).join(tag.as_str())))?;
        Ok(text.and_then(|text| text.trim().parse().ok()))
    }

    /// The bytes behind a digest; `None` where there are none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn blob(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        match digest.as_str().strip_prefix("sha256:") {
            Some(hex) => found(std::fs::read(self.blobs().join(hex))),
            None => Ok(None),
        }
    }

    /// Keeps bytes; their digest.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn put_blob(&self, bytes: &[u8]) -> anyhow::Result<Digest> {
        let digest = Digest::sha256(bytes);
        write(&self.blobs(), digest.as_str().trim_start_matches("sha256:"), bytes)?;
        Ok(digest)
    }

    /// Lets a tag lead to a manifest, whether or not it existed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put_tag(&self, name: &Name, tag: &Tag, digest: &Digest) -> anyhow::Result<()> {
        write(&self.tags_dir(name), tag.as_str(), format!("{digest}\n").as_bytes())
    }

    fn blobs(&self) -> PathBuf {
        self.root.join("blobs").join("sha256")
    }

    fn repositories(&self) -> PathBuf {
        self.root.join("repositories")
    }

    fn tags_dir(&self, name: &Name) -> PathBuf {
        self.repositories().join(name.as_str()).join(TAGS)
    }
}

fn collect(folder: &Path, name: &str, names: &mut Vec<Name>) -> io::Result<()> {
    for entry in found(std::fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let Ok(part) = entry.file_name().into_string() else { continue };
        if part == TAGS {
            names.extend(Name::parse(name));
        } else if entry.file_type()?.is_dir() {
            let name = if name.is_empty() { part } else { format!("{name}/{part}") };
            collect(&entry.path(), &name, names)?;
        }
    }
    Ok(())
}

/// What is not there is no error.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file whole or not at all: the server may be reading.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&path).map_err(|error| error.error)
    };
    write().map(drop).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_as_paths() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Name::parse(text).as_ref().map(Name::as_str), expected, "{text}");
        };
        check("shop/web", Some("shop/web"));
        check("web", Some("web"));
        for bad in
            ["", "/etc", "..", "shop/../../etc", "shop//web", "shop/_tags", "Shop/web", "shop/web:1", "a/\0"]
        {
            check(bad, None);
        }
    }

    #[test]
    fn what_was_put_is_found_and_half_written_files_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::new(dir.path().join("registry"));
        let (web, tags) = (Name::parse("shop/web").unwrap(), Name::parse("shop/web/tags").unwrap());
        assert_eq!(storage.names().unwrap(), []);
        assert_eq!(storage.tags(&web).unwrap(), None);

        let first = storage.put_blob(b"one").unwrap();
        let second = storage.put_blob(b"two").unwrap();
        let tag: Tag = "1.10.0".parse().unwrap();
        storage.put_tag(&web, &tag, &first).unwrap();
        storage.put_tag(&web, &"1.9.0".parse().unwrap(), &first).unwrap();
        storage.put_tag(&web, &tag, &second).unwrap();
        storage.put_tag(&tags, &tag, &first).unwrap();
        std::fs::write(storage.tags_dir(&web).join(".tmp1"), "").unwrap();

        assert_eq!(storage.names().unwrap(), [web.clone(), tags]);
        assert_eq!(storage.tags(&web).unwrap().unwrap(), ["1.10.0", "1.9.0"]);
        assert_eq!(storage.resolve(&web, &tag).unwrap(), Some(second.clone()));
        assert_eq!(storage.resolve(&web, &"1.8.0".parse().unwrap()).unwrap(), None);
        assert_eq!(storage.blob(&second).unwrap().unwrap(), b"two");
        assert_eq!(storage.blob(&Digest::sha256(b"three")).unwrap(), None);
    }
}
