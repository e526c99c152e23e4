//! Durations that do not need a clock: `duration`, `durationRound`.

use std::fmt::Write;

use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] =
    &[Function::exact("duration", 1, duration), Function::exact("durationRound", 1, duration_round)];

const SECOND: i64 = 1_000_000_000;

/// Seconds, as text or as a whole number, in Go's spelling: `1h1m5s`.
fn duration(args: &Arguments<'_>) -> Result<Val, Failure> {
    let seconds = match args.get(0) {
        Val::Text(text) => text.parse().unwrap_or(0),
        Val::Int(number) => *number,
        _ => 0i64,
    };
    let nanoseconds = seconds.wrapping_mul(SECOND);
    let mut out = String::from(if nanoseconds < 0 { "-" } else { "" });
    let size = nanoseconds.unsigned_abs() / SECOND.unsigned_abs();
    let (hours, minutes) = (size / 3600, size / 60 % 60);
    if hours > 0 {
        write!(out, "{hours}h").unwrap_or_default();
    }
    if size >= 60 {
        write!(out, "{minutes}m").unwrap_or_default();
    }
    write!(out, "{}s", size % 60).unwrap_or_default();
    args.give(out)
}

/// The largest unit alone: `2h10m5s` is `2h`. A whole number counts nanoseconds.
fn duration_round(args: &Arguments<'_>) -> Result<Val, Failure> {
    let nanoseconds = match args.get(0) {
        Val::Text(text) => parsed(text).unwrap_or(0),
        Val::Int(number) => number.unsigned_abs(),
        _ => 0,
    };
    let second = SECOND.unsigned_abs();
    let units = [("y", 365 * 86400), ("mo", 30 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)];
    let unit = units.iter().find(|(_, seconds)| nanoseconds > seconds * second);
    match unit {
        Some((name, seconds)) => args.give(format!("{}{name}", nanoseconds / (seconds * second))),
        None => args.give("0s"),
    }
}

/// The size of a duration such as `1h2m3.5s` in nanoseconds.
fn parsed(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0f64;
    loop {
        let digits = rest.find(|value: char| !value.is_ascii_digit() && value != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let length = after.find(|value: char| value.is_ascii_digit() || value == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(length)?;
        let size = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * size;
        rest = after;
        if rest.is_empty() {
            return Some(total as u64);
        }
    }
}
