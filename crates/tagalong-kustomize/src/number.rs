//! Numbers as Go reads and writes them; the only place that knows those formats. Used for scalars on the way in and
//! for numbers on the way out.

/// Go's `ParseInt(text, 0, 64)`: a sign, then decimal, `0x`, `0b`, `0o` or a leading zero for octal.
pub(crate) fn int(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        _ => (false, text),
    };
    let value = i128::from(magnitude(rest)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Go's `ParseUint(text, 0, 64)`.
pub(crate) fn uint(text: &str) -> Option<u64> {
    magnitude(text)
}

fn magnitude(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, text.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, text.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, text.get(2..)?),
        [b'0', _, ..] => (8, text.get(1..)?),
        _ => (10, text),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Decimal floats only; none where the value is beyond the range.
pub(crate) fn float(text: &str) -> Option<f64> {
    if !looks_like_float(text) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(value)
}

/// Digits with an optional point, sign and exponent.
pub(crate) fn looks_like_float(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_ok =
        digits(whole) && digits(fraction) && if whole.is_empty() { !fraction.is_empty() } else { true };
    let exponent_ok = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_ok && exponent_ok
}

/// Go's `FormatFloat(value, 'g', -1, 64)`: the shortest digits; an exponent from 1e6 on and below 1e-4.
pub(crate) fn general(value: f64) -> String {
    let (digits, exponent) = shortest(value);
    if !(-4..6).contains(&exponent) {
        return scientific(value, &digits, exponent);
    }
    fixed(value, &digits, exponent)
}

/// As Go's JSON library writes a float.
pub(crate) fn json(value: f64) -> String {
    let (digits, exponent) = shortest(value);
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = scientific(value, &digits, exponent);
        // An exponent of one digit loses its zero: 1e-07 is written 1e-7.
        return match text.split_once("e-0") {
            Some((mantissa, digit)) => format!("{mantissa}e-{digit}"),
            None => text,
        };
    }
    fixed(value, &digits, exponent)
}

/// The shortest digits that read back, and the decimal exponent of the first.
fn shortest(value: f64) -> (String, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn sign(value: f64) -> &'static str {
    if value.is_sign_negative() { "-" } else { "" }
}

fn scientific(value: f64, digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let mark = if exponent < 0 { '-' } else { '+' };
    format!("{}{first}{point}{rest}e{mark}{:02}", sign(value), exponent.abs())
}

fn fixed(value: f64, digits: &str, exponent: i32) -> String {
    let sign = sign(value);
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (whole, fraction) = digits.split_at(whole);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_go_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0b11", Some(-3)),
            ("+7", Some(7)),
            ("08", None),
            ("0x", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1-2", None),
        ] {
            assert_eq!(int(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_as_go_writes_them() {
        for (value, general_text, json_text) in [
            (1.0, "1", "1"),
            (420.0, "420", "420"),
            (1e6, "1e+06", "1000000"),
            (16777217.0, "1.6777217e+07", "16777217"),
            (123456789.0, "1.23456789e+08", "123456789"),
            (0.0001, "0.0001", "0.0001"),
            (0.000001, "1e-06", "0.000001"),
            (0.0000001, "1e-07", "1e-7"),
            (1.5, "1.5", "1.5"),
            (-2.25e30, "-2.25e+30", "-2.25e+30"),
            (1e20, "1e+20", "100000000000000000000"),
        ] {
            assert_eq!(general(value), general_text);
            assert_eq!(json(value), json_text);
        }
    }
}
