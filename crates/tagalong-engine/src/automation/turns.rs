//! Who may write which branch now: all automations of one branch of one remote take turns (RULES 20). Across
//! processes the push's expected revision decides instead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// One lock per lock key (canonical remote and branch).
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits for the turn on `lock_key`; the turn ends when the guard is dropped.
    pub async fn take(&self, lock_key: String) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(lock_key).or_default())
        };
        lock.lock_owned().await
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
