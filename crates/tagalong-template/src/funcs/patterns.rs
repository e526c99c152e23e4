//! Regular expressions. Each `must` twin differs in Go only in how it fails.

use regex::escape;
use tagalong_pattern::{Pattern, Template};

use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("regexMatch", 2, matches),
    Function::exact("mustRegexMatch", 2, |args| Ok(Val::Bool(pattern(args)?.is_match(args.text(1)?)))),
    Function::exact("regexFind", 2, find),
    Function::exact("mustRegexFind", 2, find),
    Function::exact("regexFindAll", 3, find_all),
    Function::exact("mustRegexFindAll", 3, find_all),
    Function::exact("regexReplaceAll", 3, |args| replace_all(args, false)),
    Function::exact("mustRegexReplaceAll", 3, |args| replace_all(args, false)),
    Function::exact("regexReplaceAllLiteral", 3, |args| replace_all(args, true)),
    Function::exact("mustRegexReplaceAllLiteral", 3, |args| replace_all(args, true)),
    Function::exact("regexSplit", 3, split),
    Function::exact("mustRegexSplit", 3, split),
    Function::exact("regexQuoteMeta", 1, |args| args.give(quote_meta(args.text(0)?))),
];

fn pattern(args: &Arguments<'_>) -> Result<Pattern, Failure> {
    // Searching a text is far more work than copying it.
    args.context.work(args.text(1)?.len())?;
    args.context.pattern(args.text(0)?)
}

/// A pattern that cannot be used matches nothing.
fn matches(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (_, text) = (args.text(0)?, args.text(1)?);
    match pattern(args) {
        Ok(pattern) => Ok(Val::Bool(pattern.is_match(text))),
        Err(Failure::Problem(_)) => Ok(Val::Bool(false)),
        Err(bound) => Err(bound),
    }
}

fn find(args: &Arguments<'_>) -> Result<Val, Failure> {
    args.give(pattern(args)?.regex().find(args.text(1)?).map_or("", |found| found.as_str()))
}

/// At most `n` findings; a negative `n` means all.
fn limit(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn find_all(args: &Arguments<'_>) -> Result<Val, Failure> {
    let pattern = pattern(args)?;
    let found = pattern.regex().find_iter(args.text(1)?).take(limit(args.int(2)?));
    args.context.texts(found.map(|found| found.as_str()))
}

fn replace_all(args: &Arguments<'_>, literal: bool) -> Result<Val, Failure> {
    let (pattern, text, replacement) = (pattern(args)?, args.text(1)?, args.text(2)?);
    let template = Template::compile(replacement, pattern.groups());
    let mut out = String::new();
    let mut copied = 0;
    for found in pattern.regex().captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        args.context.work(1 + replacement.len() / 16)?;
        out.push_str(text.get(copied..whole.start()).unwrap_or_default());
        if literal {
            out.push_str(replacement);
        } else {
            let groups = replacement.matches('$').count();
            args.context
                .room(out.len().saturating_add(replacement.len()).saturating_add(groups * whole.len()))?;
            template.expand(|index| found.get(index).map(|group| group.as_str()), &mut out);
        }
        args.context.room(out.len())?;
        copied = whole.end();
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    args.give(out)
}

fn split(args: &Arguments<'_>) -> Result<Val, Failure> {
    let pattern = pattern(args)?;
    let (text, most) = (args.text(1)?, limit(args.int(2)?));
    if most == 0 {
        return args.context.list(Vec::new());
    }
    if text.is_empty() && !args.text(0)?.is_empty() {
        return args.context.texts([""]);
    }
    let mut parts = Vec::new();
    let mut from = 0;
    let mut last = 0;
    for found in pattern.regex().find_iter(text) {
        if parts.len() + 1 >= most {
            last = 0;
            break;
        }
        last = found.start();
        // A match of nothing at the very start separates nothing.
        if found.end() != 0 {
            args.context.room_for_items(parts.len() + 1)?;
            parts.push(text.get(from..found.start()).unwrap_or_default());
        }
        from = found.end();
    }
    if last != text.len() {
        parts.push(text.get(from..).unwrap_or_default());
    }
    args.context.texts(parts)
}

/// Only what Go escapes.
fn quote_meta(text: &str) -> String {
    let quoted = |value: char| {
        if "\\.+*?()|[]{}^$".contains(value) { escape(&value.to_string()) } else { value.to_string() }
    };
    text.chars().map(quoted).collect()
}
