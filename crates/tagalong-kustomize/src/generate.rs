//! ConfigMaps and Secrets from literals, files and env files, and the hashes in their names.

mod hash;
mod pairs;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Fault, KustomizeError, Result};
use crate::field;
use crate::kustomization::{Generator, GeneratorOptions};
use crate::node::{Kind, Node, NodeId, Nodes, Tag};
use crate::resmap::ResMap;
use crate::resource::{self, Resource};
use crate::target::Unit;

/// A line of base64 in a generated object.
const BASE64_LINE: usize = 70;

/// Adds what the kustomization generates.
pub(crate) fn run(unit: &Unit<'_>, nodes: &mut Nodes, map: &mut ResMap) -> Result<(), KustomizeError> {
    let read = &unit.read;
    let config_maps = read.config_maps.iter().map(|one| (one, "configMapGenerator", "ConfigMap"));
    let secrets = read.secrets.iter().map(|one| (one, "secretGenerator", "Secret"));
    for (generator, field, kind) in config_maps.chain(secrets) {
        one(unit, nodes, map, generator, kind).map_err(|fault| unit.refuse(generator.line, field, fault))?;
    }
    Ok(())
}

fn one(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    map: &mut ResMap,
    generator: &Generator,
    kind: &str,
) -> Result<()> {
    let options = merged(generator.options.as_ref(), unit.read.generator_options.as_ref());
    let resource = base(nodes, generator, kind)?;
    let pairs = pairs::load(&unit.loader, generator, kind == "Secret")?;
    let Some(root) = resource.root else { return Ok(()) };
    if kind == "Secret" {
        let secret_type = if generator.kind.is_empty() { "Opaque" } else { &generator.kind };
        set_string(nodes, root, "type", secret_type)?;
        let data = field::get_or_create(nodes, root, "data", Kind::Mapping)?;
        for (key, bytes) in &pairs {
            if let Some(data) = data {
                set_data(nodes, data, key, &encode(bytes))?;
            }
        }
    } else {
        load_data(nodes, root, &pairs)?;
    }
    if let Some(options) = &options {
        annotate(nodes, resource, options)?;
    }
    if options.is_none_or(|options| !options.disable_hash) {
        resource.enable(nodes, resource::NEEDS_HASH)?;
    }
    let behavior = match generator.behavior.as_str() {
        known @ ("replace" | "merge" | "create") => known,
        _ => "unspecified",
    };
    let mut annotations = resource.annotations(nodes);
    annotations.insert(resource::BEHAVIOR.to_owned(), behavior.to_owned());
    resource.set_annotations(nodes, &annotations)?;
    if let Some(origin) = &unit.origin {
        let folder = if origin.is_empty() { String::new() } else { format!("{origin}/") };
        let text = format!(
            "configuredIn: {folder}{}\nconfiguredBy:\n  apiVersion: builtin\n  kind: {kind}Generator\n",
            unit.file_name
        );
        let mut annotations = resource.annotations(nodes);
        annotations.insert(resource::ORIGIN.to_owned(), text);
        resource.set_annotations(nodes, &annotations)?;
    }
    map.absorb(nodes, resource)
}

/// The generator's own options win over `generatorOptions`, flag by flag and pair by pair.
fn merged(own: Option<&GeneratorOptions>, global: Option<&GeneratorOptions>) -> Option<GeneratorOptions> {
    let Some(global) = global else { return own.cloned() };
    let mut found = own.cloned().unwrap_or_default();
    let fill = |own: &mut Option<BTreeMap<String, String>>, global: &Option<BTreeMap<String, String>>| {
        for (key, value) in global.iter().flatten() {
            own.get_or_insert_default().entry(key.clone()).or_insert_with(|| value.clone());
        }
    };
    fill(&mut found.labels, &global.labels);
    fill(&mut found.annotations, &global.annotations);
    found.disable_hash |= global.disable_hash;
    found.immutable |= global.immutable;
    Some(found)
}

fn set_string(nodes: &mut Nodes, map: NodeId, name: &str, text: &str) -> Result<()> {
    let value = nodes.scalar(text, Tag::Str);
    field::set(nodes, map, name, Some(value.into()), false)
}

