//! Escaping for other languages: `html`, `js`, `urlquery`.

use std::fmt::Write;

use super::{Arguments, Function};
use crate::error::Failure;
use crate::format;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::from("html", 0, |args| escaped(args, html)),
    Function::from("js", 0, |args| escaped(args, js)),
    Function::from("urlquery", 0, |args| escaped(args, urlquery)),
];

fn escaped(args: &Arguments<'_>, escape: fn(&str) -> String) -> Result<Val, Failure> {
    if let [Val::Nil] = args.values {
        return args.give(escape("<no value>"));
    }
    args.give(escape(&format::sprint(args.context, args.values)?))
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for value in text.chars() {
        match value {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for value in text.chars() {
        match value {
            '\\' | '\'' | '"' => out.extend(['\\', value]),
            '<' | '>' | '&' | '=' => push_code(&mut out, value),
            value if value < ' ' => push_code(&mut out, value),
            value if value.is_ascii() || format::printable(value) => out.push(value),
            value => push_code(&mut out, value),
        }
    }
    out
}

fn push_code(out: &mut String, value: char) {
    write!(out, "\\u{:04X}", u32::from(value)).unwrap_or_default();
}

fn urlquery(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => write!(out, "%{other:02X}").unwrap_or_default(),
        }
    }
    out
}
