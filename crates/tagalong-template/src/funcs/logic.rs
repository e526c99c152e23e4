//! Choices by emptiness: `default`, `coalesce`, `ternary` and their kin; and `fail`.

use super::{Arguments, Function, truth};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("default", 1, |args| {
        Ok(args.values.get(1).filter(|given| truth(args.context, given)).unwrap_or(args.get(0)).clone())
    }),
    Function::exact("empty", 1, |args| Ok(Val::Bool(!truth(args.context, args.get(0))))),
    Function::from("coalesce", 0, |args| {
        Ok(args.values.iter().find(|value| truth(args.context, value)).cloned().unwrap_or(Val::Nil))
    }),
    Function::from("all", 0, |args| {
        Ok(Val::Bool(args.values.iter().all(|value| truth(args.context, value))))
    }),
    Function::from("any", 0, |args| {
        Ok(Val::Bool(args.values.iter().any(|value| truth(args.context, value))))
    }),
    Function::exact("ternary", 3, ternary),
    Function::exact("fail", 1, |args| Err(Failure::Problem(args.text(0)?.to_owned()))),
    Function::exact("hello", 0, |args| args.give("Hello!")),
];

fn ternary(args: &Arguments<'_>) -> Result<Val, Failure> {
    Ok(if args.bool(2)? { args.get(0) } else { args.get(1) }.clone())
}
