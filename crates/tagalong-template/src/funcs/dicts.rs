//! Dictionaries: making them, reading them, changing them in place. Keys are visited in order, where Go's order is random.

use super::{Arguments, Function};
use crate::context::{Context, Dict};
use crate::error::Failure;
use crate::limits;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("dict", 0, dict),
    Function::exact("get", 2, |args| {
        let empty = args.context.text("")?;
        Ok(lookup(args, 0, args.text(1)?)?.unwrap_or(empty))
    }),
    Function::exact("set", 3, |args| {
        args.context.set(args.dict(0)?, args.text(1)?, args.get(2).clone())?;
        Ok(args.get(0).clone())
    }),
    Function::exact("unset", 2, |args| {
        args.context.unset(args.dict(0)?, args.text(1)?);
        Ok(args.get(0).clone())
    }),
    Function::exact("hasKey", 2, |args| Ok(Val::Bool(lookup(args, 0, args.text(1)?)?.is_some()))),
    Function::from("pluck", 1, pluck),
    Function::from("keys", 0, keys),
    Function::exact("values", 1, |args| args.context.list(args.entries(0)?.into_values().collect())),
    Function::from("pick", 1, |args| chosen(args, true)),
    Function::from("omit", 1, |args| chosen(args, false)),
    Function::from("dig", 3, dig),
    Function::exact("deepCopy", 1, |args| copied(args.context, args.get(0), 0)),
    Function::exact("mustDeepCopy", 1, |args| copied(args.context, args.get(0), 0)),
];

/// Keys and values in turns; a key without a value gets an empty text.
fn dict(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut entries = Dict::new();
    for at in (0..args.values.len()).step_by(2) {
        let value = match args.values.get(at + 1) {
            Some(value) => value.clone(),
            None => args.context.text("")?,
        };
        entries.insert(args.shown(at)?, value);
    }
    args.context.dict(entries)
}

fn lookup(args: &Arguments<'_>, at: usize, key: &str) -> Result<Option<Val>, Failure> {
    match args.get(at) {
        Val::Dict(dict) => Ok(args.context.get(*dict, key)),
        Val::Map(map) => Ok(map.get(key).cloned()),
        _ => args.wrong(at, "a dictionary"),
    }
}

fn pluck(args: &Arguments<'_>) -> Result<Val, Failure> {
    let key = args.text(0)?;
    let mut found = Vec::new();
    for at in 1..args.values.len() {
        found.extend(lookup(args, at, key)?);
    }
    args.context.list(found)
}

fn keys(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut keys = Vec::new();
    for at in 0..args.values.len() {
        keys.extend(args.entries(at)?.into_keys());
        args.context.room_for_items(keys.len())?;
    }
    args.context.texts(keys)
}

fn chosen(args: &Arguments<'_>, wanted: bool) -> Result<Val, Failure> {
    let mut names = std::collections::BTreeSet::new();
    for at in 1..args.values.len() {
        names.insert(args.text(at)?);
    }
    let mut entries = args.entries(0)?;
    entries.retain(|key, _| names.contains(key.as_str()) == wanted);
    args.context.dict(entries)
}

/// `dig "a" "b" fallback dict`
fn dig(args: &Arguments<'_>) -> Result<Val, Failure> {
    let last = args.values.len().saturating_sub(1);
    let fallback = args.get(last.saturating_sub(1));
    let mut value = args.get(last).clone();
    for at in 0..last.saturating_sub(1) {
        let key = args.text(at)?;
        let found = match &value {
            Val::Dict(dict) => args.context.get(*dict, key),
            Val::Map(map) => map.get(key).cloned(),
            other => return Err(Failure::Problem(format!("`{key}` is looked for in {}", other.noun()))),
        };
        let Some(found) = found else { return Ok(fallback.clone()) };
        value = found;
    }
    Ok(value)
}

/// The value with dictionaries of its own, so that `set` on the copy leaves the original alone.
pub(super) fn copied(context: &Context, value: &Val, depth: usize) -> Result<Val, Failure> {
    context.work(1)?;
    if depth > limits::VALUE_DEPTH {
        return Err(Failure::Bound(format!("a value nests deeper than {}", limits::VALUE_DEPTH)));
    }
    match value {
        Val::Dict(dict) => {
            let mut entries = Dict::new();
            for (key, value) in context.entries(*dict)? {
                entries.insert(key, copied(context, &value, depth + 1)?);
            }
            context.dict(entries)
        }
        Val::List(items) => {
            let items: Result<Vec<Val>, Failure> =
                items.iter().map(|item| copied(context, item, depth + 1)).collect();
            context.list(items?)
        }
        other => Ok(other.clone()),
    }
}
