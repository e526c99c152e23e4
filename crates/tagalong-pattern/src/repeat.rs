//! Repetition: `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, each with an optional `?`.

use super::Cursor;

/// Go's limit for one count.
const MAX_COUNT: u64 = 1000;

/// Reads what the sign begins; `None` where `{` begins no count and so is a plain character.
pub(super) fn repeat(sign: char, cursor: &mut Cursor<'_>) -> Result<Option<String>, String> {
    let mut text = String::from(sign);
    if sign == '{' {
        let Some((min, max, length)) = counts(cursor.rest()) else { return Ok(None) };
        for _ in 0..length {
            cursor.next();
        }
        let largest = max.flatten().unwrap_or(min).max(min);
        if largest > MAX_COUNT {
            return Err(cursor.fault(&format!("at most {MAX_COUNT} repetitions are allowed")));
        }
        if max.flatten().is_some_and(|max| max < min) {
            return Err(cursor.fault("the second count is lower than the first"));
        }
        text = match max {
            None => format!("{{{min}}}"),
            Some(None) => format!("{{{min},}}"),
            Some(Some(max)) => format!("{{{min},{max}}}"),
        };
    }
    if cursor.eat("?") {
        text.push('?');
    }
    Ok(Some(text))
}

/// Reads `n}`, `n,}` or `n,m}`: the counts and how many characters they take.
fn counts(text: &str) -> Option<(u64, Option<Option<u64>>, usize)> {
    let inner = text.split_once('}')?.0;
    let (min, max) = match inner.split_once(',') {
        None => (count(inner)?, None),
        Some((min, "")) => (count(min)?, Some(None)),
        Some((min, max)) => (count(min)?, Some(Some(count(max)?))),
    };
    Some((min, max, inner.len() + 1))
}

/// Digits without a leading zero; a number too large for 64 bits is merely too large.
fn count(digits: &str) -> Option<u64> {
    let numeric = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits == "0" || !digits.starts_with('0');
    (numeric && plain).then(|| digits.parse().unwrap_or(u64::MAX))
}
