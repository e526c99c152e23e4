//! Refs of a local repository while they are being moved, and what a process that was killed at that left behind.
//! Used by `local`.
//!
//! Git's lock on a ref is a file, `<ref>.lock`, which outlives the process that made it. To tell such a lock from the
//! one of a writer who lives, whoever moves refs here says so in `tagalong.lock` in the repository: it is locked by the
//! kernel, holds `<ref> <commit>` for each ref while it is moved, and is empty otherwise.

use crate::checkout::valid_refname;
use gix::{ObjectId, Repository};
use std::{
    fs::{self, File},
    io::{self, Read, Seek as _, Write as _},
    path::{Path, PathBuf},
};

/// Refs that are being moved. No other process of ours moves any in this repository as long as it lives.
pub(crate) struct Moving {
    file: File,
    left: Vec<Left>,
}

/// A lock that a dead process may have left: where, and what it was about to write.
struct Left {
    lock: PathBuf,
    commit: String,
}

impl Moving {
    /// Says that `refnames` are about to become `commit`; waits for other processes of ours that are at it.
    ///
    /// # Errors
    /// Where the file cannot be made or locked. Refs can be moved without it all the same.
    pub(crate) fn begin<'a>(
        repo: &Repository,
        commit: ObjectId,
        refnames: impl Iterator<Item = &'a str>,
    ) -> io::Result<Self> {
        let dir = repo.common_dir();
        let path = dir.join("tagalong.lock");
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        file.lock()?;
        let mut text = String::new();
        Read::by_ref(&mut file).take(1 << 16).read_to_string(&mut text)?;
        let left = text.lines().filter_map(|line| Left::read(dir, line)).filter(Left::stands).collect();
        let records: String = refnames.map(|name| format!("{name} {commit}\n")).collect();
        let mut moving = Self { file, left };
        moving.write(&records)?;
        Ok(moving)
    }

    /// Removes locks of a dead process, for one who could not get them. Says whether there were any.
    pub(crate) fn remove_left(&self) -> bool {
        // A writer who lives has filled or given up its lock by now.
        self.left.iter().filter(|left| left.stands() && fs::remove_file(&left.lock).is_ok()).count() > 0
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        // What stays in it is looked at by the next one, and found to be over.
        drop(self.write(""));
    }
}

impl Left {
    fn read(dir: &Path, line: &str) -> Option<Self> {
        let (refname, commit) = line.split_once(' ')?;
        valid_refname(refname).ok()?;
        Some(Self { lock: dir.join(format!("{refname}.lock")), commit: commit.to_owned() })
    }

    /// Whether the lock is there, and empty or about to become what was written down.
    fn stands(&self) -> bool {
        fs::read_to_string(&self.lock).is_ok_and(|text| [self.commit.as_str(), ""].contains(&text.trim()))
    }
}
