//! Text made to fit a width: `wrap`, `wrapWith`, `abbrev`, `abbrevboth`. Widths count characters.

use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("wrap", 2, |args| wrapped(args, args.text(1)?, "\n", false)),
    Function::exact("wrapWith", 3, |args| wrapped(args, args.text(2)?, args.text(1)?, true)),
    Function::exact("abbrev", 2, |args| {
        let text = args.text(1)?;
        args.give(abbreviated(text, 0, args.int(0)?).unwrap_or_else(|| text.to_owned()))
    }),
    Function::exact("abbrevboth", 3, |args| {
        let (text, left, right) = (args.text(2)?, args.int(0)?, args.int(1)?);
        if left > 0 && right < 7 {
            return args.give(text);
        }
        args.give(abbreviated(text, left, right).unwrap_or_else(|| text.to_owned()))
    }),
];

/// Breaks lines at spaces; a word longer than the width is broken only if `inside_words`.
fn wrapped(args: &Arguments<'_>, text: &str, line_end: &str, inside_words: bool) -> Result<Val, Failure> {
    let width = usize::try_from(args.int(0)?.max(1)).unwrap_or(usize::MAX);
    let line_end = if line_end.is_empty() { "\n" } else { line_end };
    let lines = text.len() / width + 1 + text.matches(' ').count();
    args.context.room(text.len().saturating_add(lines.saturating_mul(line_end.len())))?;
    let text: Vec<char> = text.chars().collect();
    let mut rest = text.as_slice();
    let mut out = String::new();
    while rest.len() > width {
        args.context.work(1)?;
        if let Some(after) = rest.strip_prefix(&[' ']) {
            rest = after;
            continue;
        }
        let window = rest.get(..=width).unwrap_or(rest);
        let space = window.iter().rposition(|value| *value == ' ');
        let (line, after) = match space {
            Some(at) => cut(rest, at, 1),
            None if inside_words => cut(rest, width, 0),
            None => {
                let long = rest.get(width..).unwrap_or_default().iter().position(|value| *value == ' ');
                match long {
                    Some(at) => cut(rest, width + at, 1),
                    None => break,
                }
            }
        };
        out.extend(line);
        out.push_str(line_end);
        rest = after;
    }
    out.extend(rest);
    args.give(out)
}

/// The characters before `at`, and those after it less `dropped`.
fn cut(text: &[char], at: usize, dropped: usize) -> (&[char], &[char]) {
    let (line, after) = text.split_at_checked(at).unwrap_or((text, &[]));
    (line, after.get(dropped..).unwrap_or_default())
}

/// The text with `...` at the end, or at both ends when `offset` leaves something out on the left.
fn abbreviated(text: &str, offset: i64, width: i64) -> Option<String> {
    let text: Vec<char> = text.chars().collect();
    let length = i64::try_from(text.len()).ok()?;
    if width < 4 || length <= width {
        return None;
    }
    let offset = offset.min(length).min(length - (width - 3)).max(offset.min(0));
    let part = |from: i64, count: i64| -> String {
        let skip = usize::try_from(from).unwrap_or(0);
        text.iter().skip(skip).take(usize::try_from(count).unwrap_or(0)).collect()
    };
    if offset <= 4 {
        return Some(format!("{}...", part(0, width - 3)));
    }
    if offset + width - 3 < length {
        let middle = part(offset, length);
        return Some(format!("...{}", abbreviated(&middle, 0, width - 3).unwrap_or(middle)));
    }
    Some(format!("...{}", part(length - (width - 3), width)))
}
