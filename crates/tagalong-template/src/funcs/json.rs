//! JSON as Go writes it (keys in order, `<`, `>` and `&` escaped unless asked otherwise), and read back.

use std::fmt::Write;

use super::{Arguments, Function};
use crate::context::{Context, Dict};
use crate::error::Failure;
use crate::format::{self, Output};
use crate::limits;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("toJson", 1, |args| written(args, Style { html: true, indent: false })),
    Function::exact("mustToJson", 1, |args| written(args, Style { html: true, indent: false })),
    Function::exact("toPrettyJson", 1, |args| written(args, Style { html: true, indent: true })),
    Function::exact("mustToPrettyJson", 1, |args| written(args, Style { html: true, indent: true })),
    Function::exact("toRawJson", 1, |args| written(args, Style { html: false, indent: false })),
    Function::exact("mustToRawJson", 1, |args| written(args, Style { html: false, indent: false })),
    Function::exact("fromJson", 1, |args| match serde_json::from_str(args.text(0)?) {
        Ok(value) => read(args.context, &value),
        Err(_) => Ok(Val::Nil),
    }),
    Function::exact("mustFromJson", 1, |args| match serde_json::from_str(args.text(0)?) {
        Ok(value) => read(args.context, &value),
        Err(error) => Err(Failure::Problem(format!("the text is not JSON: {error}"))),
    }),
];

#[derive(Debug, Clone, Copy)]
struct Style {
    html: bool,
    indent: bool,
}

fn written(args: &Arguments<'_>, style: Style) -> Result<Val, Failure> {
    let mut out = Output::new(args.context);
    write(args.context, &mut out, args.get(0), style, 0)?;
    args.give(out.finish())
}

fn write(
    context: &Context,
    out: &mut Output<'_>,
    value: &Val,
    style: Style,
    depth: usize,
) -> Result<(), Failure> {
    if depth > limits::VALUE_DEPTH {
        return Err(Failure::Bound(format!("a value nests deeper than {}", limits::VALUE_DEPTH)));
    }
    match value {
        Val::Nil => out.push("null"),
        Val::Bool(truth) => out.push(if *truth { "true" } else { "false" }),
        Val::Int(number) => out.push(&number.to_string()),
        Val::Float(number) => out.push(&float(*number)?),
        Val::Text(text) => {
            context.work(text.len() / 4)?;
            out.push(&quoted(text, style.html))
        }
        Val::List(items) => {
            let items: Vec<(Option<&str>, &Val)> = items.iter().map(|item| (None, item)).collect();
            sequence(context, out, ('[', ']'), &items, style, depth)
        }
        Val::Map(_) | Val::Dict(_) => match context.entries_of(value)? {
            Some(entries) => {
                let items: Vec<(Option<&str>, &Val)> =
                    entries.iter().map(|(key, value)| (Some(key.as_str()), value)).collect();
                sequence(context, out, ('{', '}'), &items, style, depth)
            }
            None => Err("a map whose keys are not text cannot be written as JSON".into()),
        },
        Val::Struct(content) => {
            let items: Vec<(Option<&str>, &Val)> =
                content.fields.iter().map(|(name, value)| (Some(&**name), value)).collect();
            sequence(context, out, ('{', '}'), &items, style, depth)
        }
    }
}

fn sequence(
    context: &Context,
    out: &mut Output<'_>,
    (open, close): (char, char),
    items: &[(Option<&str>, &Val)],
    style: Style,
    depth: usize,
) -> Result<(), Failure> {
    out.push_char(open)?;
    for (at, (key, value)) in items.iter().enumerate() {
        if at > 0 {
            out.push(",")?;
        }
        if style.indent {
            out.push(&format!("\n{}", "  ".repeat(depth + 1)))?;
        }
        if let Some(key) = key {
            out.push(&quoted(key, style.html))?;
            out.push(if style.indent { ": " } else { ":" })?;
        }
        write(context, out, value, style, depth + 1)?;
    }
    if style.indent && !items.is_empty() {
        out.push(&format!("\n{}", "  ".repeat(depth)))?;
    }
    out.push_char(close)
}

/// As JavaScript writes numbers: an exponent below 1e-6 and from 1e21 on.
fn float(number: f64) -> Result<String, Failure> {
    if !number.is_finite() {
        return Err("infinity and NaN cannot be written as JSON".into());
    }
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return Ok(format::number::fixed(number, None));
    }
    Ok(format::number::exponent(number, None, false).replace("e-0", "e-"))
}

fn quoted(text: &str, html: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for value in text.chars() {
        match value {
            '"' | '\\' => out.extend(['\\', value]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if html => push_code(&mut out, value),
            '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => push_code(&mut out, value),
            value => out.push(value),
        }
    }
    out.push('"');
    out
}

fn push_code(out: &mut String, value: char) {
    write!(out, "\\u{:04x}", u32::from(value)).unwrap_or_default();
}

/// Numbers become floating-point ones, as in Go.
fn read(context: &Context, value: &serde_json::Value) -> Result<Val, Failure> {
    context.work(1)?;
    Ok(match value {
        serde_json::Value::Null => Val::Nil,
        serde_json::Value::Bool(truth) => Val::Bool(*truth),
        serde_json::Value::Number(number) => Val::Float(number.as_f64().unwrap_or(0.0)),
        serde_json::Value::String(text) => context.text(text.as_str())?,
        serde_json::Value::Array(items) => {
            let items: Result<Vec<Val>, Failure> = items.iter().map(|item| read(context, item)).collect();
            context.list(items?)?
        }
        serde_json::Value::Object(fields) => {
            let mut entries = Dict::new();
            for (key, value) in fields {
                entries.insert(key.clone(), read(context, value)?);
            }
            context.dict(entries)?
        }
    })
}
