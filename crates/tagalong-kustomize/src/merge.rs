//! Strategic merge patches: maps field by field, the lists that the schema names element by element, and the `$patch`
//! directives. A patch walks the whole object, so a list that it does not mention is put in order, too.

mod associative;
mod element;

use std::collections::BTreeSet;

use crate::error::{Fault, Result};
use crate::field::{self, Setting};
use crate::node::{Kind, Node, NodeId, Nodes, Tag};
use crate::schema::Schema;

const DIRECTIVE: &str = "$patch";

/// What a place holds in the object and in the patch.
#[derive(Clone, Copy, Debug)]
struct Sources {
    own: Option<Setting>,
    patch: Option<Setting>,
}

impl Sources {
    fn both(self) -> [Option<Setting>; 2] {
        [self.own, self.patch]
    }

    fn id(source: Option<Setting>) -> Option<NodeId> {
        source.map(|setting| setting.id)
    }
}

/// Applies `patch` to `own`; none where the patch deletes it.
///
/// # Errors
/// The two have different kinds somewhere, or a directive is unknown.
pub(crate) fn merge(nodes: &mut Nodes, own: NodeId, patch: NodeId) -> Result<Option<NodeId>> {
    let sources = Sources { own: Some(own.into()), patch: Some(patch.into()) };
    Ok(walk(nodes, None, sources)?.map(|setting| setting.id))
}

fn walk(nodes: &mut Nodes, schema: Option<Schema>, sources: Sources) -> Result<Option<Setting>> {
    let schema = schema.or_else(|| embedded(nodes, sources));
    let present = |source: &Option<Setting>| !nodes.is_missing_or_null(Sources::id(*source));
    let kind = sources.both().into_iter().filter(present).flatten().map(|one| nodes.kind(one.id)).next();
    let Some(kind) = kind else { return walk_map(nodes, schema.as_ref(), sources) };
    for source in sources.both().into_iter().flatten() {
        field::expect(nodes, source.id, kind)?;
    }
    match kind {
        Kind::Mapping => walk_map(nodes, schema.as_ref(), sources),
        Kind::Sequence => match schema.as_ref().filter(|schema| schema.merged_by().is_some()) {
            Some(schema) => associative::walk(nodes, schema, sources),
            None => Ok(sources.patch.or(sources.own)),
        },
        Kind::Scalar => Ok(sources.patch.or(sources.own)),
    }
}

/// An object inside an object names its own schema.
fn embedded(nodes: &Nodes, sources: Sources) -> Option<Schema> {
    sources.both().into_iter().flatten().find_map(|source| {
        let text = |name| {
            let field = nodes.field(source.id, name)?;
            Some(nodes.get(field)).filter(|node| !node.is_nil_or_empty()).map(|node| node.value.as_str())
        };
        if nodes.get(source.id).is_null() {
            return None;
        }
        Schema::of_kind(text("apiVersion")?, text("kind")?)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive(text: &str) -> Result<Directive> {
    match text {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        _ => Err(Fault::new(format!("unknown $patch directive {text}"))),
    }
}

/// What the patch wants for a mapping or a list as a whole; the directive itself is taken out of it.
fn take_directive(nodes: &mut Nodes, patch: Option<Setting>) -> Result<Directive> {
    let Some(patch) = patch else { return Ok(Directive::Merge) };
    match nodes.kind(patch.id) {
        Kind::Mapping => {
            let Some(found) = field::get(nodes, patch.id, DIRECTIVE)? else { return Ok(Directive::Merge) };
            let wanted = directive(&nodes.get(found).value)?;
            nodes.clear(patch.id, DIRECTIVE);
            Ok(wanted)
        }
        Kind::Sequence => {
            let marked = |element: &&NodeId| nodes.field(**element, DIRECTIVE).is_some();
            let Some(element) = nodes.elements(patch.id).iter().find(marked).copied() else {
                return Ok(Directive::Merge);
            };
            if nodes.get(element).content.len() > 2 {
                return Ok(Directive::Merge);
            }
            let Some(found) = nodes.field(element, DIRECTIVE) else { return Ok(Directive::Merge) };
            let text = nodes.get(found).value.clone();
            let wanted = directive(&text)?;
            element::set(nodes, patch.id, &[DIRECTIVE.to_owned()], &[text], None)?;
            Ok(wanted)
        }
        Kind::Scalar => Err(Fault::new("a $patch directive needs a mapping or a list")),
    }
}

/// Which mapping the fields go into.
fn visit_map(nodes: &mut Nodes, sources: Sources) -> Result<Option<Setting>> {
    let Sources { own, patch } = sources;
    if nodes.is_missing_or_null(Sources::id(own)) {
        let wanted = take_directive(nodes, patch);
        if wanted == Ok(Directive::Delete) {
            return Ok(None);
        }
        if let (None, Some(own)) = (patch, own)
            && !nodes.get(own.id).value.is_empty()
        {
            let text = nodes.get(own.id).value.clone();
            let id = nodes.add(Node::scalar(&text, Tag::Null));
            return Ok(Some(Setting { id, keep_null: true }));
        }
        return Ok(patch);
    }
    if patch.is_some_and(|patch| nodes.get(patch.id).is_null()) {
        return Ok(None);
    }
    Ok(match take_directive(nodes, patch)? {
        Directive::Delete => None,
        Directive::Replace => patch,
        Directive::Merge => own,
    })
}

fn walk_map(nodes: &mut Nodes, schema: Option<&Schema>, sources: Sources) -> Result<Option<Setting>> {
    let Some(target) = visit_map(nodes, sources)? else { return Ok(None) };
    let sources = Sources { own: Some(target), ..sources };
    let mut names = BTreeSet::new();
    for source in sources.both().into_iter().flatten() {
        names.extend(nodes.names(source.id));
    }
    for name in names {
        let of = |source: Option<Setting>| {
            let map = source?.id;
            nodes.entries(map).find(|(key, _)| nodes.get(*key).value == name)
        };
        let (own, patch) = (of(sources.own), of(sources.patch));
        let setting = |found: Option<(NodeId, NodeId)>| found.map(|(_, value)| Setting::from(value));
        let inner = Sources { own: setting(own), patch: setting(patch) };
        let schema = schema.and_then(|schema| schema.field(&name));
        let value = walk(nodes, schema, inner)?;
        let same = |found: Option<(NodeId, NodeId)>| {
            found.filter(|(_, id)| value.is_some_and(|value| value.id == *id)).map(|(key, _)| key)
        };
        let quoted_key = same(patch).or_else(|| same(own)).is_some_and(|key| nodes.get(key).quoted);
        field::set(nodes, target.id, &name, value, quoted_key)?;
    }
    Ok(Some(target))
}
