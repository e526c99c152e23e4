//! What kind of value something is, in Go's words.

use super::{Arguments, Function};
use crate::error::Failure;
use crate::format;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("typeOf", 1, |args| args.give(format::type_name(args.get(0)))),
    Function::exact("typeIs", 2, type_is),
    Function::exact("typeIsLike", 2, type_is),
    Function::exact("kindOf", 1, |args| args.give(kind(args.get(0)))),
    Function::exact("kindIs", 2, |args| Ok(Val::Bool(args.text(0)? == kind(args.get(1))))),
];

fn type_is(args: &Arguments<'_>) -> Result<Val, Failure> {
    Ok(Val::Bool(args.text(0)? == format::type_name(args.get(1))))
}

fn kind(value: &Val) -> &'static str {
    match value {
        Val::Nil => "invalid",
        Val::Bool(_) => "bool",
        Val::Int(_) => "int",
        Val::Float(_) => "float64",
        Val::Text(_) => "string",
        Val::List(_) => "slice",
        Val::Map(_) | Val::Dict(_) => "map",
        Val::Struct(_) => "struct",
    }
}
