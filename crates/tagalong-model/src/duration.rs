//! Durations as the kinds spell them (`1h30m`, `500ms`): Go's `time.ParseDuration`, the part that Flux's
//! schema allows. Used by `tagalong-api` and the command line.

use std::time::Duration;

/// The longest duration: that of Go's `time.Duration`, 292 years.
const LONGEST: Duration = Duration::from_nanos(i64::MAX.unsigned_abs());

/// The text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration; expected numbers with units, such as 30s, 5m or 1h30m, of at most 292 years")]
pub struct InvalidDuration(String);

/// Parses `([0-9]+(\.[0-9]+)?(ms|s|m|h))+`, the pattern of Flux's CRDs.
///
/// # Errors
/// [`InvalidDuration`] for anything else, also for what is longer than Go can say.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let invalid = || InvalidDuration(text.chars().take(40).collect());
    let mut rest = text;
    let mut seconds = 0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
        let (number, tail) = rest.split_at(digits);
        let well_formed = !number.starts_with('.') && !number.ends_with('.') && !number.is_empty();
        let number: f64 = number.parse().ok().filter(|_| well_formed).ok_or_else(invalid)?;
        let (unit, tail) = if let Some(tail) = tail.strip_prefix("ms") {
            (0.001, tail)
        } else if let Some(tail) = tail.strip_prefix('s') {
            (1.0, tail)
        } else if let Some(tail) = tail.strip_prefix('m') {
            (60.0, tail)
        } else {
            (3600.0, tail.strip_prefix('h').ok_or_else(invalid)?)
        };
        seconds += number * unit;
        rest = tail;
    }
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= LONGEST);
    duration.filter(|_| !text.is_empty()).ok_or_else(invalid)
}

/// Writes a duration as Go's `time.Duration.String` does, to the millisecond: `1h0m0s`, `5m0s`, `1.5s`, `20ms`.
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, fraction) = (millis / 1000 % 60, millis % 1000);
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let seconds = if fraction == 0 {
        format!("{seconds}s")
    } else {
        format!("{seconds}.{}s", format!("{fraction:03}").trim_end_matches('0'))
    };
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, _) => format!("{minutes}m{seconds}"),
        _ => format!("{hours}h{minutes}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_schema_allows_and_nothing_else() {
        for (text, millis) in [("30s", 30_000), ("1h30m", 5_400_000), ("1.5s", 1500), ("20ms", 20), ("0s", 0)]
        {
            assert_eq!(parse_duration(text).unwrap().as_millis(), millis, "{text}");
        }
        assert_eq!(parse_duration("2562047h").unwrap().as_secs(), 2_562_047 * 3600);
        let long = ["2562048h", "3000000000000000h", "5100000000000000h", "9999999999999999999999999h"];
        for bad in ["", "5", "m", "-1s", "1d", "1..5s", ".5s", "1.s", "1 s"].into_iter().chain(long) {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn writes_as_go_does() {
        for (millis, text) in
            [(0, "0s"), (20, "20ms"), (1500, "1.5s"), (300_000, "5m0s"), (3_600_000, "1h0m0s")]
        {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
        }
    }
}
