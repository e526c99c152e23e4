//! What each operator makes of a value. Lengths and offsets count bytes, as in Go's library; none where half a
//! character would be left.

use super::glob;

/// `${a:start}` and `${a:start:length}`; a negative number counts from the end. What is no number leaves the value as it is.
pub(super) fn part(value: &str, start: &str, length: Option<&str>) -> Option<String> {
    let whole = || Some(value.to_owned());
    let (Ok(start), Ok(size)) = (start.parse::<i64>(), i64::try_from(value.len())) else { return whole() };
    let start = if start < 0 { start.saturating_add(size).max(0) } else { start };
    let end = match length.map(str::parse::<i64>) {
        None => size,
        Some(Err(_)) => return whole(),
        Some(Ok(length)) if length < 0 => size.saturating_add(length),
        Some(Ok(length)) => start.checked_add(length)?.min(size),
    };
    if start >= size || end < start {
        return Some(String::new());
    }
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    value.get(start..end).map(str::to_owned)
}

/// `^`, `^^`, `,`, `,,`; two different marks change nothing.
pub(super) fn case(value: String, marks: &str) -> String {
    let upper = |c: char| single(c, c.to_uppercase());
    let lower = |c: char| single(c, c.to_lowercase());
    let first = |change: &dyn Fn(char) -> char| {
        let mut characters = value.chars();
        characters.next().map(change).into_iter().chain(characters).collect()
    };
    match marks {
        "^" => first(&upper),
        "," => first(&lower),
        "^^" => value.chars().map(upper).collect(),
        ",," => value.chars().map(lower).collect(),
        _ => value,
    }
}

/// A character that would become several stays.
fn single(c: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// `/`, `//`, `/#`, `/%`. Without a text to put there, what was found goes, but at an end it stays.
pub(super) fn replace(value: &str, mark: Option<char>, from: &str, to: Option<&str>) -> String {
    let with = to.unwrap_or_default();
    match (mark, to) {
        (Some('/'), _) => value.replace(from, with),
        (Some('#'), Some(_)) if value.starts_with(from) => value.replacen(from, with, 1),
        (Some('%'), Some(_)) => match value.strip_suffix(from) {
            Some(kept) => format!("{kept}{with}"),
            None => value.to_owned(),
        },
        (Some(_), _) => value.to_owned(),
        (None, _) => value.replacen(from, with, 1),
    }
}

/// What looking for a pattern at either end may cost, at the most: each beginning of the value is tried, and a star makes
/// a try go through the text once for each byte of the pattern.
pub(super) fn steps(value: &str, pattern: &str) -> usize {
    let tries = value.len().saturating_add(1);
    let stars = pattern.matches('*').count();
    let each = if stars == 0 { pattern.len() } else { tries.saturating_mul(pattern.len().max(1)) };
    tries.saturating_mul(each.max(1))
}

/// `#` and `##`: without the shortest or longest beginning, of at least one byte, that the pattern matches.
pub(super) fn without_prefix(value: &str, pattern: &str, longest: bool) -> Option<String> {
    let bytes = value.as_bytes();
    let fits = |end: &usize| glob::matches(pattern, bytes.get(..*end).unwrap_or_default());
    let found = if longest { (1..=bytes.len()).rev().find(fits) } else { (1..=bytes.len()).find(fits) };
    value.get(found.unwrap_or(0)..).map(str::to_owned)
}

/// `%` and `%%`: both the value and the pattern are turned round, so that a class in brackets finds nothing.
pub(super) fn without_suffix(value: &str, pattern: &str, longest: bool) -> Option<String> {
    let turned = |text: &str| text.chars().rev().collect::<String>();
    without_prefix(&turned(value), &turned(pattern), longest).map(|kept| turned(&kept))
}
