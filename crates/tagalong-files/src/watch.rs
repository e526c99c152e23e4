//! Watches the folder, so that `run` takes edits without a restart. A change that does not load is told and left:
//! the last good state stays in force.

use crate::desk::FilesDesk;
use crate::{load, load_synced};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// Editors write in several steps; what comes within this time is one change.
const QUIET: Duration = Duration::from_millis(100);
/// A folder that never falls quiet is read this often all the same.
const LONGEST: Duration = Duration::from_secs(2);

/// How long nothing may change before what left the folder is gone for good.
const SECOND_LOOK: Duration = Duration::from_secs(5);

/// Follows changes below `paths` for as long as the future is polled.
///
/// # Errors
/// When the system refuses to watch; the folder is then read once, at the start.
pub async fn watch(paths: &[PathBuf], desk: &FilesDesk) -> Result<(), notify::Error> {
    let (sender, mut changes) = mpsc::unbounded_channel();
    let mut watcher = RecommendedWatcher::new(
        move |event: Result<notify::Event, notify::Error>| {
            let reads = |event: &notify::Event| matches!(event.kind, notify::EventKind::Access(_));
            if event.as_ref().is_ok_and(|event| !reads(event)) {
                // The receiver is gone only when nobody follows any more.
                sender.send(()).unwrap_or_default();
            }
        },
        notify::Config::default(),
    )?;
    for path in paths {
        if path.is_dir() {
            watcher.watch(path, RecursiveMode::Recursive)?;
        } else {
            // Editors replace a file by another one; only its folder sees that each time.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            watcher.watch(folder.unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
        }
    }
    let mut look_again = false;
    loop {
        // A folder is often replaced in steps: what left it is cleared away after a second look.
        let changed = if look_again {
            tokio::time::timeout(SECOND_LOOK, changes.recv()).await
        } else {
            Ok(changes.recv().await)
        };
        if changed == Ok(None) {
            return Ok(());
        }
        let until = tokio::time::Instant::now() + LONGEST;
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {
            if tokio::time::Instant::now() >= until {
                break;
            }
        }
        let is_second = changed.is_err();
        let loaded = if desk.syncs() { load_synced(paths) } else { load(paths) };
        match loaded {
            Ok(loaded) => {
                let changed = desk.reload(loaded);
                if changed > 0 {
                    tracing::info!(changed, "the folder changed and was read again");
                }
                if is_second {
                    desk.clear_gone();
                }
                look_again = !is_second && desk.is_any_gone();
            }
            Err(error) => tracing::error!(
                "the folder changed but cannot be used; the last good state stays in force\n{error}"
            ),
        }
    }
}
