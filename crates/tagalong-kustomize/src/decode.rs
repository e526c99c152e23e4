//! Reads typed fields out of kustomization files, transformer configurations and replacement files: strict, with the
//! line of whatever is wrong. Scalars have their YAML 1.1 types here, as in kustomize.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::node::{Kind, Node, NodeId, Nodes, Tag};
use crate::number;
use crate::parse::Refused;
use crate::resolve::{self, Resolved};

pub(crate) type Result<T> = std::result::Result<T, Refused>;

/// A field of an object.
pub(crate) struct Field {
    /// As the format spells it; upper and lower case are not told apart in files.
    pub(crate) name: &'static str,
    pub(crate) value: NodeId,
    pub(crate) line: u32,
}

pub(crate) fn refuse<T>(line: u32, message: impl Into<String>) -> Result<T> {
    Err(Refused { line, fault: Fault::new(message) })
}

fn meaning(node: &Node) -> Resolved {
    if node.quoted {
        return Resolved::Str;
    }
    match node.tag {
        Tag::Str => resolve::yaml11(&node.value),
        _ => Nodes::meaning(node).unwrap_or(Resolved::Str),
    }
}

fn found(node: &Node) -> &'static str {
    match node.kind {
        Kind::Mapping => "a mapping",
        Kind::Sequence => "a list",
        Kind::Scalar => match meaning(node) {
            Resolved::Bool(_) => "true or false (quote it to make it text)",
            Resolved::Int(_) | Resolved::UInt(_) | Resolved::Float(_) => {
                "a number (quote it to make it text)"
            }
            Resolved::Null => "nothing",
            Resolved::Timestamp(_) | Resolved::Str => "text",
        },
    }
}

fn wrong<T>(nodes: &Nodes, id: NodeId, what: &str, wanted: &str) -> Result<T> {
    let node = nodes.get(id);
    refuse(node.line, format!("{what}: expected {wanted}, found {}", found(node)))
}

/// The text of a key.
fn key(nodes: &Nodes, id: NodeId) -> Result<String> {
    let node = nodes.get(id);
    match (node.kind, meaning(node)) {
        (Kind::Scalar, Resolved::Str) => Ok(node.value.clone()),
        (Kind::Scalar, Resolved::Bool(value)) => Ok(value.to_string()),
        (Kind::Scalar, Resolved::Int(value)) => Ok(value.to_string()),
        (Kind::Scalar, Resolved::UInt(value)) => Ok(value.to_string()),
        (Kind::Scalar, Resolved::Float(value)) => Ok(number::general(value)),
        _ => refuse(node.line, "a key must be text"),
    }
}

/// The fields of an object; of a repeated one the last counts. Null has none.
///
/// # Errors
/// No mapping, or a field that is not among `known`.
pub(crate) fn object(nodes: &Nodes, id: NodeId, what: &str, known: &[&'static str]) -> Result<Vec<Field>> {
    let node = nodes.get(id);
    if node.is_null() {
        return Ok(Vec::new());
    }
    if node.kind != Kind::Mapping {
        return wrong(nodes, id, what, "a mapping");
    }
    let mut fields: Vec<Field> = Vec::new();
    for (key_id, value) in nodes.entries(id) {
        let (line, text) = (nodes.get(key_id).line, key(nodes, key_id)?);
        let exact = known.iter().find(|name| **name == text);
        let Some(name) = exact.or_else(|| known.iter().find(|name| name.eq_ignore_ascii_case(&text))) else {
            let place = if what.is_empty() { String::new() } else { format!(" of {what}") };
            return refuse(line, format!("unknown field {text}{place}"));
        };
        fields.retain(|field| field.name != *name);
        fields.push(Field { name, value, line });
    }
    Ok(fields)
}

/// Text; null is empty.
pub(crate) fn text(nodes: &Nodes, id: NodeId, what: &str) -> Result<String> {
    let node = nodes.get(id);
    match (node.kind, meaning(node)) {
        (Kind::Scalar, Resolved::Str | Resolved::Timestamp(_)) => Ok(node.value.clone()),
        (Kind::Scalar, Resolved::Null) => Ok(String::new()),
        _ => wrong(nodes, id, what, "text"),
    }
}

/// True or false; null is false.
pub(crate) fn flag(nodes: &Nodes, id: NodeId, what: &str) -> Result<bool> {
    let node = nodes.get(id);
    match (node.kind, meaning(node)) {
        (Kind::Scalar, Resolved::Bool(value)) => Ok(value),
        (Kind::Scalar, Resolved::Null) => Ok(false),
        _ => wrong(nodes, id, what, "true or false"),
    }
}

/// A whole number; null is 0.
pub(crate) fn integer(nodes: &Nodes, id: NodeId, what: &str) -> Result<i64> {
    let node = nodes.get(id);
    match (node.kind, meaning(node)) {
        (Kind::Scalar, Resolved::Int(value)) => Ok(value),
        (Kind::Scalar, Resolved::Null) => Ok(0),
        (Kind::Scalar, Resolved::Float(value)) => match number::int(&number::json(value)) {
            Some(value) => Ok(value),
            None => wrong(nodes, id, what, "a whole number"),
        },
        _ => wrong(nodes, id, what, "a whole number"),
    }
}

/// The elements; null has none.
pub(crate) fn list<'n>(nodes: &'n Nodes, id: NodeId, what: &str) -> Result<&'n [NodeId]> {
    let node = nodes.get(id);
    match node.kind {
        Kind::Sequence => Ok(nodes.elements(id)),
        _ if node.is_null() => Ok(&[]),
        _ => wrong(nodes, id, what, "a list"),
    }
}

/// Texts with their lines.
pub(crate) fn texts(nodes: &Nodes, id: NodeId, what: &str) -> Result<Vec<(u32, String)>> {
    let items = list(nodes, id, what)?.iter();
    items.map(|item| Ok((nodes.get(*item).line, text(nodes, *item, what)?))).collect()
}

/// Text by text; none for null.
pub(crate) fn text_map(nodes: &Nodes, id: NodeId, what: &str) -> Result<Option<BTreeMap<String, String>>> {
    let node = nodes.get(id);
    if node.is_null() {
        return Ok(None);
    }
    if node.kind != Kind::Mapping {
        return wrong(nodes, id, what, "a mapping");
    }
    let entries = nodes.entries(id);
    entries
        .map(|(name, value)| Ok((key(nodes, name)?, text(nodes, value, what)?)))
        .collect::<Result<_>>()
        .map(Some)
}
