//! JSON patches (RFC 6902) with the liberties of the library that kustomize uses: negative indices count from the end,
//! and a field that is replaced need not exist.

use std::collections::BTreeMap;

use crate::error::{Fault, Result};
use crate::node::{Kind, NodeId, Nodes};
use crate::resolve::{self, Resolved};
use crate::value::Value;

/// One step of a patch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    op: String,
    path: Option<String>,
    from: Option<String>,
    value: Option<Value>,
}

/// Reads a patch.
///
/// # Errors
/// It is no list of operations.
pub(crate) fn decode(nodes: &Nodes, root: Option<NodeId>) -> Result<Vec<Operation>> {
    let Some(root) = root.filter(|root| !nodes.get(*root).is_null()) else { return Ok(Vec::new()) };
    if nodes.kind(root) != Kind::Sequence {
        return Err(Fault::new("a JSON patch must be a list of operations"));
    }
    nodes.elements(root).iter().map(|element| operation(nodes, *element)).collect()
}

fn operation(nodes: &Nodes, id: NodeId) -> Result<Operation> {
    let Value::Map(mut fields) = yaml11(nodes, id)? else {
        return Err(Fault::new("an operation of a JSON patch must be a mapping"));
    };
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (op, path, from) = (text("op").unwrap_or_default(), text("path"), text("from"));
    Ok(Operation { op, path, from, value: fields.remove("value") })
}

/// The value with YAML 1.1 types, as patches are read.
pub(crate) fn yaml11(nodes: &Nodes, id: NodeId) -> Result<Value> {
    let node = nodes.get(id);
    match node.kind {
        Kind::Sequence => {
            let items = nodes.elements(id).iter().map(|item| yaml11(nodes, *item));
            Ok(Value::List(items.collect::<Result<_>>()?))
        }
        Kind::Mapping => {
            let mut entries = BTreeMap::new();
            for (key, value) in nodes.entries(id) {
                let key = match yaml11(nodes, key)? {
                    Value::String(text) => text,
                    Value::Bool(value) => value.to_string(),
                    Value::Int(value) => value.to_string(),
                    Value::UInt(value) => value.to_string(),
                    Value::Float(value) => crate::number::general(value),
                    _ => return Err(Fault::new("a key of a JSON patch must be text")),
                };
                entries.insert(key, yaml11(nodes, value)?);
            }
            Ok(Value::Map(entries))
        }
        Kind::Scalar => {
            let string = || Value::String(node.value.clone());
            if node.quoted {
                return Ok(string());
            }
            Ok(match resolve::yaml11(&node.value) {
                Resolved::Null => Value::Null,
                Resolved::Bool(value) => Value::Bool(value),
                Resolved::Int(value) => Value::Int(value),
                Resolved::UInt(value) => Value::UInt(value),
                Resolved::Float(value) if value.is_finite() => Value::Float(value),
                Resolved::Float(_) => return Err(Fault::new(format!("{} is no number of JSON", node.value))),
                Resolved::Timestamp(_) | Resolved::Str => string(),
            })
        }
    }
}

/// Applies the operations in their order.
///
/// # Errors
/// An operation that does not apply; nothing counts then.
pub(crate) fn apply(mut document: Value, operations: &[Operation]) -> Result<Value> {
    for operation in operations {
        let path = operation.path.as_deref();
        let Some(path) = path else { return Err(Fault::new(format!("{}: there is no path", operation.op))) };
        step(&mut document, operation, path)
            .map_err(|fault| fault.under(&format!("{} {path}", operation.op)))?;
    }
    Ok(document)
}

