//! Numbers out of whatever a template has: `int`, `float64`, `atoi`, and the rules the arithmetic uses.

use super::{Arguments, Function};
use crate::error::Failure;
use crate::syntax::literal::{self, Number};
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("int", 1, |args| Ok(Val::Int(to_int(args.get(0))))),
    Function::exact("int64", 1, |args| Ok(Val::Int(to_int(args.get(0))))),
    Function::exact("float64", 1, |args| Ok(Val::Float(to_float(args.get(0))))),
    Function::exact("atoi", 1, |args| Ok(Val::Int(args.text(0)?.parse().unwrap_or(0)))),
    Function::exact("toDecimal", 1, to_decimal),
];

/// A whole number of anything; what is no number is 0. A text may be a literal such as `0x1f` or `3.0`.
pub(super) fn to_int(value: &Val) -> i64 {
    match value {
        Val::Int(number) => *number,
        Val::Float(number) => *number as i64,
        Val::Bool(truth) => i64::from(*truth),
        Val::Text(text) => {
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
                _ => text,
            };
            match literal::number(whole) {
                Ok(Number::Int(number)) => number,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// A floating-point number of anything; what is no number is 0.
pub(super) fn to_float(value: &Val) -> f64 {
    match value {
        Val::Int(number) => *number as f64,
        Val::Float(number) => *number,
        Val::Bool(truth) => f64::from(u8::from(*truth)),
        Val::Text(text) => text.parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// Reads a file mode such as `0755` as octal.
fn to_decimal(args: &Arguments<'_>) -> Result<Val, Failure> {
    Ok(Val::Int(i64::from_str_radix(&args.shown(0)?, 8).unwrap_or(0)))
}
