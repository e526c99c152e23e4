//! What can go wrong with the state folder. Returned by [`crate::Store`].

use std::{fmt, io, path::PathBuf};

/// A file of the state folder that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refuses; on a write the old file is untouched.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A listing was damaged; it is put aside, and the next scan builds a new one.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the disk is full.
    pub fn is_disk_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::Io { source, .. } if full.contains(&source.kind()))
    }
}

/// A damaged file, and where it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it was.
    pub path: PathBuf,
    /// Where it was put: beside, with `.damaged` added. The same as `path` where even that failed.
    pub put_aside: PathBuf,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, put_aside) = (self.path.display(), self.put_aside.display());
        write!(
            f,
            "{path} is damaged ({}); it is kept as {put_aside} and built anew by the next scan",
            self.problem
        )
    }
}
