//! Watches the folder, so that `run` takes edits without a restart. A change that does not load is told and left:
//! the last good state stays in force.

use crate::desk::FilesDesk;
use crate::load;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// Editors write in several steps; what comes within this time is one change.
const QUIET: Duration = Duration::from_millis(100);

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
        watcher.watch(path, RecursiveMode::Recursive)?;
    }
    while changes.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
        match load(paths) {
            Ok(loaded) => {
                let changed = desk.reload(loaded);
                if changed > 0 {
                    tracing::info!(changed, "the folder changed and was read again");
                }
            }
            Err(error) => tracing::error!(
                "the folder changed but cannot be used; the last good state stays in force\n{error}"
            ),
        }
    }
    Ok(())
}