fn base(nodes: &mut Nodes, generator: &Generator, kind: &str) -> Result<Resource> {
    if generator.name.is_empty() {
        return Err(Fault::new("an entry needs a name"));
    }
    let root = nodes.add(Node { tag: Tag::Map, ..Node::of(Kind::Mapping) });
    set_string(nodes, root, "apiVersion", "v1")?;
    set_string(nodes, root, "kind", kind)?;
    let resource = Resource::from(root);
    let Some(meta) = field::get_or_create(nodes, root, "metadata", Kind::Mapping)? else {
        return Ok(resource);
    };
    set_string(nodes, meta, "name", &generator.name)?;
    if !generator.namespace.is_empty() {
        set_string(nodes, meta, "namespace", &generator.namespace)?;
    }
    Ok(resource)
}

fn annotate(nodes: &mut Nodes, resource: Resource, options: &GeneratorOptions) -> Result<()> {
    let Some(root) = resource.root else { return Ok(()) };
    let Some(meta) = field::get_or_create(nodes, root, "metadata", Kind::Mapping)? else { return Ok(()) };
    for (name, texts) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        for (key, text) in texts.iter().flatten() {
            if let Some(map) = field::get_or_create(nodes, meta, name, Kind::Mapping)? {
                set_string(nodes, map, key, text)?;
            }
        }
    }
    if options.immutable {
        let value = nodes.scalar("true", Tag::Bool);
        field::set(nodes, root, "immutable", Some(value.into()), false)?;
    }
    Ok(())
}

fn set_data(nodes: &mut Nodes, map: NodeId, key: &str, text: &str) -> Result<()> {
    let quoted = text.contains('\n');
    let value = nodes.add(Node { quoted, ..Node::scalar(text, Tag::Str) });
    field::set(nodes, map, key, Some(value.into()), false)
}

/// Text goes into `data`, anything else as base64 into `binaryData`.
fn load_data(nodes: &mut Nodes, root: NodeId, pairs: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    for (key, bytes) in pairs {
        let (name, text) = match std::str::from_utf8(bytes) {
            Ok(text) => ("data", text.to_owned()),
            Err(_) => ("binaryData", encode(bytes)),
        };
        if let Some(map) = field::get_or_create(nodes, root, name, Kind::Mapping)? {
            set_data(nodes, map, key, &text)?;
        }
    }
    Ok(())
}

/// Base64 in lines, unless it fits into one.
fn encode(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    if text.len() < BASE64_LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / BASE64_LINE + 1);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % BASE64_LINE == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    lines.push('\n');
    lines
}

/// `behavior: merge`: the entries of `old` that the new object does not have.
pub(crate) fn merge_data(nodes: &mut Nodes, resource: Resource, old: Resource) -> Result<()> {
    let (Some(root), Some(before)) = (resource.root, old.root) else { return Ok(()) };
    let texts = |nodes: &Nodes, root: NodeId, name: &str| -> BTreeMap<String, String> {
        let map = nodes.field(root, name);
        let entries = map.into_iter().flat_map(|map| nodes.entries(map));
        entries
            .map(|(key, value)| (nodes.get(key).text().to_owned(), nodes.get(value).text().to_owned()))
            .collect()
    };
    for name in ["data", "binaryData"] {
        let mut all = texts(nodes, before, name);
        all.extend(texts(nodes, root, name));
        nodes.clear(root, name);
        for (key, text) in all {
            if let Some(map) = field::get_or_create(nodes, root, name, Kind::Mapping)? {
                set_data(nodes, map, &key, &text)?;
            }
        }
    }
    Ok(())
}

/// Appends to the name of each generated object the hash of its content.
pub(crate) fn hash_names(nodes: &mut Nodes, map: &ResMap) -> Result<()> {
    for resource in &map.list {
        if !resource.is_enabled(nodes, resource::NEEDS_HASH) {
            continue;
        }
        let hash = hash::hash(nodes, *resource)?;
        resource.store_id(nodes)?;
        let name = format!("{}-{hash}", resource.name(nodes));
        resource.set_name(nodes, &name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_broken_into_lines() {
        assert_eq!(encode(&[0; 51]).len(), 68);
        assert_eq!(encode(&[0; 54]).matches('\n').count(), 2);
    }
}
