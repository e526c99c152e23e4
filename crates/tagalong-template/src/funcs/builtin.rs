//! Functions of Go templates themselves: `not`, `len`, `index`, the print functions.

use super::{Arguments, Function, truth};
use crate::error::Failure;
use crate::format;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("not", 1, |args| Ok(Val::Bool(!truth(args.context, args.get(0))))),
    Function::exact("len", 1, len),
    Function::from("index", 1, index),
    Function::from("print", 0, |args| args.give(format::sprint(args.context, args.values)?)),
    Function::from("println", 0, |args| args.give(format::sprintln(args.context, args.values)?)),
    Function::from("printf", 1, |args| {
        args.give(format::sprintf(args.context, args.text(0)?, args.from(1))?)
    }),
];

fn len(args: &Arguments<'_>) -> Result<Val, Failure> {
    let length = match args.get(0) {
        Val::Text(text) => text.len(),
        Val::List(items) => items.len(),
        Val::Map(map) => map.entries.len(),
        Val::Dict(dict) => args.context.size(*dict),
        _ => return args.wrong(0, "text, a list or a map"),
    };
    Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// `index x 1 "k"` is `x[1]["k"]`. A key that a map does not have gives the zero of its values.
fn index(args: &Arguments<'_>) -> Result<Val, Failure> {
    let mut value = args.get(0).clone();
    for at in 1..args.values.len() {
        let found = match &value {
            Val::List(items) => item(items.len(), args, at)?.and_then(|at| items.get(at).cloned()),
            Val::Text(text) => item(text.len(), args, at)?
                .and_then(|at| text.as_bytes().get(at).map(|byte| Val::Int((*byte).into()))),
            Val::Dict(dict) => Some(args.context.get(*dict, args.text(at)?).unwrap_or(Val::Nil)),
            Val::Map(map) => match args.get(at) {
                Val::Text(key) => Some(match map.get(key) {
                    Some(value) => value.clone(),
                    None => args.context.zero(map)?,
                }),
                key => {
                    let mut found = args.context.zero(map)?;
                    for (candidate, value) in &map.entries {
                        if super::compare::same(args.context, candidate, key, 0)? {
                            found = value.clone();
                        }
                    }
                    Some(found)
                }
            },
            Val::Nil => return Err("there is nothing to take an item of".into()),
            other => return Err(Failure::Problem(format!("cannot take an item of {}", other.noun()))),
        };
        value = found.unwrap_or(Val::Nil);
    }
    Ok(value)
}

fn item(length: usize, args: &Arguments<'_>, at: usize) -> Result<Option<usize>, Failure> {
    let number = args.int(at)?;
    match usize::try_from(number) {
        Ok(index) if index < length => Ok(Some(index)),
        _ => Err(Failure::Problem(format!("index {number} is out of range for a length of {length}"))),
    }
}
