//! How often drift of one Kustomization is set right at once: two who want different things would otherwise keep each
//! other busy without end. Pure.

use std::time::{Duration, Instant};

/// How often in a row.
const BURST: u32 = 5;
/// After that, once in so long.
const REFILL: Duration = Duration::from_secs(30);
/// What changes together is set right together.
const TOGETHER: Duration = Duration::from_millis(20);

/// What is left of it.
#[derive(Debug)]
pub(super) struct Patience {
    left: u32,
    at: Instant,
}

impl Patience {
    /// All of it.
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// How long to wait with the next time.
    pub(super) fn pause(&mut self, now: Instant) -> Duration {
        while self.left < BURST && now.duration_since(self.at) >= REFILL {
            self.left += 1;
            self.at += REFILL;
        }
        if self.left == BURST {
            self.at = now;
        }
        if self.left > 0 {
            self.left -= 1;
            return TOGETHER;
        }
        self.at += REFILL;
        self.at.duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_times_at_once_and_then_each_half_minute() {
        let begin = Instant::now();
        let mut patience = Patience::new(begin);
        let pauses: Vec<Duration> = (0..7).map(|_| patience.pause(begin)).collect();
        assert!(pauses[..5].iter().all(|pause| *pause == TOGETHER), "{pauses:?}");
        assert_eq!(pauses[5..], [REFILL, 2 * REFILL]);
        let later = begin + 10 * REFILL;
        assert_eq!(patience.pause(later), TOGETHER);
    }

    #[test]
    fn what_is_used_comes_back_and_no_more_than_that() {
        let begin = Instant::now();
        let mut patience = Patience::new(begin);
        assert_eq!(patience.pause(begin), TOGETHER);
        let later = begin + 100 * REFILL;
        let pauses: Vec<Duration> = (0..6).map(|_| patience.pause(later)).collect();
        assert!(pauses[..5].iter().all(|pause| *pause == TOGETHER), "{pauses:?}");
        assert!(pauses[5] > TOGETHER, "{pauses:?}");
    }
}
