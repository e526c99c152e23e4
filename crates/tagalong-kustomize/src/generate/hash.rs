//! The hash at the end of a generated name: ten letters of the SHA-256 of the content as JSON.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::error::Result;
use crate::node::{Kind, Nodes};
use crate::resource::Resource;
use crate::value::{self, Value};

/// The hash of a ConfigMap or Secret. The name is not part of it.
pub(super) fn hash(nodes: &Nodes, resource: Resource) -> Result<String> {
    let kind = resource.kind(nodes).to_owned();
    let mut text = String::from("{");
    if kind == "Secret" {
        let data = part(nodes, resource, "data")?.unwrap_or_else(|| "\"\"".to_owned());
        let secret_type = part(nodes, resource, "type")?.unwrap_or_else(|| "\"\"".to_owned());
        text.push_str(&format!("\"data\":{data},\"kind\":\"Secret\",\"name\":\"\""));
        if let Some(string_data) = map_part(nodes, resource, "stringData")? {
            text.push_str(&format!(",\"stringData\":{string_data}"));
        }
        text.push_str(&format!(",\"type\":{secret_type}}}"));
    } else {
        if let Some(binary) = map_part(nodes, resource, "binaryData")? {
            text.push_str(&format!("\"binaryData\":{binary},"));
        }
        let data = part(nodes, resource, "data")?.unwrap_or_else(|| "\"\"".to_owned());
        text.push_str(&format!("\"data\":{data},\"kind\":\"{kind}\",\"name\":\"\"}}"));
    }
    Ok(encode(&text))
}

fn part(nodes: &Nodes, resource: Resource, name: &str) -> Result<Option<String>> {
    let Some(found) = resource.root.and_then(|root| nodes.field(root, name)) else { return Ok(None) };
    let mut out = String::new();
    if nodes.kind(found) == Kind::Scalar {
        json(&Value::String(nodes.get(found).value.clone()), &mut out);
    } else {
        json(&through_floats(value::read(nodes, found)?), &mut out);
    }
    Ok(Some(out))
}

fn map_part(nodes: &Nodes, resource: Resource, name: &str) -> Result<Option<String>> {
    let found = resource.root.and_then(|root| nodes.field(root, name));
    match found {
        Some(found) if nodes.kind(found) == Kind::Mapping => part(nodes, resource, name),
        _ => Ok(None),
    }
}

fn through_floats(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::Float(number as f64),
        Value::UInt(number) => Value::Float(number as f64),
        Value::List(items) => Value::List(items.into_iter().map(through_floats).collect()),
        Value::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key, through_floats(value))).collect())
        }
        other => other,
    }
}

/// JSON as Go writes it: keys by their bytes, and what could end a script in a page escaped.
fn json(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::UInt(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&crate::number::json(*value)),
        Value::String(text) => string(text, out),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                json(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                json(item, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                // Writing to a string cannot fail.
                let _written = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn encode(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::new();
    for byte in digest.iter().take(5) {
        let _written = write!(hex, "{byte:02x}");
    }
    hex.chars()
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}
