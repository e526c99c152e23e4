//! Walks a configured path through an object and hands each field found to a setter.

use crate::config::FieldSpec;
use crate::error::{Fault, Result};
use crate::field;
use crate::node::{Kind, NodeId, Nodes, Tag};
use crate::resource::Resource;

/// What is made where the last part of a path is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Create {
    pub(crate) kind: Kind,
    /// The tag that a null gets when it is turned into that kind.
    pub(crate) tag: Tag,
}

/// Applies `set` to every field of `resource` that one of the specs names.
///
/// # Errors
/// The path runs through something that is no collection, or `set` refuses.
pub(crate) fn apply_all(
    nodes: &mut Nodes,
    resource: Resource,
    specs: &[FieldSpec],
    create: Option<Create>,
    set: &mut dyn FnMut(&mut Nodes, NodeId) -> Result<()>,
) -> Result<()> {
    specs.iter().try_for_each(|spec| apply(nodes, resource, spec, create, set))
}

/// As [`apply_all`], for one spec.
///
/// # Errors
/// As [`apply_all`].
pub(crate) fn apply(
    nodes: &mut Nodes,
    resource: Resource,
    spec: &FieldSpec,
    create: Option<Create>,
    set: &mut dyn FnMut(&mut Nodes, NodeId) -> Result<()>,
) -> Result<()> {
    let Some(root) = resource.root else { return Ok(()) };
    if !resource.gvk(nodes).is_selected(&spec.gvk()) {
        return Ok(());
    }
    let path = field::split_path(&spec.path, '/');
    let create = create.filter(|_| spec.create);
    walk(nodes, root, &path, create, set).map_err(|fault| {
        fault.under(&format!("field {} of {}", spec.path, crate::resmap::describe(&resource.id(nodes))))
    })
}

fn walk(
    nodes: &mut Nodes,
    at: NodeId,
    path: &[String],
    create: Option<Create>,
    set: &mut dyn FnMut(&mut Nodes, NodeId) -> Result<()>,
) -> Result<()> {
    let Some((first, rest)) = path.split_first() else { return set(nodes, at) };
    if nodes.get(at).is_null() {
        return Ok(());
    }
    match nodes.kind(at) {
        Kind::Sequence => {
            let elements = nodes.elements(at).to_vec();
            elements.into_iter().try_for_each(|element| walk(nodes, element, path, create, set))
        }
        Kind::Mapping => {
            let Some(field) = enter(nodes, at, first, rest.is_empty(), create)? else { return Ok(()) };
            walk(nodes, field, rest, create, set)
        }
        Kind::Scalar => Err(Fault::new("expected a list or a mapping")),
    }
}

/// The field of the next path part, made or turned into what is needed where that is allowed.
fn enter(
    nodes: &mut Nodes,
    map: NodeId,
    part: &str,
    last: bool,
    create: Option<Create>,
) -> Result<Option<NodeId>> {
    let name = part.strip_suffix("[]").unwrap_or(part);
    let is_list = name != part;
    if name.is_empty() {
        return Err(Fault::new("a path cannot hold an empty field name"));
    }
    let made = match create {
        Some(create) if !is_list && last => Some(create),
        Some(_) if !is_list => Some(Create { kind: Kind::Mapping, tag: Tag::Map }),
        _ => None,
    };
    let plain =
        name.parse::<i64>().is_err() && name != "-" && name != "*" && field::bracketed(name).is_none();
    let found = match made {
        Some(made) if plain => field::get_or_create(nodes, map, name.trim(), made.kind)?,
        _ => field::lookup(nodes, map, &[name.to_owned()])?,
    };
    let Some(found) = found else { return Ok(None) };
    let turned = made.or_else(|| is_list.then_some(Create { kind: Kind::Sequence, tag: Tag::Empty }));
    if let Some(turned) = turned
        && nodes.get(found).is_null()
    {
        let node = nodes.get_mut(found);
        node.kind = turned.kind;
        node.tag = turned.tag;
    }
    Ok(Some(found))
}
