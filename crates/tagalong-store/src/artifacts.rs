//! Archives on disk, as the engine makes and the binary serves them.
//!
//! ```text
//! STATE/artifacts/gitrepository/<namespace>/<name>/<commit>.tar.gz
//! ```
//!
//! Files appear whole, by rename. A path comes from outside twice, in a request and in an object's status, so it is
//! parsed before it is used ([`ArtifactPath`]) and cannot leave the folder.

use crate::StoreError;
use crate::disk::{hex, make_folder};
use sha2::{Digest as _, Sha256};
use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime},
};
use tagalong_model::ObjectKey;
use tempfile::NamedTempFile;

const KIND: &str = "gitrepository";
const ENDING: &str = ".tar.gz";
const WRITING: &str = ".writing-";

/// Where an archive is, below the folder and below the root of the server: `gitrepository/ns/name/file.tar.gz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactPath(String);

/// The text is no path of an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no path of an archive; expected gitrepository/<namespace>/<name>/<commit>.tar.gz")]
pub struct InvalidArtifactPath;

/// How many archives of one object are kept beside the current one, and for how long; Flux's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// An archive that is older and not current is removed.
    pub ttl: Duration,
    /// At most so many are kept, the current one among them.
    pub records: usize,
}

/// The folder of archives. Shared by reference.
#[derive(Debug)]
pub struct Artifacts {
    dir: PathBuf,
    retention: Retention,
}

/// An archive that is being written; it is gone if it is not finished.
#[derive(Debug)]
pub struct Draft {
    file: NamedTempFile,
    hash: Sha256,
    size: u64,
    target: PathBuf,
}

/// An archive that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `sha256:<hex>` of its bytes.
    pub digest: String,
    /// How many bytes.
    pub size: u64,
}

impl ArtifactPath {
    /// The archive of a commit of a GitRepository. `None` where namespace, name or commit are no such things.
    pub fn of(repository: &ObjectKey, commit: &str) -> Option<Self> {
        format!("{KIND}/{}/{}/{commit}{ENDING}", repository.namespace, repository.name).parse().ok()
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ArtifactPath {
    type Err = InvalidArtifactPath;
    fn from_str(text: &str) -> Result<Self, InvalidArtifactPath> {
        let parts: Vec<&str> = text.split('/').collect();
        let [KIND, namespace, name, file] = parts.as_slice() else { return Err(InvalidArtifactPath) };
        let stem = file.strip_suffix(ENDING).unwrap_or_default();
        if [*namespace, *name, stem].into_iter().all(is_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidArtifactPath)
        }
    }
}

/// What a namespace, an object and a commit may be called.
fn is_name(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
    !text.is_empty() && text.len() <= 253 && !text.starts_with('.') && text.bytes().all(allowed)
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Artifacts {
    /// Opens the folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: &Path, retention: Retention) -> Result<Self, StoreError> {
        make_folder(dir)?;
        Ok(Self { dir: dir.to_owned(), retention })
    }

    /// Begins an archive; what was at its path stays until it is finished.
    ///
    /// # Errors
    /// When its folder cannot be made or written.
    pub fn begin(&self, path: &ArtifactPath) -> Result<Draft, StoreError> {
        let target = self.dir.join(path.as_str());
        let folder = target.parent().unwrap_or(&self.dir);
        make_folder(folder)?;
        let file = tempfile::Builder::new().prefix(WRITING).tempfile_in(folder);
        let file = file.map_err(StoreError::io("write", folder))?;
        Ok(Draft { file, hash: Sha256::new(), size: 0, target })
    }

    /// Whether the archive is there with this digest.
    pub fn holds(&self, path: &ArtifactPath, digest: &str) -> bool {
        self.read(path).and_then(digest_of).is_ok_and(|found| found == digest)
    }

    /// An archive, for reading.
    ///
    /// # Errors
    /// Whatever the system says; `NotFound` where there is none, or no regular file.
    pub fn read(&self, path: &ArtifactPath) -> io::Result<File> {
        let path = self.dir.join(path.as_str());
        if fs::symlink_metadata(&path)?.is_file() {
            File::open(path)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Removes what need not be kept beside `current`; how many.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn collect(&self, current: &ArtifactPath, now: SystemTime) -> Result<usize, StoreError> {
        let current = self.dir.join(current.as_str());
        let mut others = archives(current.parent().unwrap_or(&self.dir))?;
        others.retain(|(path, _)| *path != current);
        // The newest first.
        others.sort_by(|(path, at), (other_path, other)| (other, other_path).cmp(&(at, path)));
        let keep = self.retention.records.saturating_sub(1);
        let mut removed = 0;
        for (place, (path, made)) in others.iter().enumerate() {
            let age = now.duration_since(*made).unwrap_or_default();
            if place >= keep || age > self.retention.ttl {
                remove(fs::remove_file(path), path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes every archive of a GitRepository.
    ///
    /// # Errors
    /// When its folder cannot be removed.
    pub fn remove_all(&self, repository: &ObjectKey) -> Result<(), StoreError> {
        if !is_name(&repository.namespace) || !is_name(&repository.name) {
            return Ok(());
        }
        let namespace = self.dir.join(KIND).join(&repository.namespace);
        let folder = namespace.join(&repository.name);
        remove(fs::remove_dir_all(&folder), &folder)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Draft {
    /// Puts the archive in its place.
    ///
    /// # Errors
    /// When that cannot be done; what was there before stays.
    pub fn finish(self) -> Result<Stored, StoreError> {
        let target = self.target;
        self.file.persist(&target).map_err(|error| StoreError::io("write", target)(error.error))?;
        Ok(Stored { digest: digest(self.hash), size: self.size })
    }
}

fn digest_of(mut file: File) -> io::Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest(hash)),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

fn digest(hash: Sha256) -> String {
    format!("sha256:{}", hex(&hash.finalize()))
}

/// The archives in a folder, and when each was made.
fn archives(folder: &Path) -> Result<Vec<(PathBuf, SystemTime)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("read", folder)(error)),
    };
    let entry = |entry: fs::DirEntry| {
        let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((entry.path(), meta.modified().ok()?))
    };
    Ok(entries.flatten().filter_map(entry).collect())
}

/// What is gone already is removed.
fn remove(removed: io::Result<()>, path: &Path) -> Result<(), StoreError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
