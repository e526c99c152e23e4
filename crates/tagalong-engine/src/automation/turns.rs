//! Who may write which branch now: all automations of one branch of one remote take turns (RULES 20). Across
//! processes the push's expected revision decides instead.

use super::turn_report::FileChange;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tagalong_model::RepoPath;
use tokio::sync::OwnedMutexGuard;

/// One lock per lock key (canonical remote and branch).
#[derive(Debug, Default)]
pub struct Turns {
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// What each branch would hold, when nothing is written: the next automation of it plans from there.
    planned: Mutex<HashMap<String, BTreeMap<RepoPath, Vec<u8>>>>,
}

impl Turns {
    /// Waits for the turn on `lock_key`; the turn ends when the guard is dropped.
    pub async fn take(&self, lock_key: String) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(lock_key).or_default())
        };
        lock.lock_owned().await
    }

    /// The files that automations before would have written to this branch.
    pub(crate) fn planned(&self, lock_key: &str) -> BTreeMap<RepoPath, Vec<u8>> {
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.get(lock_key).cloned().unwrap_or_default()
    }

    /// Notes what would have been written.
    pub(crate) fn plan(&self, lock_key: &str, changes: &[FileChange]) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let files = planned.entry(lock_key.to_owned()).or_default();
        files.extend(changes.iter().map(|change| (change.path.clone(), change.after.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_branch_has_one_writer_and_branches_do_not_wait_for_each_other() {
        let turns = Arc::new(Turns::default());
        let first = turns.take("host/repo main".into()).await;
        let _other = turns.take("host/repo dev".into()).await;
        let waiting = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take("host/repo main".into()).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
    }
}
