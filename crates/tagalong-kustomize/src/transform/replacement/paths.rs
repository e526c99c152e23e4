//! Paths of replacement targets, which may name several fields at once: `spec.*`, `[name=web.*]`.

use regex::Regex;

use crate::error::{Fault, Result};
use crate::field;
use crate::node::{Kind, Node, NodeId, Nodes, Tag};

/// The fields that the path names, made where `create` says of which kind.
///
/// # Errors
/// The path runs against the kinds of the nodes.
pub(super) fn find(
    nodes: &mut Nodes,
    at: NodeId,
    path: &[String],
    create: Option<Kind>,
) -> Result<Vec<NodeId>> {
    let Some((part, rest)) = path.split_first() else { return Ok(vec![at]) };
    if let Some(index) = index(part) {
        return element(nodes, at, index, rest, create);
    }
    if let Some(condition) = field::bracketed(part) {
        return matching(nodes, at, condition, rest, create);
    }
    if part == "*" {
        field::expect(nodes, at, Kind::Sequence)?;
        let mut found = Vec::new();
        for element in nodes.elements(at).to_vec() {
            found.extend(find(nodes, element, rest, create)?);
        }
        return Ok(found);
    }
    let mut next = field::get(nodes, at, part)?;
    if next.is_none()
        && let Some(kind) = create
        && !nodes.get(at).is_null()
    {
        let made = nodes.add(Node::of(kind_of(rest, kind)));
        field::set(nodes, at, part, Some(made.into()), false)?;
        next = Some(made);
    }
    match next {
        Some(next) => find(nodes, next, rest, create),
        None => Ok(Vec::new()),
    }
}

fn index(part: &str) -> Option<usize> {
    part.parse::<i64>().ok().and_then(|index| usize::try_from(index).ok())
}

/// What the field before `rest` must be.
fn kind_of(rest: &[String], last: Kind) -> Kind {
    match rest.first() {
        None => last,
        Some(part) if part.is_empty() => last,
        Some(part) if field::bracketed(part).is_some() || index(part).is_some() => Kind::Sequence,
        Some(_) => Kind::Mapping,
    }
}

fn element(
    nodes: &mut Nodes,
    at: NodeId,
    index: usize,
    rest: &[String],
    create: Option<Kind>,
) -> Result<Vec<NodeId>> {
    field::expect(nodes, at, Kind::Sequence)?;
    let count = nodes.elements(at).len();
    if index == count
        && let Some(kind) = create
    {
        let made = nodes.add(Node::of(kind_of(rest, kind)));
        nodes.get_mut(at).content.push(made);
    }
    match nodes.elements(at).get(index).copied() {
        Some(element) => find(nodes, element, rest, create),
        None => Err(Fault::new(format!("the index {index} is out of bounds: there are {count} elements"))),
    }
}

/// The text of a scalar as a pattern sees it: as it would be written.
fn written(nodes: &Nodes, id: NodeId) -> Result<String> {
    let node = nodes.get(id);
    if node.kind != Kind::Scalar || node.value.contains('\n') {
        return Err(Fault::unsupported("a pattern over a list, a mapping or several lines is not rendered"));
    }
    Ok(if node.quoted { format!("\"{}\"", node.value) } else { node.value.clone() })
}

fn matching(
    nodes: &mut Nodes,
    at: NodeId,
    condition: &str,
    rest: &[String],
    create: Option<Kind>,
) -> Result<Vec<NodeId>> {
    let (key, wanted) = field::split_condition(condition)?;
    let pattern = Regex::new(wanted).map_err(|_| Fault::new(format!("{wanted} is no pattern")))?;
    field::expect(nodes, at, Kind::Sequence)?;
    for made in [false, true] {
        let mut found = Vec::new();
        for element in nodes.elements(at).to_vec() {
            let holder = if key.is_empty() { Some(element) } else { nodes.field(element, key) };
            let Some(holder) = holder else { continue };
            if !pattern.is_match(&written(nodes, holder)?) {
                continue;
            }
            if key.is_empty() {
                found.push(element);
            } else {
                found.extend(find(nodes, element, rest, create)?);
            }
        }
        if !found.is_empty() || create.is_none() || made {
            return Ok(found);
        }
        let value = nodes.scalar(wanted, Tag::Empty);
        let element = if key.is_empty() {
            value
        } else {
            let map = nodes.add(Node::of(Kind::Mapping));
            let name = nodes.scalar(key, Tag::Empty);
            nodes.push_entry(map, name, value);
            map
        };
        nodes.get_mut(at).content.push(element);
    }
    Ok(Vec::new())
}

/// Whether the path goes on behind a scalar, where kustomize would read the text as a document of its own.
pub(super) fn reaches_into_text(nodes: &Nodes, root: NodeId, path: &[String]) -> bool {
    (1..path.len()).any(|end| {
        let found = path.get(..end).and_then(|path| field::lookup(nodes, root, path).ok().flatten());
        found.is_some_and(|found| nodes.kind(found) == Kind::Scalar && !nodes.get(found).is_null())
    })
}
