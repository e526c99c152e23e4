//! Looking fields up and setting them with the rules of kustomize's YAML library: styles stay, nulls clear. Every
//! transformer stands on these.

use crate::error::{Fault, Result};
use crate::node::{Kind, Node, NodeId, Nodes, Tag};
use crate::resolve;

/// A value to set; a null that is kept stays in the document instead of clearing its field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) id: NodeId,
    pub(crate) keep_null: bool,
}

impl From<NodeId> for Setting {
    fn from(id: NodeId) -> Self {
        Self { id, keep_null: false }
    }
}

/// Refuses a node of another kind; null is of every kind.
pub(crate) fn expect(nodes: &Nodes, id: NodeId, kind: Kind) -> Result<()> {
    let node = nodes.get(id);
    if node.is_null() || node.kind == kind {
        return Ok(());
    }
    Err(Fault::new(format!("expected {} but found {}", name(kind), name(node.kind))))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Mapping => "a mapping",
        Kind::Sequence => "a list",
        Kind::Scalar => "a scalar",
    }
}

/// A string that a YAML 1.1 reader would misread is quoted before it is set.
fn quote(nodes: &mut Nodes, id: NodeId) {
    let node = nodes.get_mut(id);
    if node.is_string() && !node.quoted && resolve::is_yaml11_non_string(&node.value) {
        node.quoted = true;
    }
}

/// Overwrites a scalar; its style stays.
///
/// # Errors
/// The node is no scalar.
pub(crate) fn set_scalar(nodes: &mut Nodes, target: NodeId, text: &str, tag: Tag) -> Result<()> {
    expect(nodes, target, Kind::Scalar)?;
    let Node { quoted, folded, line, .. } = *nodes.get(target);
    *nodes.get_mut(target) = Node { quoted, folded, line, ..Node::scalar(text, tag) };
    Ok(())
}

/// Sets, replaces or (by a null, or nothing) clears a field of a mapping.
///
/// # Errors
/// The node is no mapping.
pub(crate) fn set(
    nodes: &mut Nodes,
    map: NodeId,
    name: &str,
    value: Option<Setting>,
    quoted_key: bool,
) -> Result<()> {
    if let Some(value) = value {
        quote(nodes, value.id);
    }
    expect(nodes, map, Kind::Mapping)?;
    let Some(value) = value.filter(|value| value.keep_null || !nodes.get(value.id).is_null()) else {
        nodes.clear(map, name);
        return Ok(());
    };
    if nodes.get(map).is_null() {
        return Ok(());
    }
    if let Some(field) = nodes.field(map, name) {
        let Node { quoted, folded, flow, .. } = *nodes.get(field);
        let new = nodes.get_mut(value.id);
        (new.quoted, new.folded, new.flow) = (quoted, folded, flow);
        nodes.assign(field, value.id);
        return Ok(());
    }
    let key = nodes.add(Node { quoted: quoted_key, ..Node::scalar(name, Tag::Empty) });
    nodes.push_entry(map, key, value.id);
    Ok(())
}

/// Sets a field to text of an undecided type.
pub(crate) fn set_text(nodes: &mut Nodes, map: NodeId, name: &str, text: &str) -> Result<()> {
    let value = nodes.scalar(text, Tag::Empty);
    set(nodes, map, name, Some(value.into()), false)
}

/// One step down a path: a field, an index, `-` for the last element, `[name=value]`.
///
/// # Errors
/// The node has another kind than the step needs.
pub(crate) fn step(nodes: &Nodes, id: NodeId, part: &str) -> Result<Option<NodeId>> {
    if let Ok(index) = part.parse::<i64>() {
        let index = usize::try_from(index).map_err(|_| Fault::new("an index cannot be negative"))?;
        expect(nodes, id, Kind::Sequence)?;
        return Ok(nodes.elements(id).get(index).copied());
    }
    if part == "-" {
        expect(nodes, id, Kind::Sequence)?;
        return match nodes.elements(id).last() {
            Some(last) => Ok(Some(*last)),
            None => Err(Fault::new("the list is empty, so it has no last element")),
        };
    }
    if part == "*" {
        return Err(Fault::new("a wildcard is not supported here"));
    }
    if let Some(condition) = bracketed(part) {
        let (key, value) = split_condition(condition)?;
        return find_element(nodes, id, key, value);
    }
    get(nodes, id, part)
}

