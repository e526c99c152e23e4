//! `replacements`: a value of one object copied into fields of others.

mod paths;

use super::Result;
use crate::error::Fault;
use crate::field;
use crate::id::{Gvk, Id};
use crate::kustomization::{self, FieldOptions, Replacement, Selector, Source, Target};
use crate::node::{Kind, NodeId, Nodes, Tag};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::Matcher;
use crate::target::Unit;

const DEFAULT_PATH: &str = "metadata.name";

/// The replacements of the kustomization and of the files that it names.
pub(super) fn prepare(unit: &Unit<'_>, nodes: &mut Nodes) -> Result<Vec<Replacement>> {
    let mut found = Vec::new();
    for replacement in &unit.read.replacements {
        if replacement.path.is_empty() {
            found.push(replacement.clone());
            continue;
        }
        let refuse = |fault| unit.refuse(replacement.line, "replacements", fault);
        if replacement.source.is_some() || replacement.targets.as_ref().is_some_and(|list| !list.is_empty()) {
            return Err(refuse(Fault::new("an entry takes a path or a replacement, not both")));
        }
        let bytes = unit.loader.file(&replacement.path).map_err(refuse)?;
        let file = unit.loader.path(&replacement.path);
        let read =
            kustomization::read_replacements(nodes, &bytes).map_err(|refused| refused.into_error(&file))?;
        found.extend(read.into_iter().map(|one| Replacement { line: replacement.line, ..one }));
    }
    Ok(found)
}

pub(super) fn run(unit: &Unit<'_>, nodes: &mut Nodes, map: &mut ResMap, list: &[Replacement]) -> Result<()> {
    for replacement in list {
        replace(nodes, map, replacement)
            .map_err(|fault| unit.refuse(replacement.line, "replacements", fault))?;
    }
    map.drop_empty(nodes);
    Ok(())
}

fn replace(nodes: &mut Nodes, map: &ResMap, replacement: &Replacement) -> crate::error::Result<()> {
    let Some(targets) = &replacement.targets else {
        return Err(Fault::new("targets: at least one is needed"));
    };
    let value = match (&replacement.source, &replacement.source_value) {
        (Some(_), Some(_)) => return Err(Fault::new("source and sourceValue exclude each other")),
        (None, None) => return Err(Fault::new("source: one is needed")),
        (None, Some(text)) => nodes.scalar(text, Tag::Empty),
        (Some(source), None) => source_value(nodes, map, source)?,
    };
    for target in targets {
        let Some(select) = &target.select else { return Err(Fault::new("targets: select is needed")) };
        let matcher = Matcher::new(select)?;
        let rejects = target.reject.iter().map(Matcher::new).collect::<crate::error::Result<Vec<_>>>()?;
        for resource in &map.list {
            if chosen(nodes, *resource, &matcher, &rejects) {
                write(nodes, *resource, value, target)?;
            }
        }
    }
    Ok(())
}

/// The ids of an object as replacements see them: by their parts, namespaces as they are written.
fn ids<'n>(nodes: &'n Nodes, resource: Resource) -> impl Iterator<Item = Id<'n>> {
    let now = Id { previous: true, ..resource.id(nodes) };
    std::iter::once(now).chain(resource.previous_ids(nodes))
}

fn chosen(nodes: &Nodes, resource: Resource, matcher: &Matcher, rejects: &[Matcher]) -> bool {
    matcher.fits_labels(nodes, resource)
        && !rejects.iter().any(|reject| reject.selects_by_labels() && reject.fits_labels(nodes, resource))
        && !rejects
            .iter()
            .any(|reject| !reject.is_open() && ids(nodes, resource).any(|id| reject.fits_id(&id)))
        && ids(nodes, resource).any(|id| matcher.fits_id(&id))
}

fn source_value(nodes: &mut Nodes, map: &ResMap, source: &Source) -> crate::error::Result<NodeId> {
    let selected: Vec<Resource> = map
        .list
        .iter()
        .filter(|one| ids(nodes, **one).any(|id| selects(&source.selector, &id)))
        .copied()
        .collect();
    let root = match selected.as_slice() {
        [one] => one.root,
        [] => return Err(Fault::new("source: no object is selected")),
        _ => return Err(Fault::new("source: several objects are selected")),
    };
    let path = if source.field_path.is_empty() { DEFAULT_PATH } else { &source.field_path };
    let missing = || Fault::new(format!("source: there is no field {path}"));
    let found = field::lookup(nodes, root.ok_or_else(missing)?, &field::split_smart(path))?;
    let found = found.filter(|found| !nodes.get(*found).is_nil_or_empty()).ok_or_else(missing)?;
    if source.options.delimiter.is_empty() {
        return Ok(found);
    }
    if nodes.kind(found) != Kind::Scalar {
        return Err(Fault::new("source: a delimiter needs text"));
    }
    let text = nodes.get(found).value.clone();
    let parts = split(&text, &source.options.delimiter);
    let part = usize::try_from(source.options.index).ok().and_then(|at| parts.get(at));
    let Some(part) = part else { return Err(Fault::new("source: options.index is out of bounds")) };
    let copy = nodes.copy(found);
    nodes.get_mut(copy).value.clone_from(part);
    Ok(copy)
}

fn selects(selector: &Selector, id: &Id<'_>) -> bool {
    let gvk = Gvk { group: &selector.group, version: &selector.version, kind: &selector.kind };
    let wanted = Id { gvk, name: &selector.name, namespace: &selector.namespace, previous: false };
    (selector.name.is_empty() || selector.name == id.name)
        && (selector.namespace.is_empty() || wanted.effective_namespace() == id.effective_namespace())
        && id.gvk.is_selected(&gvk)
}

fn split(text: &str, delimiter: &str) -> Vec<String> {
    text.split(delimiter).map(str::to_owned).collect()
}

fn write(nodes: &mut Nodes, resource: Resource, value: NodeId, target: &Target) -> crate::error::Result<()> {
    let Some(root) = resource.root else { return Ok(()) };
    let default = [DEFAULT_PATH.to_owned()];
    let paths = if target.field_paths.is_empty() { default.as_slice() } else { &target.field_paths };
    for path in paths {
        let create = target.options.create.then(|| nodes.kind(value));
        let parts = field::split_smart(path);
        if paths::reaches_into_text(nodes, root, &parts) {
            return Err(Fault::unsupported(format!(
                "{path} leads into structured text, which is not rendered"
            )));
        }
        let found = paths::find(nodes, root, &parts, create)?;
        if found.is_empty() {
            return Err(Fault::new(format!("targets: there is no field {path}")));
        }
        for field in found {
            set(nodes, field, value, &target.options)?;
        }
    }
    Ok(())
}

fn set(nodes: &mut Nodes, target: NodeId, value: NodeId, options: &FieldOptions) -> crate::error::Result<()> {
    let copy = nodes.copy(value);
    if !options.delimiter.is_empty() {
        if nodes.kind(target) != Kind::Scalar {
            return Err(Fault::new("targets: a delimiter needs text"));
        }
        let mut parts = split(&nodes.get(target).value, &options.delimiter);
        let part = nodes.get(copy).text().to_owned();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, part),
            Ok(at) => match parts.get_mut(at) {
                Some(own) => *own = part,
                None => parts.push(part),
            },
        }
        nodes.get_mut(copy).value = parts.join(&options.delimiter);
    }
    if nodes.kind(target) == Kind::Scalar {
        let text = nodes.get(copy).value.clone();
        nodes.get_mut(target).value = text;
    } else {
        nodes.assign(target, copy);
    }
    Ok(())
}
