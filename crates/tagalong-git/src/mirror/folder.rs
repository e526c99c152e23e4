//! A mirror's folder: opened, checked, swept, put aside. Nothing here knows what a remote is.

use super::known::OWN_REFS;
use crate::{
    error::{ErrorKind, GitError, Result},
    repository,
};
use gix::{Repository, ThreadSafeRepository};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn sibling(dir: &Path, ending: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    dir.with_file_name(name)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(GitError::disk(&format!("cannot remove {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// An empty mirror in place of a sound one.
pub(super) fn renew(dir: &Path) -> Result<ThreadSafeRepository> {
    let old = sibling(dir, "old");
    remove(&old)?;
    fs::rename(dir, &old).map_err(|error| GitError::disk("cannot renew the mirror", &error))?;
    let repo = repository::create(dir)?;
    remove(&old)?;
    Ok(repo)
}

/// Moves a damaged mirror out of the way, in place of the last one that was.
pub(super) fn put_aside(dir: &Path) -> Result<()> {
    let aside = sibling(dir, "damaged");
    remove(&aside)?;
    fs::rename(dir, &aside).map_err(|error| {
        GitError::disk(&format!("cannot put the damaged mirror {} aside", dir.display()), &error)
    })
}

pub(super) fn open_or_rebuild(dir: &Path) -> Result<(ThreadSafeRepository, Option<String>)> {
    let empty = !dir.exists() || fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
    if empty {
        return Ok((repository::create(dir)?, None));
    }
    let opened = repository::open(dir).and_then(|repo| {
        sweep(dir);
        check(&repo.to_thread_local()).map(|()| repo)
    });
    match opened {
        Ok(repo) => Ok((repo, None)),
        Err(error) => {
            put_aside(dir)?;
            let notice = format!(
                "the mirror {} was damaged ({error}); it was put aside and is fetched anew",
                dir.display()
            );
            tracing::warn!("{notice}");
            Ok((repository::create(dir)?, Some(notice)))
        }
    }
}

/// Removes what an interrupted write left behind. What is younger may belong to another process.
fn sweep(dir: &Path) {
    let leftover =
        |name: &str| name.starts_with(".tmp") || name.ends_with(".keep") || name.ends_with(".lock");
    for folder in [dir.join("objects/pack"), dir.join(OWN_REFS)] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
            let old = age.is_some_and(|age| age.as_secs() > 600);
            if old && leftover(&entry.file_name().to_string_lossy()) {
                // One that cannot be removed wastes space and nothing else.
                drop(fs::remove_file(entry.path()));
            }
        }
    }
    drop(remove(&sibling(dir, "old")));
}

/// A cheap look for truncated files: each pack ends in the checksum that its index recorded.
fn check(repo: &Repository) -> Result<()> {
    repository::shallow(repo)?;
    for entry in fs::read_dir(repository::pack_dir(repo)).map_err(GitError::damaged)?.flatten() {
        let index = entry.path();
        if index.extension().is_none_or(|extension| extension != "idx") {
            continue;
        }
        let recorded = tail(&index, 40)?;
        let actual = tail(&index.with_extension("pack"), 20)?;
        if recorded.get(..20) != Some(actual.as_slice()) {
            return Err(GitError::new(ErrorKind::Damaged, "a pack does not match its index"));
        }
    }
    Ok(())
}

fn tail(path: &Path, length: i64) -> Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || {
        let mut file = fs::File::open(path)?;
        file.seek(SeekFrom::End(-length))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map(|_| bytes)
    };
    read().map_err(GitError::damaged)
}

/// The sum of what the packs take on disk.
pub(super) fn pack_bytes(repo: &Repository) -> u64 {
    let packs = fs::read_dir(repository::pack_dir(repo)).into_iter().flatten().flatten();
    packs.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}

pub(super) fn pack_count(repo: &Repository) -> usize {
    fs::read_dir(repository::pack_dir(repo))
        .map(|entries| {
            entries.flatten().filter(|entry| entry.path().extension().is_some_and(|ext| ext == "idx")).count()
        })
        .unwrap_or(0)
}
