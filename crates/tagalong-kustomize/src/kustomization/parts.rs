//! The lists of a kustomization file: labels, images, patches, replacements, replicas, the sort order.

use super::{
    FieldOptions, Image, Label, Patch, Replacement, Replica, Selector, SortOptions, Source, Target, line,
};
use crate::config;
use crate::decode::{self, Field, Result, refuse};
use crate::error::Fault;
use crate::node::{Kind, NodeId, Nodes};
use crate::parse::Refused;

const RESOURCE_ID: &[&str] = &["group", "version", "kind", "name", "namespace"];
const SELECTOR: &[&str] =
    &["group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector"];
const SOURCE: &[&str] = &["group", "version", "kind", "name", "namespace", "fieldPath", "options"];
const REPLACEMENT: &[&str] = &["source", "targets", "sourceValue"];

pub(super) fn labels(nodes: &Nodes, id: NodeId) -> Result<Vec<Label>> {
    let one = |item: &NodeId| {
        let mut read = Label::default();
        let known = &["pairs", "includeSelectors", "includeTemplates", "fields"];
        for field in decode::object(nodes, *item, "labels", known)? {
            let (value, name) = (field.value, field.name);
            match name {
                "pairs" => read.pairs = decode::text_map(nodes, value, name)?.unwrap_or_default(),
                "includeSelectors" => read.include_selectors = decode::flag(nodes, value, name)?,
                "includeTemplates" => read.include_templates = decode::flag(nodes, value, name)?,
                _ => read.fields = config::field_specs(nodes, value, name)?,
            }
        }
        Ok(read)
    };
    decode::list(nodes, id, "labels")?.iter().map(one).collect()
}

pub(super) fn images(nodes: &Nodes, id: NodeId, what: &str) -> Result<Vec<Image>> {
    let one = |item: &NodeId| {
        let mut read = Image::default();
        let known = &["name", "newName", "newTag", "tagSuffix", "digest"];
        for field in decode::object(nodes, *item, what, known)? {
            let text = decode::text(nodes, field.value, field.name)?;
            match field.name {
                "name" => read.name = text,
                "newName" => read.new_name = text,
                "newTag" => read.new_tag = text,
                "tagSuffix" => read.tag_suffix = text,
                _ => read.digest = text,
            }
        }
        Ok(read)
    };
    decode::list(nodes, id, what)?.iter().map(one).collect()
}

pub(super) fn replicas(nodes: &Nodes, id: NodeId) -> Result<Vec<Replica>> {
    let one = |item: &NodeId| {
        let mut read = Replica { line: line(nodes, *item), ..Replica::default() };
        for field in decode::object(nodes, *item, "replicas", &["name", "count"])? {
            match field.name {
                "name" => read.name = decode::text(nodes, field.value, field.name)?,
                _ => read.count = decode::integer(nodes, field.value, field.name)?,
            }
        }
        Ok(read)
    };
    decode::list(nodes, id, "replicas")?.iter().map(one).collect()
}

fn select(nodes: &Nodes, field: &Field, read: &mut Selector) -> Result<()> {
    let text = decode::text(nodes, field.value, field.name)?;
    match field.name {
        "group" => read.group = text,
        "version" => read.version = text,
        "kind" => read.kind = text,
        "name" => read.name = text,
        "namespace" => read.namespace = text,
        "annotationSelector" => read.annotations = text,
        _ => read.labels = text,
    }
    Ok(())
}

fn selector(nodes: &Nodes, id: NodeId, what: &str) -> Result<Option<Selector>> {
    if nodes.get(id).is_null() {
        return Ok(None);
    }
    let mut read = Selector::default();
    for field in decode::object(nodes, id, what, SELECTOR)? {
        select(nodes, &field, &mut read)?;
    }
    Ok(Some(read))
}

pub(super) fn patches(nodes: &Nodes, id: NodeId, what: &str) -> Result<Vec<Patch>> {
    decode::list(nodes, id, what)?.iter().map(|item| patch(nodes, *item, what)).collect()
}

fn patch(nodes: &Nodes, id: NodeId, what: &str) -> Result<Patch> {
    let mut read = Patch { line: line(nodes, id), ..Patch::default() };
    for field in decode::object(nodes, id, what, &["path", "patch", "target", "options"])? {
        let (value, name) = (field.value, field.name);
        match name {
            "path" => read.path = decode::text(nodes, value, name)?,
            "patch" => read.patch = decode::text(nodes, value, name)?,
            "target" => read.target = selector(nodes, value, name)?,
            _ => {
                for field in decode::object(nodes, value, name, &["allowNameChange", "allowKindChange"])? {
                    let flag = decode::flag(nodes, field.value, field.name)?;
                    match field.name {
                        "allowNameChange" => read.allow_name_change = flag,
                        _ => read.allow_kind_change = flag,
                    }
                }
            }
        }
    }
    Ok(read)
}

