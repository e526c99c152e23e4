//! The functions a template may call, one file per family. The parser finds them by name, the evaluator calls them.

mod arguments;
mod builtin;
mod case;
mod compare;
mod decimal;
mod dicts;
mod durations;
mod encoding;
mod escape;
mod json;
mod layout;
mod lists;
mod logic;
mod math;
mod merge;
mod numbers;
mod paths;
mod patterns;
mod refused;
mod semver;
mod semver_range;
mod slices;
mod splitting;
mod strings;
mod types;
mod urls;

use arguments::Arguments;

use crate::context::Context;
use crate::error::{Failure, TemplateError};
use crate::val::Val;

/// What a name in a template calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Callee {
    Special(Special),
    Function(&'static Function),
}

/// The functions that do not evaluate all their arguments; the evaluator knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    And,
    Or,
}

/// A function: its name, how many arguments it takes, and what it does.
#[derive(Debug)]
pub(crate) struct Function {
    name: &'static str,
    least: usize,
    /// `None`: any number.
    most: Option<usize>,
    run: fn(&Arguments<'_>) -> Result<Val, Failure>,
}

impl Function {
    /// A function of exactly `count` arguments.
    const fn exact(
        name: &'static str,
        count: usize,
        run: fn(&Arguments<'_>) -> Result<Val, Failure>,
    ) -> Self {
        Self { name, least: count, most: Some(count), run }
    }

    /// A function of `least` or more arguments.
    const fn from(name: &'static str, least: usize, run: fn(&Arguments<'_>) -> Result<Val, Failure>) -> Self {
        Self { name, least, most: None, run }
    }

    /// A function of `least` to `most` arguments.
    const fn between(
        name: &'static str,
        least: usize,
        most: usize,
        run: fn(&Arguments<'_>) -> Result<Val, Failure>,
    ) -> Self {
        Self { name, least, most: Some(most), run }
    }
}

const FAMILIES: &[&[Function]] = &[
    builtin::TABLE,
    case::TABLE,
    compare::TABLE,
    dicts::TABLE,
    durations::TABLE,
    encoding::TABLE,
    escape::TABLE,
    json::TABLE,
    layout::TABLE,
    lists::TABLE,
    logic::TABLE,
    math::TABLE,
    merge::TABLE,
    numbers::TABLE,
    paths::TABLE,
    patterns::TABLE,
    semver::TABLE,
    slices::TABLE,
    splitting::TABLE,
    strings::TABLE,
    types::TABLE,
    urls::TABLE,
];

/// The function of that name.
pub(crate) fn find(name: &str, line: usize) -> Result<Callee, TemplateError> {
    match name {
        "and" => return Ok(Callee::Special(Special::And)),
        "or" => return Ok(Callee::Special(Special::Or)),
        _ => {}
    }
    let mut all = FAMILIES.iter().flat_map(|family| family.iter());
    if let Some(function) = all.find(|function| function.name == name) {
        return Ok(Callee::Function(function));
    }
    let name = name.to_owned();
    Err(match refused::reason(&name) {
        Some(reason) => TemplateError::UnsupportedFunction { line, name, reason },
        None => TemplateError::UnknownFunction { line, name },
    })
}

/// Calls a function after counting its arguments and the work of reading them.
pub(crate) fn call(context: &Context, function: &'static Function, values: &[Val]) -> Result<Val, Failure> {
    let count = values.len();
    let least = function.least;
    if count < least || function.most.is_some_and(|most| count > most) {
        let wanted = match function.most {
            Some(most) if most == least => format!("{least}"),
            Some(most) => format!("{least} to {most}"),
            None => format!("at least {least}"),
        };
        return Err(Failure::Problem(format!("{}: wants {wanted} arguments, got {count}", function.name)));
    }
    for value in values {
        context.work(match value {
            Val::Text(text) => text.len() / 16,
            Val::List(items) => items.len(),
            _ => 0,
        })?;
    }
    (function.run)(&Arguments { context, values }).map_err(|failure| failure.in_function(function.name))
}

/// Whether a value counts as true: not zero, not empty, not nothing.
pub(crate) fn truth(context: &Context, value: &Val) -> bool {
    match value {
        Val::Nil => false,
        Val::Bool(truth) => *truth,
        Val::Int(number) => *number != 0,
        Val::Float(number) => *number != 0.0,
        Val::Text(text) => !text.is_empty(),
        Val::List(items) => !items.is_empty(),
        Val::Map(map) => !map.entries.is_empty(),
        Val::Dict(dict) => context.size(*dict) > 0,
        Val::Struct(_) => true,
    }
}
