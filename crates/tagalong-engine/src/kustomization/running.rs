//! Turns that wait for health, each of which can be told that there is something newer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tagalong_model::ObjectKey;
use tokio::sync::Notify;

/// Those under way, by object.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<ObjectKey, Arc<Notify>>>>);

/// A turn under way; gone when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    running: Running,
    key: ObjectKey,
    nudged: Arc<Notify>,
}

impl Running {
    /// Notes a turn.
    pub(super) fn enter(&self, key: &ObjectKey) -> Place {
        let nudged = Arc::new(Notify::new());
        self.lock().insert(key.clone(), Arc::clone(&nudged));
        Place { running: self.clone(), key: key.clone(), nudged }
    }

    /// Tells the turn of an object, if there is one.
    pub(super) fn nudge(&self, key: &ObjectKey) {
        if let Some(nudged) = self.lock().get(key) {
            nudged.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectKey, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until somebody tells.
    pub(super) async fn nudged(&self) {
        self.nudged.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.lock().remove(&self.key);
    }
}
