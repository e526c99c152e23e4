//! Whether what was planned may be written now, or waits (`spec.schedule`, `spec.limits`). Pure; asked by `round` before
//! the push.

use super::plan::EditPlan;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tagalong_api::Reason;
use tagalong_api::validate::{Limits, Opening, Schedule};
use tagalong_model::Digest;

/// What `commitsPerHour` counts within.
pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// So many hex digits name a set of changes.
const NAME: usize = 12;

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

/// More changes at once than the limit go only when somebody allows exactly these.
pub(super) fn changes(limits: &Limits, plan: &EditPlan) -> Option<Wait> {
    let limit = limits.changes.and_then(|limit| usize::try_from(limit).ok())?;
    let name = name(plan);
    if plan.edits.len() <= limit || limits.allow.as_ref() == Some(&name) {
        return None;
    }
    let message = format!(
        "that is more than limits.changes allows ({limit}); look at them with `tagalong plan`, then let exactly these go \
         with limits.allow: {name}, or raise limits.changes"
    );
    Some(Wait { reason: Reason::TooManyChanges, message, until: None })
}

/// A word for what a plan changes: the same for the same changes at the same places, whatever else the branch holds.
fn name(plan: &EditPlan) -> String {
    let line = |edit: &super::PlannedEdit| {
        format!("{}\0{}\0{}\0{}\0{}\n", edit.path, edit.key_path, edit.target, edit.from, edit.to)
    };
    let lines: String = plan.edits.iter().map(line).collect();
    let digest = Digest::sha256(lines.as_bytes());
    let (_, hex) = digest.as_str().split_once(':').unwrap_or_default();
    // Digits alone would be a number in YAML.
    format!("c{}", hex.chars().take(NAME).collect::<String>())
}

/// Tags come in groups; what has come is written when no new one came for a while. `newest` is when the last of the
/// tags that would be written was first listed.
pub(super) fn quiet(limits: &Limits, newest: Option<Timestamp>, now: Timestamp) -> Option<Wait> {
    let period = limits.quiet_period?;
    let newest = newest?;
    let until = newest.checked_add(period).unwrap_or(Timestamp::MAX);
    let message = format!("a new tag came at {newest:.0}, and more may come until {until:.0}");
    (now < until).then_some(Wait { reason: Reason::QuietPeriod, message, until: Some(until) })
}

/// `times` are those of the commits within the last hour, newest first.
pub(super) fn commits(limit: u32, times: &[Timestamp]) -> Option<Wait> {
    let last = usize::try_from(limit).ok()?.checked_sub(1)?;
    let until = times.get(last)?.checked_add(HOUR).unwrap_or(Timestamp::MAX);
    let message =
        format!("limits.commitsPerHour is {limit}, and that many were made; the next is made at {until:.0}");
    Some(Wait { reason: Reason::TooManyCommits, message, until: Some(until) })
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
    #[test]
    fn tags_that_come_together_are_waited_for_and_commits_are_counted_in_the_last_hour() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let limits = Limits { quiet_period: Some(Duration::from_secs(60)), ..Limits::default() };
        let until = |wait: Option<Wait>| wait.map(|wait| wait.until.unwrap().as_second());
        assert_eq!(until(quiet(&limits, Some(at(1000)), at(1059))), Some(1060));
        assert_eq!(until(quiet(&limits, Some(at(1000)), at(1060))), None);
        assert_eq!(until(quiet(&limits, None, at(1000))), None);
        assert_eq!(until(quiet(&Limits::default(), Some(at(1000)), at(1000))), None);
        let times = [at(9000), at(8000), at(7000)];
        assert_eq!(until(commits(4, &times)), None);
        assert_eq!(until(commits(3, &times)), Some(7000 + 3600));
        assert_eq!(until(commits(1, &times)), Some(9000 + 3600));
        assert_eq!(until(commits(1, &[])), None);
    }
}
