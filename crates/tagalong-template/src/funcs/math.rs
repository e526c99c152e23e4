//! Arithmetic and counting. Whole numbers wrap around as Go's do; the `f` functions work in decimal.

use super::decimal;
use super::numbers::{to_float, to_int};
use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("add", 0, |args| Ok(Val::Int(args.values.iter().map(to_int).fold(0, i64::wrapping_add)))),
    Function::exact("add1", 1, |args| Ok(Val::Int(to_int(args.get(0)).wrapping_add(1)))),
    Function::exact("sub", 2, |args| Ok(Val::Int(to_int(args.get(0)).wrapping_sub(to_int(args.get(1)))))),
    Function::from("mul", 1, |args| Ok(Val::Int(args.values.iter().map(to_int).fold(1, i64::wrapping_mul)))),
    Function::exact("div", 2, |args| divided(args, i64::wrapping_div)),
    Function::exact("mod", 2, |args| divided(args, i64::wrapping_rem)),
    Function::from("max", 1, |args| Ok(Val::Int(args.values.iter().map(to_int).max().unwrap_or(0)))),
    Function::from("biggest", 1, |args| Ok(Val::Int(args.values.iter().map(to_int).max().unwrap_or(0)))),
    Function::from("min", 1, |args| Ok(Val::Int(args.values.iter().map(to_int).min().unwrap_or(0)))),
    Function::from("maxf", 1, |args| {
        Ok(Val::Float(args.values.iter().map(to_float).fold(f64::NEG_INFINITY, f64::max)))
    }),
    Function::from("minf", 1, |args| {
        Ok(Val::Float(args.values.iter().map(to_float).fold(f64::INFINITY, f64::min)))
    }),
    Function::exact("floor", 1, |args| Ok(Val::Float(to_float(args.get(0)).floor()))),
    Function::exact("ceil", 1, |args| Ok(Val::Float(to_float(args.get(0)).ceil()))),
    Function::between("round", 2, 3, round),
    Function::exact("add1f", 1, |args| Ok(Val::Float(decimal::add(to_float(args.get(0)), 1.0)))),
    Function::from("addf", 0, |args| {
        Ok(Val::Float(args.values.iter().map(to_float).fold(0.0, decimal::add)))
    }),
    Function::from("subf", 1, |args| folded(args, decimal::sub)),
    Function::from("mulf", 1, |args| folded(args, decimal::mul)),
    Function::from("divf", 1, |args| {
        if args.from(1).iter().any(|value| to_float(value) == 0.0) {
            return Err("division by zero".into());
        }
        folded(args, decimal::div)
    }),
    Function::exact("until", 1, |args| {
        let count = args.int(0)?;
        counted(args, 0, count, count.signum()).and_then(|numbers| listed(args, numbers))
    }),
    Function::exact("untilStep", 3, |args| {
        counted(args, args.int(0)?, args.int(1)?, args.int(2)?).and_then(|numbers| listed(args, numbers))
    }),
    Function::from("seq", 0, seq),
];

fn divided(args: &Arguments<'_>, operation: fn(i64, i64) -> i64) -> Result<Val, Failure> {
    match (to_int(args.get(0)), to_int(args.get(1))) {
        (_, 0) => Err("division by zero".into()),
        (a, b) => Ok(Val::Int(operation(a, b))),
    }
}

fn folded(args: &Arguments<'_>, operation: fn(f64, f64) -> f64) -> Result<Val, Failure> {
    let first = to_float(args.get(0));
    Ok(Val::Float(args.from(1).iter().map(to_float).fold(first, operation)))
}

/// Rounds to a number of places, up from `.5` or from the third argument on.
fn round(args: &Arguments<'_>) -> Result<Val, Failure> {
    let places = i32::try_from(args.int(1)?.clamp(-400, 400)).unwrap_or(0);
    let up_from = args.values.get(2).map_or(0.5, to_float);
    let power = 10f64.powi(places);
    let shifted = power * to_float(args.get(0));
    let rounded = if shifted.fract() >= up_from { shifted.ceil() } else { shifted.floor() };
    Ok(Val::Float(rounded / power))
}

/// The numbers from `start` to before `stop`; none if the step leads elsewhere.
fn counted(args: &Arguments<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let distance = i128::from(stop) - i128::from(start);
    let step = i128::from(step);
    if distance == 0 || step == 0 || (distance > 0) != (step > 0) {
        return Ok(Vec::new());
    }
    let count = usize::try_from((distance.abs() + step.abs() - 1) / step.abs()).unwrap_or(usize::MAX);
    args.context.room_for_items(count)?;
    let number = |at: usize| i64::try_from(i128::from(start) + step * at as i128).unwrap_or(stop);
    Ok((0..count).map(number).collect())
}

fn listed(args: &Arguments<'_>, numbers: Vec<i64>) -> Result<Val, Failure> {
    args.context.list(numbers.into_iter().map(Val::Int).collect())
}

/// Numbers as text: `seq last`, `seq first last`, `seq first step last`; the last is included.
fn seq(args: &Arguments<'_>) -> Result<Val, Failure> {
    let (start, step, end) = match args.values.len() {
        1 => (1, None, args.int(0)?),
        2 => (args.int(0)?, None, args.int(1)?),
        3 => (args.int(0)?, Some(args.int(1)?), args.int(2)?),
        _ => return args.give(""),
    };
    let direction = if end < start { -1 } else { 1 };
    let step = step.unwrap_or(direction);
    let numbers = counted(args, start, end.saturating_add(direction), step)?;
    args.give(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
}
