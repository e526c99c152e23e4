//! Writes a new value in the style of the old one, so that every YAML reader reads it as the same string.
//! Used by `apply`.

use std::borrow::Cow;

/// The text that stands for `value` where `old` stands now: same quotes, or double quotes where the old value
/// had none and the new one would read as something else than a string.
///
/// `None` where the value holds characters that no image reference has and no scalar should get: control
/// characters and line breaks.
pub(crate) fn render<'v>(old: &str, value: &'v str) -> Option<Cow<'v, str>> {
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return None;
    }
    Some(match old.as_bytes().first() {
        Some(b'\'') => Cow::Owned(format!("'{}'", value.replace('\'', "''"))),
        Some(b'"') => double_quoted(value),
        _ if is_plain_string(value) => Cow::Borrowed(value),
        _ => double_quoted(value),
    })
}

fn double_quoted(value: &str) -> Cow<'_, str> {
    Cow::Owned(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Whether `text` without quotes is a string to YAML 1.1 and 1.2 readers alike, in block and flow context.
pub(crate) fn is_plain_string(text: &str) -> bool {
    let bytes = text.as_bytes();
    let first = bytes.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/'));
    let rest = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"_./:@+-".contains(b));
    first && rest && !text.ends_with(':') && !is_word(text) && !is_number(text) && !is_date(text)
}

/// The words that stand for booleans and null.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether any YAML version reads `text`, which begins with no sign or dot, as an integer or a float:
/// `1.10`, `1e3`, `0x1f`, `0o7`, `0b1`, `007`, `1_000`, `12:30`, `1:30.5`.
fn is_number(text: &str) -> bool {
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let text = text.replace('_', "").to_ascii_lowercase();
    let digits = |part: &str, radix: u32| !part.is_empty() && part.chars().all(|c| c.is_digit(radix));
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(part) = text.strip_prefix(prefix) {
            // Go's YAML reads `0o-2`, and Python's stumbles over `0b_`.
            let part = part.strip_prefix(['+', '-']).unwrap_or(part);
            return part.is_empty() || digits(part, radix);
        }
    }
    let (mantissa, exponent) = text.split_once('e').map_or((text.as_str(), None), |(m, e)| (m, Some(e)));
    if exponent.is_some_and(|e| !digits(e.strip_prefix(['+', '-']).unwrap_or(e), 10)) {
        return false;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let sexagesimal = |part: &str| part.split(':').all(|part| digits(part, 10));
    sexagesimal(whole) && (fraction.is_empty() || digits(fraction, 10))
}

/// Whether `text` begins with a date (`2026-1-1`) that ends there or goes on as a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let day_end = day.find(|c: char| !c.is_ascii_digit()).unwrap_or(day.len());
    let (day, rest) = day.split_at(day_end);
    year.len() == 4
        && digits(year)
        && month.len() <= 2
        && digits(month)
        && (1..=2).contains(&day.len())
        && (rest.is_empty() || rest.starts_with(['t', 'T']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_as_another_type_is_quoted() {
        for text in [
            "1.10",
            "1",
            "0",
            "007",
            "08",
            "0x1f",
            "0X1F",
            "0o7",
            "0o-2",
            "0b_",
            "0x",
            "0b11",
            "1_000",
            "1__0",
            "1e3",
            "1E3",
            "1e+3",
            "1e-3",
            "1.5e3",
            "1.",
            "1.e3",
            "12:30",
            "12:30:45",
            "190:20:30.15",
            "2026-01-01",
            "2026-1-1",
            "2026-01-01T10:00:00Z",
            "2026-01-01t10",
            "y",
            "N",
            "yes",
            "No",
            "ON",
            "off",
            "true",
            "FALSE",
            "null",
            "Null",
            "~",
            ".inf",
            "-.inf",
            ".nan",
            ".5",
            "+1",
            "-1",
            "1234e567",
            "99999999999999999999999",
            "",
            "-",
            "a:",
            "a b",
            "a: b",
            "a #b",
            "#a",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "a,b",
            "a]",
            "a}",
            "?a",
            "|",
            ">",
            "<<",
            "=",
            "é",
            "a\\b",
        ] {
            assert!(!is_plain_string(text), "{text:?}");
            assert_eq!(render("old", text).unwrap(), double_quoted(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_a_string_anyway_stays_plain() {
        for text in [
            "1.2.3",
            "v1.10",
            "1.10-rc1",
            "1.2.3+build",
            "0x1g",
            "0o8",
            "0b2",
            "1e",
            "e3",
            "1e3a",
            "1.2.3e4",
            "ghcr.io/acme/app:1.2.3",
            "localhost:5000/app:1",
            "app:1",
            "a@sha256:00",
            "main-abc123-1700000000",
            "nope",
            "yes1",
            "2026-01-01-1",
            "2026-01",
            "20260101-1",
            "2026.01.01",
            "1-2-3",
            "_1",
            "latest",
            "1.2.3.4",
            "12:3a",
        ] {
            assert!(is_plain_string(text), "{text:?}");
            assert_eq!(render("old", text).unwrap(), text);
        }
    }

    #[test]
    fn quotes_stay_as_they_are() {
        assert_eq!(render("'1'", "it's").unwrap(), "'it''s'");
        assert_eq!(render("\"1\"", "a\"b\\c").unwrap(), "\"a\\\"b\\\\c\"");
        assert_eq!(render("1", "a\nb"), None);
        assert_eq!(render("\"1\"", "a\u{0}b"), None);
    }
}
