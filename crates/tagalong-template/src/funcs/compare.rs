//! Comparisons: `eq` and its kin with Go's rules about kinds, and `deepEqual`.

use std::cmp::Ordering;

use super::{Arguments, Function};
use crate::context::Context;
use crate::error::Failure;
use crate::limits;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("eq", 2, |args| eq(args).map(Val::Bool)),
    Function::exact("ne", 2, |args| eq(args).map(|equal| Val::Bool(!equal))),
    Function::exact("lt", 2, |args| ordered(args, |order| order == Some(Ordering::Less))),
    Function::exact("le", 2, |args| {
        ordered(args, |order| matches!(order, Some(Ordering::Less | Ordering::Equal)))
    }),
    Function::exact("gt", 2, |args| ordered(args, |order| order == Some(Ordering::Greater))),
    Function::exact("ge", 2, |args| {
        ordered(args, |order| matches!(order, Some(Ordering::Greater | Ordering::Equal)))
    }),
    Function::exact("deepEqual", 2, |args| same(args.context, args.get(0), args.get(1), 0).map(Val::Bool)),
];

/// Whether the first argument equals one of the others.
fn eq(args: &Arguments<'_>) -> Result<bool, Failure> {
    let first = args.get(0);
    for other in args.from(1) {
        let equal = match (first, other) {
            (Val::Nil, _) | (_, Val::Nil) => matches!((first, other), (Val::Nil, Val::Nil)),
            (Val::List(_) | Val::Map(_) | Val::Dict(_), _)
            | (_, Val::List(_) | Val::Map(_) | Val::Dict(_)) => {
                return Err("lists and maps cannot be compared; use deepEqual".into());
            }
            (Val::Struct(a), Val::Struct(b)) if a.name == b.name => same(args.context, first, other, 0)?,
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => same(args.context, a, b, 0)?,
            (a, b) => return incompatible(a, b),
        };
        if equal {
            return Ok(true);
        }
    }
    Ok(false)
}

fn incompatible<T>(a: &Val, b: &Val) -> Result<T, Failure> {
    Err(Failure::Problem(format!("incompatible types for comparison: {} and {}", a.noun(), b.noun())))
}

fn ordered(args: &Arguments<'_>, wanted: fn(Option<Ordering>) -> bool) -> Result<Val, Failure> {
    let order = match (args.get(0), args.get(1)) {
        (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
        (Val::Float(a), Val::Float(b)) => a.partial_cmp(b),
        (Val::Text(a), Val::Text(b)) => Some((**a).cmp(&**b)),
        (a, b) => return incompatible(a, b),
    };
    Ok(Val::Bool(wanted(order)))
}

/// Whether two values are of one kind and alike all the way down.
pub(super) fn same(context: &Context, a: &Val, b: &Val, depth: usize) -> Result<bool, Failure> {
    context.work(1)?;
    if depth > limits::VALUE_DEPTH {
        return Err(Failure::Bound(format!("a value nests deeper than {}", limits::VALUE_DEPTH)));
    }
    Ok(match (a, b) {
        (Val::Nil, Val::Nil) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Float(a), Val::Float(b)) => a == b,
        (Val::Text(a), Val::Text(b)) => {
            context.work(a.len().min(b.len()) / 16)?;
            **a == **b
        }
        (Val::List(a), Val::List(b)) => a.len() == b.len() && all(context, a.iter().zip(b.iter()), depth)?,
        (Val::Struct(a), Val::Struct(b)) => {
            let fields = a.fields.iter().zip(&b.fields).map(|((_, a), (_, b))| (a, b));
            a.name == b.name && a.fields.len() == b.fields.len() && all(context, fields, depth)?
        }
        (Val::Map(a), Val::Map(b)) => {
            let (a, b) = (&a.entries, &b.entries);
            a.len() == b.len()
                && all(context, a.iter().zip(b).map(|((a, _), (b, _))| (a, b)), depth)?
                && all(context, a.iter().zip(b).map(|((_, a), (_, b))| (a, b)), depth)?
        }
        (Val::Dict(a), Val::Dict(b)) if a == b => true,
        (Val::Dict(a), Val::Dict(b)) => {
            let (a, b) = (context.entries(*a)?, context.entries(*b)?);
            let keys = a.iter().map(|(key, _)| key).eq(b.iter().map(|(key, _)| key));
            keys && all(context, a.iter().zip(&b).map(|((_, a), (_, b))| (a, b)), depth)?
        }
        _ => false,
    })
}

fn all<'v>(
    context: &Context,
    pairs: impl Iterator<Item = (&'v Val, &'v Val)>,
    depth: usize,
) -> Result<bool, Failure> {
    for (a, b) in pairs {
        if !same(context, a, b, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}
