//! Making lists and choosing among their items. Each `must` twin differs in Go only in how it fails.

use super::arguments::texts;
use super::compare::same;
use super::{Arguments, Function, truth};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("list", 0, |args| args.context.list(args.values.to_vec())),
    Function::from("tuple", 0, |args| args.context.list(args.values.to_vec())),
    Function::exact("append", 2, append),
    Function::exact("mustAppend", 2, append),
    Function::exact("push", 2, append),
    Function::exact("mustPush", 2, append),
    Function::exact("prepend", 2, prepend),
    Function::exact("mustPrepend", 2, prepend),
    Function::from("concat", 0, concat),
    Function::exact("uniq", 1, uniq),
    Function::exact("mustUniq", 1, uniq),
    Function::from("without", 1, without),
    Function::from("mustWithout", 1, without),
    Function::exact("has", 2, has),
    Function::exact("mustHas", 2, has),
    Function::exact("compact", 1, compact),
    Function::exact("mustCompact", 1, compact),
    Function::exact("sortAlpha", 1, sort_alpha),
];

fn append(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut items = args.list(0)?.to_vec();
    items.push(args.get(1).clone());
    args.context.list(items)
}

fn prepend(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut items = vec![args.get(1).clone()];
    items.extend_from_slice(args.list(0)?);
    args.context.list(items)
}

fn concat(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut items = Vec::new();
    for at in 0..args.values.len() {
        let more = args.list(at)?;
        args.context.room_for_items(items.len() + more.len())?;
        items.extend_from_slice(more);
    }
    args.context.list(items)
}

fn among(args: &Arguments<'_>, items: &[Val], wanted: &Val) -> Result<bool, Failure> {
    for item in items {
        if same(args.context, item, wanted, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut items: Vec<Val> = Vec::new();
    for item in args.list(0)?.iter() {
        if !among(args, &items, item)? {
            items.push(item.clone());
        }
    }
    args.context.list(items)
}

fn without(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut items = Vec::new();
    for item in args.list(0)?.iter() {
        if !among(args, args.from(1), item)? {
            items.push(item.clone());
        }
    }
    args.context.list(items)
}

fn has(args: &Arguments<'_>) -> Result<Val, Failure> {
    match args.get(1) {
        Val::Nil => Ok(Val::Bool(false)),
        _ => among(args, args.list(1)?, args.get(0)).map(Val::Bool),
    }
}

/// The items that are not empty.
fn compact(args: &Arguments<'_>) -> Result<Val, Failure> {
    let kept = args.list(0)?.iter().filter(|item| truth(args.context, item));
    args.context.list(kept.cloned().collect())
}

fn sort_alpha(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut items = texts(args.context, args.get(0))?;
    args.context.work(items.len().saturating_mul(8))?;
    items.sort();
    args.context.texts(items)
}
