//! Which writes go first: statuses are waited for, events are not, nor is a finalizer that nothing hangs on. The desk
//! says when it writes one of those; it and `event` ask.

use std::collections::HashSet;
use std::time::Duration;
use tagalong_model::ObjectKey;
use tokio::sync::watch;

/// How long what is not urgent lets urgent writes go first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The urgent writes under way. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Urgent(watch::Sender<HashSet<Object>>);

/// Kind and key.
type Object = (&'static str, ObjectKey);

/// One urgent write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Underway {
    writes: watch::Sender<HashSet<Object>>,
    object: Object,
}

impl Urgent {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::default())
    }

    /// Begins to write an object, once nobody else here does: two writes from one version are a conflict of our own.
    pub(crate) async fn begin(&self, kind: &'static str, key: &ObjectKey) -> Underway {
        let object = (kind, key.clone());
        let mut writes = self.0.subscribe();
        while !self.0.send_if_modified(|writes| writes.insert(object.clone())) {
            // The sender is here: this ends when the other one is done.
            _ = writes.wait_for(|writes| !writes.contains(&object)).await.is_ok();
        }
        Underway { writes: self.0.clone(), object }
    }

    /// Whether one is under way.
    pub(crate) fn is_underway(&self) -> bool {
        !self.0.borrow().is_empty()
    }

    /// Waits for a moment without urgent writes, but no longer than this.
    pub(crate) async fn calm(&self, at_most: Duration) {
        let mut writes = self.0.subscribe();
        let calm = writes.wait_for(HashSet::is_empty);
        // Either way it is the next one's turn.
        _ = tokio::time::timeout(at_most, calm).await.is_ok();
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.writes.send_modify(|writes| {
            writes.remove(&self.object);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::poll;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("default", name)
    }

    #[tokio::test]
    async fn what_is_not_urgent_waits_until_nothing_urgent_is_under_way() {
        let urgent = Urgent::new();
        urgent.calm(Duration::from_mins(1)).await;
        assert!(!urgent.is_underway());
        let one = urgent.begin("ImagePolicy", &key("web")).await;
        let other = urgent.begin("ImageRepository", &key("web")).await;
        let mut calm = Box::pin(urgent.calm(Duration::from_mins(1)));
        assert!(poll!(&mut calm).is_pending());
        drop(one);
        assert!(poll!(&mut calm).is_pending() && urgent.is_underway());
        drop(other);
        calm.await;
    }

    #[tokio::test]
    async fn it_does_not_wait_for_ever() {
        let urgent = Urgent::new();
        let _underway = urgent.begin("ImagePolicy", &key("web")).await;
        urgent.calm(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn an_object_is_written_once_at_a_time() {
        let (urgent, web) = (Urgent::new(), key("web"));
        let first = urgent.begin("ImagePolicy", &web).await;
        let mut second = Box::pin(urgent.begin("ImagePolicy", &web));
        assert!(poll!(&mut second).is_pending());
        drop(first);
        second.await;
        assert!(!urgent.is_underway());
    }
}
