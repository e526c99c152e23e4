//! Typed values: what a rendered object holds, and the bridge between them and document nodes.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::error::Result;
use crate::fold;
use crate::node::{Kind, Node, NodeId, Nodes, Tag};
use crate::number;
use crate::resolve::{self, Resolved};

/// A value of a rendered object, as a JSON document holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above `i64::MAX`.
    UInt(u64),
    /// Any other number; never NaN or infinite.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Self>),
    /// Fields by name.
    Map(BTreeMap<String, Self>),
}

impl Value {
    /// The field of that name, if this is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(name),
            _ => None,
        }
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries),
        }
    }
}

/// One object of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    value: Value,
}

impl Object {
    pub(crate) fn new(value: Value) -> Self {
        Self { value }
    }

    /// The whole object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    pub(crate) fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// `apiVersion`, or nothing where it is missing.
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    /// `kind`
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// `metadata.name`
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.namespace`, or nothing where it is missing.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    fn text(&self, path: &[&str]) -> &str {
        path.iter().try_fold(&self.value, |value, name| value.get(name)).and_then(Value::as_str).unwrap_or("")
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// The node as JSON would carry it.
///
/// # Errors
/// A key below the top that is no string, a repeated key, a number that JSON lacks, a text that its tag refuses.
pub(crate) fn read(nodes: &Nodes, id: NodeId) -> Result<Value> {
    read_at(nodes, id, true, false)
}

fn read_at(nodes: &Nodes, id: NodeId, top: bool, flow: bool) -> Result<Value> {
    let node = nodes.get(id);
    let flow = flow || node.flow;
    if node.is_null() && node.kind != Kind::Scalar {
        return Ok(Value::Null);
    }
    match node.kind {
        Kind::Scalar if node.folded && !flow => Ok(Value::String(fold::reread(&node.value))),
        Kind::Scalar => scalar(node),
        Kind::Sequence => {
            let items = nodes.elements(id).iter().map(|item| read_at(nodes, *item, false, flow));
            Ok(Value::List(items.collect::<Result<_>>()?))
        }
        Kind::Mapping => {
            let mut entries = BTreeMap::new();
            for (key, value) in nodes.entries(id) {
                let key = nodes.get(key);
                if key.kind != Kind::Scalar || (!top && Nodes::meaning(key)? != Resolved::Str) {
                    return Err(format!("the key `{}` is no string; quote it", key.value).into());
                }
                if entries.insert(key.value.clone(), read_at(nodes, value, false, flow)?).is_some() {
                    return Err(format!("the key `{}` stands twice in one mapping", key.value).into());
                }
            }
            Ok(Value::Map(entries))
        }
    }
}

fn scalar(node: &Node) -> Result<Value> {
    Ok(match Nodes::meaning(node)? {
        Resolved::Null => Value::Null,
        Resolved::Bool(value) => Value::Bool(value),
        Resolved::Int(value) => Value::Int(value),
        Resolved::UInt(value) => Value::UInt(value),
        Resolved::Float(value) if value.is_finite() => Value::Float(value),
        Resolved::Float(_) => return Err(format!("`{}` is no number of JSON", node.value).into()),
        Resolved::Timestamp(text) => Value::String(text),
        Resolved::Str => Value::String(node.value.clone()),
    })
}

/// What printing makes of the value: numbers without a fraction are whole, and characters that the printer's reader
/// refuses are refused.
///
/// # Errors
/// A control character that the text of an object cannot carry.
pub(crate) fn printable(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Float(number) => whole(number),
        Value::String(text) => Value::String(checked(text)?),
        Value::List(items) => Value::List(items.into_iter().map(printable).collect::<Result<_>>()?),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Ok((checked(key)?, printable(value)?)))
                .collect::<Result<_>>()?,
        ),
        other => other,
    })
}

fn whole(value: f64) -> Value {
    let text = number::json(value);
    if let Some(value) = number::int(&text) {
        Value::Int(value)
    } else if let Some(value) = number::uint(&text) {
        Value::UInt(value)
    } else {
        Value::Float(value)
    }
}

fn checked(text: String) -> Result<String> {
    let bad = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    match text.chars().find(|c| bad(*c)) {
        Some(c) => Err(format!("the control character U+{:04X} cannot be printed", u32::from(c)).into()),
        None => Ok(text),
    }
}

/// The nodes of a JSON document as kustomize makes them after a JSON patch: every number went through a float.
pub(crate) fn write_json(nodes: &mut Nodes, value: &Value) -> NodeId {
    write(nodes, value, true)
}

/// The nodes of a JSON document read as YAML: numbers as they are, all strings quoted.
pub(crate) fn write_items(nodes: &mut Nodes, value: &Value) -> NodeId {
    write(nodes, value, false)
}

fn write(nodes: &mut Nodes, value: &Value, through_floats: bool) -> NodeId {
    let number = |value: f64| if through_floats { number::general(value) } else { number::json(value) };
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if !through_floats => value.to_string(),
        Value::UInt(value) if !through_floats => value.to_string(),
        Value::Int(value) => number(*value as f64),
        Value::UInt(value) => number(*value as f64),
        Value::Float(value) => number(*value),
        Value::String(text) => {
            let quoted = !through_floats || resolve::quoted_when_written(text);
            return nodes.add(Node { quoted, ..Node::scalar(text, Tag::Str) });
        }
        Value::List(items) => {
            let content = items.iter().map(|item| write(nodes, item, through_floats)).collect();
            return nodes.add(Node { content, tag: Tag::Seq, ..Node::of(Kind::Sequence) });
        }
        Value::Map(entries) => {
            let mut content = Vec::with_capacity(entries.len() * 2);
            for (key, value) in entries {
                let quoted = !through_floats || resolve::quoted_when_written(key);
                content.push(nodes.add(Node { quoted, ..Node::scalar(key, Tag::Str) }));
                content.push(write(nodes, value, through_floats));
            }
            return nodes.add(Node { content, tag: Tag::Map, ..Node::of(Kind::Mapping) });
        }
    };
    let tag = resolve::tag(&resolve::core(&text));
    nodes.scalar(&text, tag)
}
