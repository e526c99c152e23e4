//! Two who want the same thing at the same time do it once. Used by `registry` for listings.

use crate::{Error, TagList, access::Fingerprint};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// Until when somebody still wants the answer; those who join may move it further.
#[derive(Clone)]
pub(crate) struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    pub(crate) fn new(at: Instant) -> Self {
        Self(Arc::new(Mutex::new(at)))
    }

    pub(crate) fn get(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn extend(&self, at: Instant) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = at.max(*held);
    }
}

/// What makes two scans one: the canonical image and everything about the access.
pub(crate) type ScanKey = (String, Fingerprint);
type Scan = BoxFuture<'static, Result<Arc<TagList>, Error>>;
type Running = HashMap<ScanKey, (Deadline, WeakShared<Scan>)>;

/// The scans under way.
#[derive(Clone, Default)]
pub(crate) struct Shares(Arc<Mutex<Running>>);

impl Shares {
    /// Joins the scan under this key, or starts it. It runs as long as one of those who want it does.
    pub(crate) fn join(
        &self,
        key: ScanKey,
        deadline: Instant,
        start: impl FnOnce(Deadline) -> Scan,
    ) -> Shared<Scan> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has its answer already is over: who comes now wants a newer one.
        let joinable = running.get(&key).and_then(|(held, weak)| Some((held, weak.upgrade()?)));
        if let Some((held, scan)) = joinable.filter(|(_, scan)| scan.peek().is_none()) {
            held.extend(deadline);
            return scan;
        }
        let held = Deadline::new(deadline);
        let scan = start(held.clone()).shared();
        if let Some(weak) = scan.downgrade() {
            running.retain(|_, (_, old)| old.upgrade().is_some_and(|scan| scan.peek().is_none()));
            running.insert(key, (held, weak));
        }
        scan
    }
}
