//! How a value is written where an encrypted one stood, and how the metadata are taken away.

use std::ops::Range;

use tagalong_kustomize::{Scalar, scalar};

use crate::cipher::Plain;
use crate::document::Node;
use crate::open::FIELD;

/// A value as YAML, or as JSON.
pub(crate) fn value(value: &Plain, json: bool) -> String {
    match value {
        Plain::Word(word) => word.clone(),
        Plain::Bool(value) => value.to_string(),
        Plain::Text(text) if !json && is_bare(text) => text.clone(),
        Plain::Text(text) => quoted(text),
    }
}

/// Whether a text can stand without quotes and stay a text.
fn is_bare(text: &str) -> bool {
    let bytes = text.as_bytes();
    let letter = |b: &u8| b.is_ascii_alphanumeric();
    let inner = |b: &u8| letter(b) || matches!(b, b'-' | b'_' | b'.' | b'/' | b'+' | b'=' | b'@');
    bytes.first().is_some_and(letter)
        && bytes.iter().all(inner)
        && scalar(text) == Scalar::Str
        && !is_word(text)
}

/// What YAML 1.1 takes for something else.
fn is_word(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    matches!(word.as_str(), "y" | "n" | "yes" | "no" | "on" | "off")
}

/// In double quotes, in the escapes that YAML and JSON have in common.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Go writes these so in JSON.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{feff}' => escape(c, &mut out),
            c if c.is_control() => escape(c, &mut out),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(c: char, out: &mut String) {
    out.push_str(&format!("\\u{:04x}", u32::from(c)));
}

/// Takes the metadata of a document away.
pub(crate) fn unseal(text: &str, document: &Node, edits: &mut Vec<(Range<usize>, String)>) {
    let Some((key, metadata)) = document.entries().iter().find(|(key, _)| key.text() == Some(FIELD)) else {
        return;
    };
    let end = key.start + text.get(key.start..metadata.end).unwrap_or_default().trim_end().len();
    if document.is_flow() {
        edits.push((member(text, key.start, end), String::new()));
        return;
    }
    // A whole line and what belongs to it.
    let rest = text.get(end..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
    edits.push((key.start..end + line, String::new()));
}

/// A member of an object with the comma before it, or behind it where it is the first.
fn member(text: &str, start: usize, end: usize) -> Range<usize> {
    let before = text.get(..start).unwrap_or_default().trim_end();
    if let Some(before) = before.strip_suffix(',') {
        return before.len()..end;
    }
    let rest = text.get(end..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start().len();
    match rest.trim_start().strip_prefix(',') {
        Some(_) => start..end + gap + 1,
        None => start..end,
    }
}
