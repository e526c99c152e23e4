//! How long a failed turn waits before the next: exponential with jitter, per object, as Flux's work queue
//! (750 ms to 15 min). Used by the wheel's error policy.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tagalong_model::ObjectKey;

/// Failures in a row, per kind and object.
#[derive(Debug, Default)]
pub struct Retries(Mutex<HashMap<(Cow<'static, str>, ObjectKey), u32>>);

impl Retries {
    /// Records a failure and says how many there were in a row.
    pub fn failed(&self, kind: impl Into<Cow<'static, str>>, key: &ObjectKey) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((kind.into(), key.clone())).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// Records a success.
    pub fn succeeded(&self, kind: impl Into<Cow<'static, str>>, key: &ObjectKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(kind.into(), key.clone()));
    }
}

/// The wait after `failures` failures in a row: `min` doubled each time, at most `max`, less up to a quarter.
pub(crate) fn delay(failures: u32, min: Duration, max: Duration) -> Duration {
    let doubled = min.saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(max).mul_f64(1.0 - fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let (min, max) = (Duration::from_millis(750), Duration::from_secs(900));
        for (failures, full) in [(1, 750), (2, 1500), (5, 12_000), (12, 900_000), (200, 900_000)] {
            let wait = delay(failures, min, max).as_millis();
            assert!(wait <= full && wait >= full * 3 / 4 - 1, "{failures}: {wait}");
        }
    }

    #[test]
    fn a_success_starts_the_count_anew() {
        let (retries, key) = (Retries::default(), ObjectKey::new("a", "b"));
        assert_eq!((retries.failed("X", &key), retries.failed("X", &key)), (1, 2));
        retries.succeeded("X", &key);
        assert_eq!(retries.failed("X", &key), 1);
    }
}
