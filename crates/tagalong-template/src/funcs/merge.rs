//! Merging dictionaries into the first one, in place.

use super::{Arguments, Function, truth};
use crate::context::Context;
use crate::error::Failure;
use crate::limits;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("merge", 1, |args| merged(args, false)),
    Function::from("mustMerge", 1, |args| merged(args, false)),
    Function::from("mergeOverwrite", 1, |args| merged(args, true)),
    Function::from("mustMergeOverwrite", 1, |args| merged(args, true)),
];

fn merged(args: &Arguments<'_>, overwrite: bool) -> Result<Val, Failure> {
    let into = args.dict(0)?;
    for at in 1..args.values.len() {
        let entries = args.entries(at)?.into_iter().collect();
        merge(args.context, into, entries, overwrite, 0)?;
    }
    Ok(args.get(0).clone())
}

/// Takes over what is missing or empty, or with `overwrite` everything; dictionaries are merged in turn.
fn merge(
    context: &Context,
    into: usize,
    entries: Vec<(String, Val)>,
    overwrite: bool,
    depth: usize,
) -> Result<(), Failure> {
    if depth > limits::VALUE_DEPTH {
        return Err(Failure::Bound(format!("a value nests deeper than {}", limits::VALUE_DEPTH)));
    }
    for (key, value) in entries {
        context.work(1)?;
        match (context.get(into, &key), &value) {
            (Some(Val::Dict(inner)), Val::Dict(more)) => {
                if inner != *more {
                    merge(context, inner, context.entries(*more)?, overwrite, depth + 1)?;
                }
            }
            (Some(kept), _) if !overwrite && truth(context, &kept) => {}
            (_, Val::Nil) if !overwrite => {}
            _ => context.set(into, &key, value)?,
        }
    }
    Ok(())
}
