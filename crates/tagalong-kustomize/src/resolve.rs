//! Which type a plain scalar has: by the core schema for objects (`yes` is text), and by YAML 1.1 for the
//! kustomization file and for deciding what must be quoted in the output (`yes` is true).

use crate::node::Tag;
use crate::number;
use crate::time;

/// The type and value of a plain scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Above `i64::MAX`.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// As RFC 3339.
    Timestamp(String),
    /// Text.
    Str,
}

/// By the core schema, with the dates, underscores and octals that Go's YAML 3 library keeps from 1.1.
pub fn core(text: &str) -> Resolved {
    common(text, |rest| match rest {
        "true" | "True" | "TRUE" => Some(Resolved::Bool(true)),
        "false" | "False" | "FALSE" => Some(Resolved::Bool(false)),
        _ => None,
    })
}

/// By YAML 1.1.
pub(crate) fn yaml11(text: &str) -> Resolved {
    common(text, |rest| match rest {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Resolved::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Resolved::Bool(false))
        }
        _ => None,
    })
}

fn common(text: &str, bool: impl Fn(&str) -> Option<Resolved>) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match text {
        "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if let Some(found) = bool(text) {
        return found;
    }
    match first {
        b'.' => number::float(text).map_or(Resolved::Str, Resolved::Float),
        b'+' | b'-' | b'0'..=b'9' => numeric(text),
        _ => Resolved::Str,
    }
}

fn numeric(text: &str) -> Resolved {
    if let Some(stamp) = time::rfc3339(text) {
        return Resolved::Timestamp(stamp);
    }
    let plain = text.replace('_', "");
    if let Some(value) = number::int(&plain) {
        return Resolved::Int(value);
    }
    if let Some(value) = number::uint(&plain) {
        return Resolved::UInt(value);
    }
    if number::looks_like_float(&plain)
        && let Some(value) = number::float(&plain)
    {
        return Resolved::Float(value);
    }
    Resolved::Str
}

/// The tag of a resolved scalar.
pub(crate) fn tag(resolved: &Resolved) -> Tag {
    match resolved {
        Resolved::Null => Tag::Null,
        Resolved::Bool(_) => Tag::Bool,
        Resolved::Int(_) | Resolved::UInt(_) => Tag::Int,
        Resolved::Float(_) => Tag::Float,
        Resolved::Timestamp(_) => Tag::Timestamp,
        Resolved::Str => Tag::Str,
    }
}

/// The tag as users write it.
pub(crate) fn name(tag: Tag) -> &'static str {
    match tag {
        Tag::Empty => "any",
        Tag::Str => "!!str",
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Bool => "!!bool",
        Tag::Null => "!!null",
        Tag::Timestamp => "!!timestamp",
        Tag::Map => "!!map",
        Tag::Seq => "!!seq",
    }
}

/// Whether a YAML 1.1 reader takes the unquoted text for something that is no string.
pub(crate) fn is_yaml11_non_string(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n') && yaml11(text) != Resolved::Str
}

/// Whether Go's YAML 3 library writes the string in quotes.
pub(crate) fn quoted_when_written(text: &str) -> bool {
    text.contains('\n') || yaml11(text) != Resolved::Str || is_base60(text)
}

/// A base 60 float of YAML 1.1, such as `12:30`.
pub(crate) fn is_base60(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (rest, ""),
    };
    let mut parts = whole.split(':');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let first = parts.next().unwrap_or_default();
    let mut count = 0;
    let minutes = parts.all(|part| {
        count += 1;
        match part.as_bytes() {
            [one] => one.is_ascii_digit(),
            [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
            _ => false,
        }
    });
    minutes
        && count > 0
        && first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_types_that_go_gives_them() {
        for (text, expected) in [
            ("", Resolved::Null),
            ("yes", Resolved::Str),
            ("true", Resolved::Bool(true)),
            ("1_000", Resolved::Int(1000)),
            ("0755", Resolved::Int(493)),
            ("0o17", Resolved::Int(15)),
            ("0x1F", Resolved::Int(31)),
            ("08", Resolved::Float(8.0)),
            ("1e3", Resolved::Float(1000.0)),
            (".5", Resolved::Float(0.5)),
            ("1.2.3", Resolved::Str),
            ("18446744073709551615", Resolved::UInt(u64::MAX)),
            ("2024-1-2", Resolved::Timestamp("2024-01-02T00:00:00Z".to_owned())),
            ("<<", Resolved::Str),
            ("-", Resolved::Str),
        ] {
            assert_eq!(core(text), expected, "{text}");
        }
        assert_eq!(yaml11("yes"), Resolved::Bool(true));
        assert_eq!(yaml11("n"), Resolved::Bool(false));
    }

    #[test]
    fn base_60_is_recognised() {
        for (text, expected) in
            [("12:30", true), ("1:2:3.5", true), ("a:1", false), ("12:60", false), ("12", false)]
        {
            assert_eq!(is_base60(text), expected, "{text}");
        }
    }
}
