//! Which writes go first: statuses and finalizers are waited for, events are not. The desk says when it writes one of
//! those, `event` asks.

use std::time::Duration;
use tokio::sync::watch;

/// How many urgent writes are under way. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Urgent(watch::Sender<usize>);

/// One urgent write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Underway(watch::Sender<usize>);

impl Urgent {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Begins an urgent write.
    pub(crate) fn begin(&self) -> Underway {
        self.0.send_modify(|count| *count += 1);
        Underway(self.0.clone())
    }

    /// Waits for a moment without urgent writes, but no longer than this.
    pub(crate) async fn calm(&self, at_most: Duration) {
        let mut count = self.0.subscribe();
        let calm = count.wait_for(|count| *count == 0);
        // Either way it is the next one's turn.
        _ = tokio::time::timeout(at_most, calm).await.is_ok();
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::poll;

    #[tokio::test]
    async fn what_is_not_urgent_waits_until_nothing_urgent_is_under_way() {
        let urgent = Urgent::new();
        urgent.calm(Duration::from_mins(1)).await;
        let (one, other) = (urgent.begin(), urgent.begin());
        let mut calm = Box::pin(urgent.calm(Duration::from_mins(1)));
        assert!(poll!(&mut calm).is_pending());
        drop(one);
        assert!(poll!(&mut calm).is_pending());
        drop(other);
        calm.await;
    }

    #[tokio::test]
    async fn it_does_not_wait_for_ever() {
        let urgent = Urgent::new();
        let _underway = urgent.begin();
        urgent.calm(Duration::ZERO).await;
    }
}
