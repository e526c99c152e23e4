//! Text: trimming, searching, cutting, joining, indenting, quoting.

use super::arguments::texts;
use super::{Arguments, Function};
use crate::error::Failure;
use crate::format;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("trim", 1, |args| args.give(args.text(0)?.trim())),
    Function::exact("trimAll", 2, trim_all),
    Function::exact("trimall", 2, trim_all),
    Function::exact("trimPrefix", 2, |args| {
        let text = args.text(1)?;
        args.give(text.strip_prefix(args.text(0)?).unwrap_or(text))
    }),
    Function::exact("trimSuffix", 2, |args| {
        let text = args.text(1)?;
        args.give(text.strip_suffix(args.text(0)?).unwrap_or(text))
    }),
    Function::exact("contains", 2, |args| Ok(Val::Bool(args.text(1)?.contains(args.text(0)?)))),
    Function::exact("hasPrefix", 2, |args| Ok(Val::Bool(args.text(1)?.starts_with(args.text(0)?)))),
    Function::exact("hasSuffix", 2, |args| Ok(Val::Bool(args.text(1)?.ends_with(args.text(0)?)))),
    Function::exact("replace", 3, replace),
    Function::exact("repeat", 2, repeat),
    Function::exact("trunc", 2, trunc),
    Function::exact("substr", 3, substr),
    Function::exact("indent", 2, |args| args.give(indented(args)?)),
    Function::exact("nindent", 2, |args| args.give(format!("\n{}", indented(args)?))),
    Function::from("quote", 0, |args| quoted(args, |text| format::quote(text, false))),
    Function::from("squote", 0, |args| quoted(args, |text| format!("'{text}'"))),
    Function::from("cat", 0, |args| quoted(args, str::to_owned)),
    Function::exact("plural", 3, |args| {
        let (one, many) = (args.text(0)?, args.text(1)?);
        args.give(if args.int(2)? == 1 { one } else { many })
    }),
    Function::exact("nospace", 1, |args| {
        args.give(args.text(0)?.chars().filter(|value| !value.is_whitespace()).collect::<String>())
    }),
    Function::exact("toString", 1, |args| args.give(args.shown(0)?)),
    Function::exact("toStrings", 1, |args| args.context.texts(texts(args.context, args.get(0))?)),
    Function::exact("join", 2, |args| {
        let parts = texts(args.context, args.get(1))?;
        let separator = args.text(0)?;
        let bytes: usize = parts.iter().map(|part| part.len() + separator.len()).sum();
        args.context.room(bytes.saturating_sub(separator.len()))?;
        args.give(parts.join(separator))
    }),
];

fn trim_all(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (set, text) = (args.text(0)?, args.text(1)?);
    args.context.work(set.len().saturating_mul(text.len()) / 16)?;
    args.give(text.trim_matches(|value| set.contains(value)))
}

fn replace(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (old, new, text) = (args.text(0)?, args.text(1)?, args.text(2)?);
    let count = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    args.context
        .room(text.len().saturating_add(count.saturating_mul(new.len())).saturating_sub(count * old.len()))?;
    args.give(text.replace(old, new))
}

fn repeat(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (count, text) = (args.count(0)?, args.text(1)?);
    args.context.room(count.saturating_mul(text.len()))?;
    args.give(text.repeat(if text.is_empty() { 0 } else { count }))
}

/// The first bytes, or with a negative count the last; a character that would be cut is left out.
fn trunc(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (count, text) = (args.int(0)?, args.text(1)?);
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if size >= text.len() {
        return args.give(text);
    }
    args.give(if count < 0 { end(text, text.len() - size) } else { start(text, size) })
}

fn substr(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (from, to, text) = (args.int(0)?, args.int(1)?, args.text(2)?);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let to = if from >= 0 && (to < 0 || to > length) { length } else { to };
    let from = from.max(0);
    match (usize::try_from(from), usize::try_from(to)) {
        (Ok(from), Ok(to)) if from <= to && to <= text.len() => args.give(end(start(text, to), from)),
        _ => Err(Failure::Problem(format!(
            "the range {from} to {to} does not lie in a text of {length} bytes"
        ))),
    }
}

/// The text up to a byte, or up to the character that byte is within.
fn start(text: &str, to: usize) -> &str {
    text.get(..text.floor_char_boundary(to)).unwrap_or_default()
}

/// The text from a byte on, or from the character after that byte on.
fn end(text: &str, from: usize) -> &str {
    text.get(text.ceil_char_boundary(from)..).unwrap_or_default()
}

fn indented(args: &Arguments<'_>) -> Result<String, Failure> {
    let (spaces, text) = (args.count(0)?, args.text(1)?);
    let lines = text.matches('\n').count() + 1;
    args.context.room(text.len().saturating_add(spaces.saturating_mul(lines)))?;
    let pad = " ".repeat(spaces);
    Ok(format!("{pad}{}", text.replace('\n', &format!("\n{pad}"))))
}

/// Each argument that is something, made into text, changed by `change` and joined by spaces.
fn quoted(args: &Arguments<'_>, change: fn(&str) -> String) -> Result<Val, Failure> {
    let mut parts = Vec::new();
    let mut bytes = 0usize;
    for value in args.values.iter().filter(|value| !matches!(value, Val::Nil)) {
        let part = change(&format::plain(args.context, value)?);
        bytes = bytes.saturating_add(part.len() + 1);
        args.context.room(bytes.saturating_sub(1))?;
        parts.push(part);
    }
    args.give(parts.join(" "))
}
