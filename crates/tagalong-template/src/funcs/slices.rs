//! Parts of lists by position: `first`, `rest`, `slice`, `chunk` and their kin.

use super::numbers::to_int;
use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("first", 1, first),
    Function::exact("mustFirst", 1, first),
    Function::exact("last", 1, last),
    Function::exact("mustLast", 1, last),
    Function::exact("rest", 1, rest),
    Function::exact("mustRest", 1, rest),
    Function::exact("initial", 1, initial),
    Function::exact("mustInitial", 1, initial),
    Function::exact("reverse", 1, reverse),
    Function::exact("mustReverse", 1, reverse),
    Function::from("slice", 1, slice),
    Function::from("mustSlice", 1, slice),
    Function::exact("chunk", 2, chunk),
    Function::exact("mustChunk", 2, chunk),
];

fn first(args: &Arguments<'_>) -> Result<Val, Failure> {
    Ok(args.list(0)?.first().cloned().unwrap_or(Val::Nil))
}

fn last(args: &Arguments<'_>) -> Result<Val, Failure> {
    Ok(args.list(0)?.last().cloned().unwrap_or(Val::Nil))
}

fn rest(args: &Arguments<'_>) -> Result<Val, Failure> {
    args.context.list(args.list(0)?.iter().skip(1).cloned().collect())
}

fn initial(args: &Arguments<'_>) -> Result<Val, Failure> {
    let items = args.list(0)?;
    args.context.list(items.iter().take(items.len().saturating_sub(1)).cloned().collect())
}

fn reverse(args: &Arguments<'_>) -> Result<Val, Failure> {
    args.context.list(args.list(0)?.iter().rev().cloned().collect())
}

/// `slice list from to`: sprig's, which is for lists only and takes the place of Go's.
fn slice(args: &Arguments<'_>) -> Result<Val, Failure> {
    let items = args.list(0)?;
    if items.is_empty() {
        return Ok(Val::Nil);
    }
    let from = args.values.get(1).map_or(0, to_int);
    let to = args.values.get(2).map_or(i64::try_from(items.len()).unwrap_or(i64::MAX), to_int);
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    match range.and_then(|(from, to)| items.get(from..to)) {
        Some(part) => args.context.list(part.to_vec()),
        None => {
            let length = items.len();
            Err(Failure::Problem(format!(
                "the range {from} to {to} does not lie in a list of {length} items"
            )))
        }
    }
}

fn chunk(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (size, items) = (args.count(0)?, args.list(1)?);
    if size == 0 {
        return Err("the size of the parts must be at least 1".into());
    }
    let parts: Result<Vec<Val>, Failure> =
        items.chunks(size).map(|part| args.context.list(part.to_vec())).collect();
    args.context.list(parts?)
}