pub(super) fn sort_options(nodes: &Nodes, id: NodeId) -> Result<Option<SortOptions>> {
    if nodes.get(id).is_null() {
        return Ok(None);
    }
    let mut read = SortOptions::default();
    for field in decode::object(nodes, id, "sortOptions", &["order", "legacySortOptions"])? {
        if field.name == "order" {
            read.order = decode::text(nodes, field.value, field.name)?;
            continue;
        }
        read.legacy_present = !nodes.get(field.value).is_null();
        for field in decode::object(nodes, field.value, field.name, &["orderFirst", "orderLast"])? {
            let kinds = decode::texts(nodes, field.value, field.name)?;
            let kinds = Some(kinds.into_iter().map(|(_, kind)| kind).collect());
            match field.name {
                "orderFirst" => read.first = kinds,
                _ => read.last = kinds,
            }
        }
    }
    Ok(Some(read))
}

pub(super) fn replacements(nodes: &Nodes, id: NodeId) -> Result<Vec<Replacement>> {
    let known = &["source", "targets", "sourceValue", "path"];
    decode::list(nodes, id, "replacements")?.iter().map(|item| replacement(nodes, *item, known)).collect()
}

pub(super) fn replacement_file(nodes: &Nodes, root: NodeId) -> Result<Vec<Replacement>> {
    match nodes.kind(root) {
        Kind::Sequence => {
            nodes.elements(root).iter().map(|item| replacement(nodes, *item, REPLACEMENT)).collect()
        }
        Kind::Mapping => Ok(vec![replacement(nodes, root, REPLACEMENT)?]),
        Kind::Scalar => refuse(line(nodes, root), "expected a replacement or a list of them"),
    }
}

fn replacement(nodes: &Nodes, id: NodeId, known: &[&'static str]) -> Result<Replacement> {
    let mut read = Replacement { line: line(nodes, id), ..Replacement::default() };
    for field in decode::object(nodes, id, "replacements", known)? {
        let (value, name) = (field.value, field.name);
        let null = nodes.get(value).is_null();
        match name {
            "path" => read.path = decode::text(nodes, value, name)?,
            "sourceValue" if null => read.source_value = None,
            "sourceValue" => read.source_value = Some(decode::text(nodes, value, name)?),
            "source" if null => read.source = None,
            "source" => read.source = Some(source(nodes, value)?),
            _ if null => read.targets = None,
            _ => {
                let targets = decode::list(nodes, value, name)?.iter().map(|item| target(nodes, *item));
                read.targets = Some(targets.collect::<Result<_>>()?);
            }
        }
    }
    Ok(read)
}

fn source(nodes: &Nodes, id: NodeId) -> Result<Source> {
    let mut read = Source::default();
    for field in decode::object(nodes, id, "source", SOURCE)? {
        match field.name {
            "fieldPath" => read.field_path = decode::text(nodes, field.value, field.name)?,
            "options" => read.options = field_options(nodes, field.value)?,
            name if RESOURCE_ID.contains(&name) => select(nodes, &field, &mut read.selector)?,
            _ => {}
        }
    }
    Ok(read)
}

fn target(nodes: &Nodes, id: NodeId) -> Result<Target> {
    let mut read = Target::default();
    for field in decode::object(nodes, id, "targets", &["select", "reject", "fieldPaths", "options"])? {
        let (value, name) = (field.value, field.name);
        match name {
            "select" => read.select = selector(nodes, value, name)?,
            "reject" => {
                for item in decode::list(nodes, value, name)? {
                    match selector(nodes, *item, name)? {
                        Some(selector) => read.reject.push(selector),
                        None => return refuse(field.line, "reject: an entry is empty"),
                    }
                }
            }
            "fieldPaths" => {
                let paths = decode::texts(nodes, value, name)?;
                read.field_paths = paths.into_iter().map(|(_, path)| path).collect();
            }
            _ => read.options = field_options(nodes, value)?,
        }
    }
    Ok(read)
}

fn field_options(nodes: &Nodes, id: NodeId) -> Result<FieldOptions> {
    let mut read = FieldOptions::default();
    for field in decode::object(nodes, id, "options", &["delimiter", "index", "encoding", "create"])? {
        let (value, name) = (field.value, field.name);
        match name {
            "delimiter" => read.delimiter = decode::text(nodes, value, name)?,
            "index" => read.index = decode::integer(nodes, value, name)?,
            "create" => read.create = decode::flag(nodes, value, name)?,
            _ if decode::text(nodes, value, name)?.is_empty() => {}
            _ => {
                let fault =
                    Fault::unsupported("encoding is accepted by kustomize but does nothing; remove it");
                return Err(Refused { line: field.line, fault });
            }
        }
    }
    Ok(read)
}
