//! One value under one verb, with its flags, width and precision.

use super::{Output, number, quote, type_name};
use crate::error::Failure;
use crate::limits;
use crate::val::{Struct, Val};

/// A verb with what stands between it and the `%`.
#[derive(Debug, Clone, Default)]
pub(super) struct Spec {
    pub(super) verb: char,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    /// Inside the report of a wrong verb: structures show their fields.
    pub(super) raw: bool,
}

impl Spec {
    pub(super) fn plain() -> Self {
        Self { verb: 'v', ..Self::default() }
    }
}

/// Writes a value. Lists, maps and structures hand the verb on to what they hold.
pub(super) fn write(out: &mut Output<'_>, value: &Val, spec: &Spec, depth: usize) -> Result<(), Failure> {
    if depth > limits::VALUE_DEPTH {
        return Err(Failure::Bound(format!("a value nests deeper than {}", limits::VALUE_DEPTH)));
    }
    match value {
        Val::Nil if depth > 0 => out.push("<nil>"),
        Val::Nil if spec.verb == 'v' => pad(out, "<nil>", spec),
        Val::Nil => out.push(&format!("%!{}(<nil>)", spec.verb)),
        Val::Bool(truth) if matches!(spec.verb, 't' | 'v') => {
            pad(out, if *truth { "true" } else { "false" }, spec)
        }
        Val::Int(number) => int(out, *number, value, spec),
        Val::Float(number) => float(out, *number, value, spec),
        Val::Text(text) => string(out, text, value, spec),
        Val::Bool(_) => wrong_verb(out, value, spec),
        Val::List(items) => sequence(out, "[", items.iter(), "]", spec, depth),
        Val::Map(map) => {
            out.push("map[")?;
            for (at, (key, value)) in map.entries.iter().enumerate() {
                entry(out, at, key, value, spec, depth)?;
            }
            out.push("]")
        }
        Val::Dict(dict) => {
            out.push("map[")?;
            for (at, (key, value)) in out.context.entries(*dict)?.iter().enumerate() {
                entry(out, at, &out.context.text(key.as_str())?, value, spec, depth)?;
            }
            out.push("]")
        }
        Val::Struct(content) => structure(out, content, value, spec, depth),
    }
}

fn sequence<'v>(
    out: &mut Output<'_>,
    open: &str,
    items: impl Iterator<Item = &'v Val>,
    close: &str,
    spec: &Spec,
    depth: usize,
) -> Result<(), Failure> {
    out.push(open)?;
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(" ")?;
        }
        write(out, item, spec, depth + 1)?;
    }
    out.push(close)
}

fn entry(
    out: &mut Output<'_>,
    at: usize,
    key: &Val,
    value: &Val,
    spec: &Spec,
    depth: usize,
) -> Result<(), Failure> {
    if at > 0 {
        out.push(" ")?;
    }
    write(out, key, spec, depth + 1)?;
    out.push(":")?;
    write(out, value, spec, depth + 1)
}

fn structure(
    out: &mut Output<'_>,
    content: &Struct,
    value: &Val,
    spec: &Spec,
    depth: usize,
) -> Result<(), Failure> {
    if let Some(display) =
        content.display.as_ref().filter(|_| !spec.raw && matches!(spec.verb, 'v' | 's' | 'q' | 'x' | 'X'))
    {
        return string(out, display, value, spec);
    }
    if spec.verb == 'v' && spec.plus {
        out.push("{")?;
        for (at, (name, field)) in content.fields.iter().enumerate() {
            out.push(if at > 0 { " " } else { "" })?;
            out.push(&format!("{name}:"))?;
            write(out, field, spec, depth + 1)?;
        }
        return out.push("}");
    }
    sequence(out, "{", content.fields.iter().map(|(_, field)| field), "}", spec, depth)
}

fn wrong_verb(out: &mut Output<'_>, value: &Val, spec: &Spec) -> Result<(), Failure> {
    out.push(&format!("%!{}({}=", spec.verb, type_name(value)))?;
    write(out, value, &Spec { verb: 'v', raw: true, ..spec.clone() }, 0)?;
    out.push(")")
}

/// Pads to the width, counted in characters; numbers have seen to their zeros before.
fn pad(out: &mut Output<'_>, text: &str, spec: &Spec) -> Result<(), Failure> {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return out.push(text);
    }
    out.context.room(missing)?;
    if spec.minus {
        out.push(text)?;
        return out.push(&" ".repeat(missing));
    }
    out.push(&if spec.zero { "0" } else { " " }.repeat(missing))?;
    out.push(text)
}

