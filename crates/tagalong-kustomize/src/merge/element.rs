//! Setting and removing elements of a list by the values of their keys.

use crate::error::Result;
use crate::field;
use crate::node::{Kind, NodeId, Nodes};

/// The value under `key` if it is `wanted`; an empty `wanted` matches any. An empty key means the element itself.
fn matches(nodes: &Nodes, element: NodeId, key: &str, wanted: &str) -> Result<bool> {
    let node = nodes.get(element);
    if node.is_null() {
        return Ok(false);
    }
    if key.is_empty() {
        field::expect(nodes, element, Kind::Scalar)?;
        return Ok(node.value == wanted);
    }
    field::expect(nodes, element, Kind::Mapping)?;
    let found = nodes.field(element, key);
    Ok(found.is_some_and(|found| wanted.is_empty() || nodes.get(found).value == wanted))
}

/// Replaces the elements whose keys have the values by `element`, or removes them where there is none; an element that
/// matches nothing is added. Empty elements go away.
///
/// # Errors
/// An element is of the wrong kind.
pub(super) fn set(
    nodes: &mut Nodes,
    list: NodeId,
    keys: &[String],
    values: &[String],
    element: Option<NodeId>,
) -> Result<()> {
    field::expect(nodes, list, Kind::Sequence)?;
    let for_mappings = keys.first().is_some_and(|key| !key.is_empty())
        && values.first().is_some_and(|value| !value.is_empty());
    let mut kept = Vec::new();
    let mut found_any = false;
    for own in nodes.get(list).content.clone() {
        let node = nodes.get(own);
        if node.is_null() || (node.kind == Kind::Mapping && node.content.is_empty()) {
            continue;
        }
        if node.kind != Kind::Mapping && for_mappings {
            kept.push(own);
            continue;
        }
        if !found(nodes, own, keys, values)? {
            if !values.is_empty() {
                kept.push(own);
            }
            continue;
        }
        found_any = true;
        kept.extend(element);
    }
    if let Some(element) = element.filter(|element| !found_any && !nodes.get(*element).is_null()) {
        kept.push(element);
    }
    nodes.get_mut(list).content = kept;
    Ok(())
}

/// Whether all keys fit; a key without a value counts as the one before it.
fn found(nodes: &Nodes, element: NodeId, keys: &[String], values: &[String]) -> Result<bool> {
    let mut last = false;
    for (at, key) in keys.iter().enumerate() {
        if let Some(value) = values.get(at) {
            last = matches(nodes, element, key, value)?;
        }
        if !last {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first element whose keys have exactly these values.
pub(super) fn find(nodes: &Nodes, list: NodeId, keys: &[String], values: &[String]) -> Option<NodeId> {
    let elements = nodes.elements(list).iter().copied();
    let (key, value) = match (keys.first(), values.first()) {
        (Some(key), value) => (key.as_str(), value.map_or("", String::as_str)),
        (None, value) => ("", value.map_or("", String::as_str)),
    };
    if key.is_empty() {
        return elements.into_iter().find(|element| nodes.get(*element).value == value);
    }
    if keys.len() != values.len() {
        return None;
    }
    elements.into_iter().find(|element| {
        keys.iter().zip(values).all(|(key, value)| {
            nodes.kind(*element) == Kind::Mapping
                && nodes.field(*element, key).is_some_and(|field| nodes.get(field).value == *value)
        })
    })
}
