//! The state folder: where it is, what is in it, and who may write it (RULES 23). Locks die with the process.
//!
//! ```text
//! STATE/run.lock      held by the one `run`
//! STATE/mirrors.lock  held by whoever uses the mirrors; a reader that does not get it works in a folder of its own
//! STATE/lists/        tag lists and first-seen times (tagalong-store)
//! STATE/mirrors/      bare mirrors with their site indexes, one folder per remote
//! STATE/artifacts/    archives of GitRepositories (tagalong-store); `controller` and `run --sync-to` make them
//! ```

use crate::cli::StateArgs;
use anyhow::{Context as _, bail};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// An opened state folder.
pub(crate) struct State {
    lists: PathBuf,
    mirrors: PathBuf,
    artifacts: PathBuf,
    /// Where a reader keeps what it scans itself.
    own_lists: Option<PathBuf>,
    /// Held until the process ends.
    #[expect(dead_code, reason = "held for its locks")]
    locks: Vec<File>,
    /// What a reader keeps apart; it goes with it.
    own: Option<tempfile::TempDir>,
}

impl State {
    /// Opens the folder for the one process that writes it.
    ///
    /// # Errors
    /// When another `run` holds it, or it cannot be made.
    pub(crate) fn write(args: &StateArgs) -> anyhow::Result<Self> {
        let root = root(args)?;
        let run = open(&root, "run.lock")?;
        if !try_lock(&run, &root)? {
            bail!(
                "another tagalong runs on the state folder {}; stop it, or choose another with --state",
                root.display()
            );
        }
        let mirrors = open(&root, "mirrors.lock")?;
        // Only a reader can hold this one, and a reader is done in seconds.
        if !try_lock(&mirrors, &root)? {
            tracing::info!("waiting for a command that reads the state folder to end");
        }
        mirrors.lock().with_context(|| format!("cannot lock the mirrors in {}", root.display()))?;
        Ok(Self::new(&root, vec![run, mirrors]))
    }

    /// Opens the folder beside whoever writes it; never waits.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn read(args: &StateArgs) -> anyhow::Result<Self> {
        let root = root(args)?;
        let mirrors = open(&root, "mirrors.lock")?;
        let free = try_lock(&mirrors, &root)?;
        let own = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut state = Self::new(&root, vec![mirrors]);
        state.own_lists = Some(own.path().join("lists"));
        if !free {
            state.mirrors = own.path().join("mirrors");
        }
        state.own = Some(own);
        Ok(state)
    }

    fn new(root: &Path, locks: Vec<File>) -> Self {
        let (lists, mirrors, artifacts) = (root.join("lists"), root.join("mirrors"), root.join("artifacts"));
        Self { lists, mirrors, artifacts, own_lists: None, locks, own: None }
    }

    /// Where tag lists are.
    pub(crate) fn lists(&self) -> &Path {
        &self.lists
    }

    /// Where mirrors are.
    pub(crate) fn mirrors(&self) -> &Path {
        &self.mirrors
    }

    /// Where archives of GitRepositories are.
    pub(crate) fn artifacts(&self) -> &Path {
        &self.artifacts
    }

    /// Where a reader keeps its own scans; `None` for the writer.
    pub(crate) fn own_lists(&self) -> Option<&Path> {
        self.own_lists.as_deref()
    }
}

fn root(args: &StateArgs) -> anyhow::Result<PathBuf> {
    let root = match &args.state {
        Some(root) => root.clone(),
        None => default_root().context("no --state given, and neither XDG_STATE_HOME nor HOME is set")?,
    };
    std::fs::create_dir_all(&root)
        .with_context(|| format!("cannot make the state folder {}", root.display()))?;
    Ok(root)
}

fn default_root() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("tagalong"))
}

fn open(root: &Path, name: &str) -> anyhow::Result<File> {
    let path = root.join(name);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    file.with_context(|| format!("cannot open {}", path.display()))
}

fn try_lock(file: &File, root: &Path) -> anyhow::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock the state folder {}", root.display()))
        }
    }
}
