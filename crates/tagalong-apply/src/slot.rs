//! A place among those who apply at once, given up while a set has nothing to do but wait: for a definition to be
//! established, or an object to be gone. Made by the sync, used by apply.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long who has waited queues for a place again. After that it goes on without one: it has waited enough, and the
/// time of its turn goes by.
const QUEUE: Duration = Duration::from_secs(5);

/// A place. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Slot(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
    queue: Duration,
}

impl Slot {
    /// Waits for a place.
    pub async fn take(places: Arc<Semaphore>) -> Self {
        Self::queuing(places, QUEUE).await
    }

    async fn queuing(places: Arc<Semaphore>, queue: Duration) -> Self {
        // Closed by nobody.
        let held = Arc::clone(&places).acquire_owned().await.ok();
        Self(Arc::new(Inner { places, held: Mutex::new(held), queue }))
    }

    /// Gives the place up for good.
    pub fn leave(&self) {
        drop(self.held().take());
    }

    /// Waits for something without holding the place; once it came, there is more to do, and the place is taken again.
    pub(crate) async fn away<T, E>(&self, wait: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.leave();
        let waited = wait.await?;
        let permit = timeout(self.0.queue, Arc::clone(&self.0.places).acquire_owned()).await;
        *self.held() = permit.ok().and_then(Result::ok);
        Ok(waited)
    }

    fn held(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_holds_no_place_and_has_one_again_or_goes_on_without() {
        let places = Arc::new(Semaphore::new(1));
        let slot = Slot::queuing(Arc::clone(&places), Duration::from_millis(1)).await;
        assert_eq!(places.available_permits(), 0);
        let during = async { Ok::<_, ()>(places.available_permits()) };
        assert_eq!(slot.away(during).await, Ok(1));
        assert_eq!(places.available_permits(), 0);
        // Another one has come in between, and stays.
        let other = slot.away(async { places.try_acquire().map_err(drop) }).await.unwrap();
        drop(other);
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn who_waited_for_nothing_or_left_holds_no_place() {
        let places = Arc::new(Semaphore::new(1));
        let slot = Slot::take(Arc::clone(&places)).await;
        assert_eq!(slot.away(async { Err::<(), _>(1) }).await, Err(1));
        assert_eq!(places.available_permits(), 1);
        let slot = Slot::take(Arc::clone(&places)).await;
        slot.clone().leave();
        assert_eq!(places.available_permits(), 1);
        drop(slot);
        assert_eq!(places.available_permits(), 1);
    }
}