/// The field of a mapping; nothing for null.
///
/// # Errors
/// The node is no mapping.
pub(crate) fn get(nodes: &Nodes, id: NodeId, name: &str) -> Result<Option<NodeId>> {
    if nodes.get(id).is_null() {
        return Ok(None);
    }
    expect(nodes, id, Kind::Mapping)?;
    Ok(nodes.field(id, name))
}

fn find_element(nodes: &Nodes, id: NodeId, key: &str, value: &str) -> Result<Option<NodeId>> {
    expect(nodes, id, Kind::Sequence)?;
    let found = nodes.elements(id).iter().copied().find(|element| {
        if key.is_empty() {
            return nodes.get(*element).value == value;
        }
        nodes.field(*element, key).is_some_and(|field| nodes.get(field).value == value)
    });
    Ok(found)
}

/// The inside of `[…]`.
pub(crate) fn bracketed(part: &str) -> Option<&str> {
    part.strip_prefix('[')?.strip_suffix(']')
}

/// `name=value`
///
/// # Errors
/// There is no equals sign.
pub(crate) fn split_condition(condition: &str) -> Result<(&str, &str)> {
    condition
        .split_once('=')
        .ok_or_else(|| Fault::new(format!("[{condition}] in a path must be [field=value]")))
}

/// Follows a path; parts without content are passed over.
///
/// # Errors
/// As [`step`].
pub(crate) fn lookup(nodes: &Nodes, id: NodeId, path: &[String]) -> Result<Option<NodeId>> {
    let mut at = id;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match step(nodes, at, part)? {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The field of a mapping, made when it is missing.
///
/// # Errors
/// The node is no mapping.
pub(crate) fn get_or_create(
    nodes: &mut Nodes,
    map: NodeId,
    name: &str,
    kind: Kind,
) -> Result<Option<NodeId>> {
    if nodes.get(map).is_null() {
        return Ok(None);
    }
    expect(nodes, map, Kind::Mapping)?;
    if let Some(field) = nodes.field(map, name) {
        return Ok(Some(field));
    }
    let made = nodes.add(Node::of(kind));
    set(nodes, map, name, Some(made.into()), false)?;
    Ok(Some(made))
}

/// Splits a path; a backslash before the delimiter keeps it in the part.
pub(crate) fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let mut parts = path.split(delimiter).peekable();
    let mut first = parts.next().unwrap_or_default();
    if first.is_empty() && parts.peek().is_some() {
        first = parts.next().unwrap_or_default();
    }
    let mut found = vec![first.to_owned()];
    for part in parts {
        match found.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => found.push(part.to_owned()),
        }
    }
    found
}

/// As [`split_path`] on dots, where brackets may hold dots: `metadata.annotations.[a.b/c]`.
pub(crate) fn split_smart(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut parts = split_path(path, '.').into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            found.push(part);
            continue;
        }
        let mut whole = part;
        for next in parts.by_ref() {
            whole.push('.');
            whole.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        if whole.contains('=') {
            found.push(whole);
        } else {
            found.push(whole.trim_matches(['[', ']']).to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split() {
        for (path, expected) in [
            ("a.b", vec!["a", "b"]),
            (r"a.b\.c/d.e", vec!["a", "b.c/d", "e"]),
            ("a.[b.c/d].e", vec!["a", "b.c/d", "e"]),
            ("a.[name=x.y].b", vec!["a", "[name=x.y]", "b"]),
            ("a.[=x]", vec!["a", "[=x]"]),
        ] {
            assert_eq!(split_smart(path), expected, "{path}");
        }
        assert_eq!(split_path("/a/b", '/'), ["a", "b"]);
        assert_eq!(split_path(r"a/b\/c", '/'), ["a", "b/c"]);
    }
}