fn step(document: &mut Value, operation: &Operation, path: &str) -> Result<()> {
    let value = || operation.value.clone().unwrap_or(Value::Null);
    let from = || operation.from.as_deref().ok_or_else(|| Fault::new("there is no from"));
    match operation.op.as_str() {
        "add" => {
            let (container, key) = find(document, path)?;
            add(container, &key, value())
        }
        "remove" => {
            let (container, key) = find(document, path)?;
            remove(container, &key).map(drop)
        }
        "replace" if path.is_empty() => match value() {
            new @ (Value::Map(_) | Value::List(_)) => {
                *document = new;
                Ok(())
            }
            _ => Err(Fault::new("the whole document can only become a mapping or a list")),
        },
        "replace" => {
            let (container, key) = find(document, path)?;
            match container {
                Value::Map(entries) => drop(entries.insert(key, value())),
                Value::List(items) => {
                    let at = index(&key, items.len())?;
                    *items.get_mut(at).ok_or_else(|| Fault::new("there is no such element"))? = value();
                }
                _ => return Err(missing()),
            }
            Ok(())
        }
        "move" => {
            let (container, key) = find(document, from()?)?;
            let moved = match container {
                Value::Map(entries) if !entries.contains_key(&key) => return Err(missing()),
                container => remove(container, &key)?,
            };
            let (container, key) = find(document, path)?;
            add(container, &key, moved)
        }
        "copy" => {
            let (container, key) = find(document, from()?)?;
            let copied = get(container, &key)?.cloned().unwrap_or(Value::Null);
            let (container, key) = find(document, path)?;
            add(container, &key, copied)
        }
        "test" => {
            let expected = operation.value.as_ref();
            let same = if path.is_empty() {
                expected.is_some_and(|expected| equal(document, expected))
            } else {
                let (container, key) = find(document, path)?;
                match (get(container, &key)?, expected) {
                    (None | Some(Value::Null), None | Some(Value::Null)) => true,
                    (Some(own), Some(expected)) => equal(own, expected),
                    _ => false,
                }
            };
            if same { Ok(()) } else { Err(Fault::new("the test failed")) }
        }
        other => Err(Fault::new(format!("unknown operation {other}"))),
    }
}

fn missing() -> Fault {
    Fault::new("the path does not exist")
}

/// The mapping or list that holds the last part of the path, and that part.
fn find<'v>(document: &'v mut Value, path: &str) -> Result<(&'v mut Value, String)> {
    let mut parts: Vec<String> =
        path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let Some(last) = parts.pop() else { return Err(missing()) };
    let mut at = document;
    for part in parts {
        at = match at {
            Value::Map(entries) => entries.get_mut(&part).ok_or_else(missing)?,
            Value::List(items) => {
                let at = index(&part, items.len())?;
                items.get_mut(at).ok_or_else(missing)?
            }
            _ => return Err(missing()),
        };
    }
    match at {
        Value::Map(_) | Value::List(_) => Ok((at, last)),
        _ => Err(missing()),
    }
}

/// The index that `key` names; negative ones count from the end.
fn index(key: &str, length: usize) -> Result<usize> {
    let digits = key.strip_prefix(['+', '-']).unwrap_or(key);
    let wrong = || Fault::new(format!("{key} is no index of the list"));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let at: usize = digits.parse().map_err(|_| wrong())?;
    if key.starts_with('-') { length.checked_sub(at).ok_or_else(wrong) } else { Ok(at) }
}

fn get<'v>(container: &'v Value, key: &str) -> Result<Option<&'v Value>> {
    match container {
        Value::Map(entries) => Ok(entries.get(key)),
        Value::List(items) => {
            let found = items.get(index(key, items.len())?);
            found.map(Some).ok_or_else(|| Fault::new("there is no such element"))
        }
        _ => Err(missing()),
    }
}

fn add(container: &mut Value, key: &str, value: Value) -> Result<()> {
    match container {
        Value::Map(entries) => drop(entries.insert(key.to_owned(), value)),
        Value::List(items) if key == "-" => items.push(value),
        Value::List(items) => {
            let at = index(key, items.len() + 1)?;
            if at > items.len() {
                return Err(Fault::new("there is no such element"));
            }
            items.insert(at, value);
        }
        _ => return Err(missing()),
    }
    Ok(())
}

fn remove(container: &mut Value, key: &str) -> Result<Value> {
    match container {
        Value::Map(entries) => entries.remove(key).ok_or_else(|| Fault::new("there is nothing to remove")),
        Value::List(items) => {
            let at = index(key, items.len())?;
            if at >= items.len() {
                return Err(Fault::new("there is no such element"));
            }
            Ok(items.remove(at))
        }
        _ => Err(missing()),
    }
}

/// Numbers are equal when JSON writes them alike.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => a == b,
            _ => left == right,
        },
    }
}

fn number(value: &Value) -> Option<String> {
    match value {
        Value::Int(value) => Some(value.to_string()),
        Value::UInt(value) => Some(value.to_string()),
        Value::Float(value) => Some(crate::number::json(*value)),
        _ => None,
    }
}

/// Turns the nodes of a document into the value that a patch works on.
///
/// # Errors
/// The document is no JSON.
pub(crate) fn run(nodes: &mut Nodes, root: NodeId, operations: &[Operation]) -> Result<NodeId> {
    let document = crate::value::read(nodes, root)?;
    match apply(document, operations)? {
        patched @ Value::Map(_) => Ok(crate::value::write_json(nodes, &patched)),
        _ => Err(Fault::new("the patch leaves no object")),
    }
}