fn string(out: &mut Output<'_>, text: &str, value: &Val, spec: &Spec) -> Result<(), Failure> {
    let cut = |text: &str| match spec.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.to_owned(),
    };
    out.context.work(text.len() / 4)?;
    match spec.verb {
        'v' if spec.sharp && !spec.raw => pad(out, &quote::quote(text, false), spec),
        'v' | 's' => pad(out, &cut(text), spec),
        'q' => {
            let text = cut(text);
            if spec.sharp && quote::fits_backquotes(&text) {
                return pad(out, &format!("`{text}`"), spec);
            }
            pad(out, &quote::quote(&text, spec.plus), spec)
        }
        'x' | 'X' => pad(out, &hex(text, spec), spec),
        _ => wrong_verb(out, value, spec),
    }
}

fn hex(text: &str, spec: &Spec) -> String {
    let upper = spec.verb == 'X';
    let prefix = match (spec.sharp, upper) {
        (true, true) => "0X",
        (true, false) => "0x",
        _ => "",
    };
    let mut out = String::with_capacity(text.len() * 2);
    for (at, byte) in text.bytes().take(spec.precision.unwrap_or(usize::MAX)).enumerate() {
        if spec.space && at > 0 {
            out.push(' ');
        }
        if at == 0 || spec.space {
            out.push_str(prefix);
        }
        out.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
    }
    out
}

fn int(out: &mut Output<'_>, number: i64, value: &Val, spec: &Spec) -> Result<(), Failure> {
    let size = number.unsigned_abs();
    let (digits, prefix) = match spec.verb {
        'v' | 'd' => (size.to_string(), ""),
        'b' => (format!("{size:b}"), if spec.sharp { "0b" } else { "" }),
        'o' => (format!("{size:o}"), if spec.sharp { "0" } else { "" }),
        'O' => (format!("{size:o}"), "0o"),
        'x' => (format!("{size:x}"), if spec.sharp { "0x" } else { "" }),
        'X' => (format!("{size:X}"), if spec.sharp { "0X" } else { "" }),
        'c' | 'q' | 'U' => return character(out, number, spec),
        _ => return wrong_verb(out, value, spec),
    };
    let blanks = Spec { zero: false, ..spec.clone() };
    if spec.precision == Some(0) && number == 0 {
        return pad(out, "", &blanks);
    }
    let sign = match number {
        ..0 => "-",
        _ if spec.plus => "+",
        _ if spec.space => " ",
        _ => "",
    };
    let zeros = match (spec.precision, spec.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if spec.zero && !spec.minus => width.saturating_sub(sign.len()),
        _ => 0,
    };
    let missing = zeros.saturating_sub(digits.len());
    out.context.room(missing)?;
    pad(out, &format!("{sign}{prefix}{}{digits}", "0".repeat(missing)), &blanks)
}

fn character(out: &mut Output<'_>, number: i64, spec: &Spec) -> Result<(), Failure> {
    let value = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    match spec.verb {
        'c' => pad(out, &value.to_string(), spec),
        'q' => pad(out, &quote::quote_char(value, spec.plus), spec),
        _ if spec.sharp && quote::printable(value) => pad(out, &format!("U+{number:04X} '{value}'"), spec),
        _ => pad(out, &format!("U+{number:04X}"), spec),
    }
}

fn float(out: &mut Output<'_>, number: f64, value: &Val, spec: &Spec) -> Result<(), Failure> {
    out.context.room(spec.precision.unwrap_or(0))?;
    // Beyond this many digits every further one is a zero, and formatting takes no more than 16 bits of them.
    let precision = spec.precision.map(|precision| precision.min(2000));
    let text = match spec.verb {
        'v' | 'g' | 'G' => number::general(number, precision, spec.verb == 'G'),
        'e' | 'E' => number::exponent(number, Some(precision.unwrap_or(6)), spec.verb == 'E'),
        'f' | 'F' => number::fixed(number, Some(precision.unwrap_or(6))),
        _ => return wrong_verb(out, value, spec),
    };
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.get(..1).unwrap_or_default(), digits),
        None => ("", text.as_str()),
    };
    let sign = match sign {
        "-" => "-",
        _ if spec.plus => "+",
        _ if spec.space => " ",
        sign => sign,
    };
    let zeros = match spec.width {
        Some(width) if spec.zero && !spec.minus && number.is_finite() => {
            width.saturating_sub(sign.len() + digits.len())
        }
        _ => 0,
    };
    out.context.room(zeros)?;
    pad(out, &format!("{sign}{}{digits}", "0".repeat(zeros)), &Spec { zero: false, ..spec.clone() })
}
