//! Whether what was planned may be written now, or waits (`spec.schedule`). Pure; asked by `round` before the push.

use jiff::Timestamp;
use std::time::Duration;
use tagalong_api::Reason;
use tagalong_api::validate::{Opening, Schedule};

/// Why edits wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Why, as one word.
    pub reason: Reason,
    /// Why, for a person.
    pub message: String,
    /// Until when, where time alone ends it.
    pub until: Option<Timestamp>,
}

/// Outside of all windows nothing is written.
pub(super) fn window(schedule: &Schedule, now: Timestamp) -> Option<Wait> {
    let Opening::Closed { opens } = schedule.at(now) else { return None };
    let message = match opens {
        Some(opens) => format!("no window of the schedule is open before {opens:.0}"),
        None => "no window of the schedule will ever open; look at its cron expressions".to_owned(),
    };
    Some(Wait { reason: Reason::WindowClosed, message, until: opens })
}

/// The time until the next turn: the interval, or less where a wait ends before.
pub(super) fn rest(interval: Duration, wait: Option<&Wait>, now: Timestamp) -> Duration {
    let until = wait.and_then(|wait| wait.until);
    let left = until.map(|until| Duration::try_from(until.duration_since(now)).unwrap_or_default());
    left.map_or(interval, |left| left.min(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_turn_comes_in_the_moment_in_which_a_wait_ends() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let wait = |until: Option<i64>| Wait {
            reason: Reason::WindowClosed,
            message: String::new(),
            until: until.map(at),
        };
        let check = |until: Option<i64>, seconds: u64| {
            let interval = Duration::from_secs(300);
            assert_eq!(rest(interval, Some(&wait(until)), at(1000)), Duration::from_secs(seconds));
        };
        check(Some(1017), 17);
        check(Some(5000), 300);
        check(Some(999), 0);
        check(None, 300);
        assert_eq!(rest(Duration::from_secs(300), None, at(1000)), Duration::from_secs(300));
    }
}
