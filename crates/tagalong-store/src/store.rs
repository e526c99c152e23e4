//! The folder of listings. Opened by the binary, used by the engine.

use crate::{
    Damage, Listing, ListingHead, ListingKey, Sight, Sights, StoreError,
    disk::make_folder,
    format::{self, MAX_HEADER},
};
use jiff::Timestamp;
use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const ENDING: &str = ".tags";
const SIGHTS: &str = ".sights";
const WRITING: &str = ".writing-";
/// A file that is being written is renamed within moments; one this old was left behind by a crash.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);
/// Tags that are gone and still remembered: as many as are listed, and this many more.
const GONE_AT_LEAST: usize = 1000;

/// Listings on disk, their heads in memory. Shared by reference; every method takes `&self`.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    heads: Mutex<HashMap<ListingKey, ListingHead>>,
    /// Held while sights are added: several policies may look at one image.
    adding: Mutex<()>,
}

/// What saving a listing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The checksum of the list now.
    pub revision: String,
    /// Whether the list differs from the one before, order included.
    pub changed: bool,
    /// Tags that were not listed before.
    pub added: usize,
    /// Tags that are no longer listed.
    pub removed: usize,
    /// The list before was damaged and has been put aside, and with it the first-seen times.
    pub damage: Option<Damage>,
}

impl Store {
    /// Opens the folder, which is made if it is not there, and reads the heads. Damaged files are put aside.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Damage>), StoreError> {
        make_folder(dir)?;
        let store = Self { dir: dir.to_owned(), heads: Mutex::default(), adding: Mutex::default() };
        let mut damages = Vec::new();
        let mut heads = HashMap::new();
        for entry in fs::read_dir(dir).map_err(StoreError::io("read", dir))? {
            let path = entry.map_err(StoreError::io("read", dir))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.starts_with(WRITING) {
                remove_left_behind(&path, SystemTime::now());
            }
            let Some(key) = name.strip_suffix(ENDING).and_then(ListingKey::from_stem) else { continue };
            match read_head(&path) {
                Ok(Ok(head)) => _ = heads.insert(key, head),
                Ok(Err(problem)) => damages.push(put_aside(path, problem)),
                // Another process may have forgotten it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io("read", path)(error)),
            }
        }
        *store.heads.lock().unwrap_or_else(PoisonError::into_inner) = heads;
        Ok((store, damages))
    }

    /// What is known of a listing; reads nothing.
    pub fn head(&self, key: &ListingKey) -> Option<ListingHead> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The last whole listing.
    ///
    /// # Errors
    /// When it cannot be read; `Damaged` once, after which it is as if it had never been.
    pub fn tags(&self, key: &ListingKey) -> Result<Option<Listing>, StoreError> {
        let path = self.path(key);
        match read_listing(&path) {
            Ok(Ok(listing)) => {
                self.remember(key, listing.head.clone());
                Ok(Some(listing))
            }
            Ok(Err(problem)) => {
                self.heads.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
                Err(put_aside(path, problem).into())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", path)(error)),
        }
    }

    /// Keeps a whole listing, made at `now`. Tags that were known keep the time of their first sight, also those
    /// that are gone, so that one that comes back is not young again.
    ///
    /// # Errors
    /// When it cannot be written; the old one is then untouched.
    pub fn save(
        &self,
        key: &ListingKey,
        tags: &[impl AsRef<str>],
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let path = self.path(key);
        let (old, damage) = match self.tags(key) {
            Ok(old) => (old, None),
            Err(StoreError::Damaged(damage)) => (None, Some(damage)),
            Err(error) => return Err(error),
        };
        let tags = || tags.iter().map(AsRef::as_ref);
        let revision = format::checksum(tags());
        let head = ListingHead { scanned_at: now, count: tags().len(), revision: revision.to_string() };
        if old.as_ref().is_some_and(|old| old.iter().eq(tags())) {
            touch(&path, now).map_err(StoreError::io("write", &path))?;
            self.remember(key, head.clone());
            return Ok(Saved { revision: head.revision, changed: false, added: 0, removed: 0, damage });
        }
        let known: HashMap<&str, i64> = old.iter().flat_map(Listing::known).collect();
        let listed: HashSet<&str> = tags().collect();
        let before: HashSet<&str> = old.iter().flat_map(Listing::iter).collect();
        let mut gone: Vec<(&str, i64)> =
            known.iter().filter(|(tag, _)| !listed.contains(*tag)).map(|(tag, seen)| (*tag, *seen)).collect();
        gone.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        gone.truncate(listed.len() + GONE_AT_LEAST);
        let second = now.as_second();
        let seen = tags().map(|tag| (tag, known.get(tag).copied().unwrap_or(second)));
        self.replace(&path, &format::write(seen, gone.into_iter(), revision), now, old.is_some())
            .map_err(StoreError::io("write", &path))?;
        let (added, removed) = (listed.difference(&before).count(), before.difference(&listed).count());
        self.remember(key, head.clone());
        Ok(Saved { revision: head.revision, changed: true, added, removed, damage })
    }

    /// When this tag was first seen, also one that is gone. Reads the file: for many tags take
    /// [`Listing::entries`].
    ///
    /// # Errors
    /// As [`Store::tags`].
    pub fn first_seen(&self, key: &ListingKey, tag: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tags(key)?.and_then(|listing| listing.first_seen(tag)))
    }

    /// What is known of the images under the tags of a listing.
    ///
    /// # Errors
    /// As [`Store::tags`].
    pub fn sights(&self, key: &ListingKey) -> Result<Sights, StoreError> {
        let path = self.sights_path(key);
        match fs::read_to_string(&path) {
            Ok(text) => Sights::read(&text).map_err(|problem| put_aside(path, problem).into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Sights::default()),
            Err(error) => Err(StoreError::io("read", path)(error)),
        }
    }

    /// Adds first sights; of two of one image the older one stays.
    ///
    /// # Errors
    /// When they cannot be read or written; the old ones are then untouched.
    pub fn add_sights(
        &self,
        key: &ListingKey,
        sights: impl IntoIterator<Item = Sight>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.sights(key)?;
        if !known.add(sights) {
            return Ok(());
        }
        let path = self.sights_path(key);
        self.replace(&path, &known.write(), now, true).map_err(StoreError::io("write", &path))
    }

    /// Deletes a listing and its first-seen times.
    ///
    /// # Errors
    /// When the file is there and cannot be deleted.
    pub fn forget(&self, key: &ListingKey) -> Result<(), StoreError> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        for path in [self.path(key), self.sights_path(key)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("delete", path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn path(&self, key: &ListingKey) -> PathBuf {
        self.dir.join(format!("{}{ENDING}", key.as_str()))
    }

    fn sights_path(&self, key: &ListingKey) -> PathBuf {
        self.dir.join(format!("{}{SIGHTS}", key.as_str()))
    }

    fn remember(&self, key: &ListingKey, head: ListingHead) {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), head);
    }

    /// Writes beside, then renames over the old file. What replaces a list is made durable first, lest a power cut
    /// take both; a first list can only be lost, which costs a scan, and thousands of them come at a first start.
    fn replace(&self, path: &Path, text: &str, now: Timestamp, durable: bool) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(WRITING).tempfile_in(&self.dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_modified(SystemTime::from(now))?;
        if durable {
            file.as_file().sync_all()?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// The head that a file's first line and its length and time tell; `Err` within is damage.
fn read_head(path: &Path) -> io::Result<Result<ListingHead, &'static str>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut bytes = Vec::with_capacity(MAX_HEADER);
    file.take(MAX_HEADER as u64).read_to_end(&mut bytes)?;
    let scanned_at = scanned_at(&metadata)?;
    Ok(format::read_header(&bytes).and_then(|header| match header.length as u64 + header.bytes {
        whole if whole == metadata.len() => Ok(header.head(scanned_at)),
        _ => Err("it is cut short or too long"),
    }))
}

fn read_listing(path: &Path) -> io::Result<Result<Listing, &'static str>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let scanned_at = scanned_at(&metadata)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(1 << 30));
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).map_err(|_| "it is no text").and_then(|text| format::read(text, scanned_at)))
}

