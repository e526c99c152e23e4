//! Cutting a text into parts: `split`, `splitn`, `splitList`.

use super::{Arguments, Function};
use crate::context::Dict;
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("split", 2, |args| numbered(args, parts(args, args.text(0)?, args.text(1)?, None)?)),
    Function::exact("splitn", 3, |args| {
        let limit = usize::try_from(args.int(1)?).ok();
        numbered(args, parts(args, args.text(0)?, args.text(2)?, limit)?)
    }),
    Function::exact("splitList", 2, |args| {
        args.context.texts(parts(args, args.text(0)?, args.text(1)?, None)?)
    }),
];

/// The parts between separators, at most `limit`; an empty separator cuts between characters.
fn parts<'a>(
    args: &Arguments<'_>,
    separator: &str,
    text: &'a str,
    limit: Option<usize>,
) -> Result<Vec<&'a str>, Failure> {
    let most = limit.unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = Some(text).filter(|text| most > 0 && !(separator.is_empty() && text.is_empty()));
    while let Some(left) = rest {
        let cut = match separator {
            _ if parts.len() + 1 >= most => None,
            "" => left.chars().next().and_then(|first| left.split_at_checked(first.len_utf8())),
            _ => left.split_once(separator),
        };
        let cut = cut.filter(|(_, after)| !(separator.is_empty() && after.is_empty()));
        parts.push(cut.map_or(left, |(part, _)| part));
        args.context.room_for_items(parts.len())?;
        rest = cut.map(|(_, after)| after);
    }
    Ok(parts)
}

/// The parts as a dictionary with the keys `_0`, `_1` and so on.
fn numbered(args: &Arguments<'_>, parts: Vec<&str>) -> Result<Val, Failure> {
    let mut entries = Dict::new();
    for (at, part) in parts.into_iter().enumerate() {
        entries.insert(format!("_{at}"), args.context.text(part)?);
    }
    args.context.dict(entries)
}
