//! Reads the files of `configurations`.

use super::{Config, FieldSpec, Referrers};
use crate::decode::{self, Result};
use crate::error::Fault;
use crate::node::{NodeId, Nodes};
use crate::parse::Refused;

const SECTIONS: &[&str] = &[
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "nameReference",
    "varReference",
    "images",
    "replicas",
];

/// A file of `configurations`.
///
/// # Errors
/// An unknown field, or one of a wrong type.
pub(crate) fn load(nodes: &mut Nodes, bytes: &[u8]) -> Result<Config> {
    let mut config = Config::default();
    let Some(root) = crate::parse::single(nodes, bytes)? else { return Ok(config) };
    for field in decode::object(nodes, root, "configurations", SECTIONS)? {
        match field.name {
            "nameReference" => {
                for item in decode::list(nodes, field.value, field.name)? {
                    config.name_reference.push(referrers(nodes, *item)?);
                }
            }
            // Only vars ask for it, and they are refused; what contradicts the built-in list could not be seen.
            "varReference" => {
                let specs = field_specs(nodes, field.value, field.name)?;
                if specs.iter().any(|spec| spec.create) {
                    let fault =
                        Fault::unsupported("varReference with create serves vars, which are not rendered");
                    return Err(Refused { line: field.line, fault });
                }
            }
            name => {
                let specs = field_specs(nodes, field.value, name)?;
                if let Some(list) = config.list_mut(name) {
                    *list = specs;
                }
            }
        }
    }
    config.sort();
    Ok(config)
}

/// A list of paths, each with the kinds that it counts for.
pub(crate) fn field_specs(nodes: &Nodes, id: NodeId, what: &str) -> Result<Vec<FieldSpec>> {
    decode::list(nodes, id, what)?.iter().map(|item| field_spec(nodes, *item, what)).collect()
}

fn field_spec(nodes: &Nodes, id: NodeId, what: &str) -> Result<FieldSpec> {
    let mut spec = FieldSpec::default();
    for field in decode::object(nodes, id, what, &["group", "version", "kind", "path", "create"])? {
        match field.name {
            "group" => spec.group = decode::text(nodes, field.value, field.name)?,
            "version" => spec.version = decode::text(nodes, field.value, field.name)?,
            "kind" => spec.kind = decode::text(nodes, field.value, field.name)?,
            "path" => spec.path = decode::text(nodes, field.value, field.name)?,
            _ => spec.create = decode::flag(nodes, field.value, field.name)?,
        }
    }
    Ok(spec)
}

fn referrers(nodes: &Nodes, id: NodeId) -> Result<Referrers> {
    let mut found = Referrers::default();
    for field in decode::object(nodes, id, "nameReference", &["group", "version", "kind", "fieldSpecs"])? {
        match field.name {
            "group" => found.group = decode::text(nodes, field.value, field.name)?,
            "version" => found.version = decode::text(nodes, field.value, field.name)?,
            "kind" => found.kind = decode::text(nodes, field.value, field.name)?,
            _ => found.fields = field_specs(nodes, field.value, field.name)?,
        }
    }
    Ok(found)
}