fn scanned_at(metadata: &fs::Metadata) -> io::Result<Timestamp> {
    Ok(Timestamp::try_from(metadata.modified()?).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn touch(path: &Path, now: Timestamp) -> io::Result<()> {
    File::options().write(true).open(path)?.set_modified(SystemTime::from(now))
}

fn put_aside(path: PathBuf, problem: &'static str) -> Damage {
    let mut aside = path.clone().into_os_string();
    aside.push(".damaged");
    let aside = PathBuf::from(aside);
    let put_aside = if fs::rename(&path, &aside).is_ok() { aside } else { path.clone() };
    Damage { path, put_aside, problem }
}

/// Removes a half-written file, unless somebody may still be at it. Its inode's change time tells, because the
/// modification time is the scan's.
fn remove_left_behind(path: &Path, now: SystemTime) {
    let changed =
        fs::metadata(path).ok().and_then(|m| u64::try_from(m.ctime()).ok()).map(Duration::from_secs);
    let age = changed.and_then(|since| now.duration_since(UNIX_EPOCH + since).ok());
    if age.is_some_and(|age| age > LEFT_BEHIND) {
        // What cannot be removed now is tried again at the next start.
        _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_left_behind_is_removed_once_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("{WRITING}x"));
        fs::write(&path, "x").unwrap();
        remove_left_behind(&path, SystemTime::now());
        assert!(path.exists());
        remove_left_behind(&path, SystemTime::now() + LEFT_BEHIND + Duration::from_secs(2));
        assert!(!path.exists());
    }
}
