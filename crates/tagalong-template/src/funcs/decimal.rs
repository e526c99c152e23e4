//! Decimal arithmetic on floating-point numbers, so that `addf 0.1 0.2` is 0.3. What does not fit falls back to binary.

/// `coefficient × 10^-places`
#[derive(Debug, Clone, Copy)]
struct Decimal {
    coefficient: i128,
    places: u32,
}

/// Places kept by a division.
const DIVISION: u32 = 16;

pub(super) fn add(a: f64, b: f64) -> f64 {
    exact(a, b, |a, b| aligned(a, b, i128::checked_add)).unwrap_or(a + b)
}

pub(super) fn sub(a: f64, b: f64) -> f64 {
    exact(a, b, |a, b| aligned(a, b, i128::checked_sub)).unwrap_or(a - b)
}

pub(super) fn mul(a: f64, b: f64) -> f64 {
    let product = |a: Decimal, b: Decimal| {
        Some(Decimal { coefficient: a.coefficient.checked_mul(b.coefficient)?, places: a.places + b.places })
    };
    exact(a, b, product).unwrap_or(a * b)
}

pub(super) fn div(a: f64, b: f64) -> f64 {
    exact(a, b, quotient).unwrap_or(a / b)
}

fn exact(a: f64, b: f64, operation: impl Fn(Decimal, Decimal) -> Option<Decimal>) -> Option<f64> {
    let result = operation(read(a)?, read(b)?)?;
    format!("{}e-{}", result.coefficient, result.places).parse().ok()
}

/// The shortest decimal that reads back as the number.
fn read(value: f64) -> Option<Decimal> {
    let text = format!("{value}");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let coefficient = format!("{whole}{part}").parse().ok()?;
    Some(Decimal { coefficient, places: u32::try_from(part.len()).ok()? })
}

fn scaled(value: Decimal, places: u32) -> Option<i128> {
    value.coefficient.checked_mul(10i128.checked_pow(places.checked_sub(value.places)?)?)
}

fn aligned(a: Decimal, b: Decimal, operation: fn(i128, i128) -> Option<i128>) -> Option<Decimal> {
    let places = a.places.max(b.places);
    Some(Decimal { coefficient: operation(scaled(a, places)?, scaled(b, places)?)?, places })
}

/// Rounded half away from zero.
fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    let places = a.places.max(b.places);
    let (a, b) = (scaled(a, places)?, scaled(b, places)?);
    let shifted = a.checked_mul(10i128.checked_pow(DIVISION)?)?;
    let (whole, left) = (shifted.checked_div(b)?, shifted.checked_rem(b)?);
    let up = left.unsigned_abs() >= b.unsigned_abs().div_ceil(2);
    let away = if (a < 0) == (b < 0) { 1 } else { -1 };
    Some(Decimal { coefficient: if up { whole.checked_add(away)? } else { whole }, places: DIVISION })
}
