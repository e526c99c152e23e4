//! Floating-point numbers as Go's `strconv` writes them. Used by the verbs, JSON and the number functions.

/// Decimal digits without a point, and the exponent of the first.
fn digits(value: f64, precision: Option<usize>) -> (String, i32) {
    let text = match precision {
        Some(precision) => format!("{:.*e}", precision, value.abs()),
        None => format!("{:e}", value.abs()),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        return Some("NaN".to_owned());
    }
    value.is_infinite().then(|| if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() })
}

fn sign(value: f64) -> &'static str {
    if value.is_sign_negative() { "-" } else { "" }
}

/// `%e`; without a precision the shortest that reads back the same.
pub(crate) fn exponent(value: f64, precision: Option<usize>, upper: bool) -> String {
    special(value).unwrap_or_else(|| {
        let (digits, exponent) = digits(value, precision);
        assemble_exponent(value, &digits, exponent, upper)
    })
}

fn assemble_exponent(value: f64, digits: &str, exponent: i32, upper: bool) -> String {
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let point = if rest.is_empty() { "" } else { "." };
    let mark = if upper { 'E' } else { 'e' };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{}{first}{point}{rest}{mark}{exponent_sign}{:02}", sign(value), exponent.unsigned_abs())
}

/// `%f`; without a precision the shortest that reads back the same.
pub(crate) fn fixed(value: f64, precision: Option<usize>) -> String {
    special(value).unwrap_or_else(|| match precision {
        Some(precision) => format!("{}{:.*}", sign(value), precision, value.abs()),
        None => format!("{}{}", sign(value), value.abs()),
    })
}

/// `%g`, which is also `%v`: an exponent below 1e-4 and from 1e6 on, or from the precision on if one is given.
pub(crate) fn general(value: f64, precision: Option<usize>, upper: bool) -> String {
    if let Some(special) = special(value) {
        return special;
    }
    let wanted = precision.map(|precision| precision.max(1));
    let (mut digits, exponent) = digits(value, wanted.map(|precision| precision - 1));
    while wanted.is_some() && digits.len() > 1 && digits.ends_with('0') {
        digits.pop();
    }
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let limit = match wanted {
        None => 6,
        Some(precision) => {
            let precision = i32::try_from(precision).unwrap_or(i32::MAX);
            if precision > count && count > exponent { count } else { precision }
        }
    };
    if exponent < -4 || exponent >= limit {
        return assemble_exponent(value, &digits, exponent, upper);
    }
    let before = usize::try_from(exponent + 1).unwrap_or(0);
    let body = if exponent < 0 {
        format!("0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0)))
    } else if digits.len() <= before {
        format!("{digits}{}", "0".repeat(before - digits.len()))
    } else {
        let (whole, part) = digits.split_at_checked(before).unwrap_or((&digits, ""));
        format!("{whole}.{part}")
    };
    format!("{}{body}", sign(value))
}
