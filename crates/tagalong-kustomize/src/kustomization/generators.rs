//! `configMapGenerator`, `secretGenerator` and `generatorOptions`.

use super::{Generator, GeneratorOptions, line};
use crate::decode::{self, Result};
use crate::node::{NodeId, Nodes};

const GENERATOR: &[&str] = &["namespace", "name", "behavior", "literals", "files", "envs", "env", "options"];
const SECRET: &[&str] =
    &["namespace", "name", "behavior", "literals", "files", "envs", "env", "options", "type"];

pub(super) fn generators(nodes: &Nodes, id: NodeId, what: &str) -> Result<Vec<Generator>> {
    let known = if what == "secretGenerator" { SECRET } else { GENERATOR };
    decode::list(nodes, id, what)?.iter().map(|item| generator(nodes, *item, what, known)).collect()
}

fn generator(nodes: &Nodes, id: NodeId, what: &str, known: &[&'static str]) -> Result<Generator> {
    let mut read = Generator { line: line(nodes, id), ..Generator::default() };
    let mut env = Vec::new();
    for field in decode::object(nodes, id, what, known)? {
        let (value, name) = (field.value, field.name);
        match name {
            "namespace" => read.namespace = decode::text(nodes, value, name)?,
            "name" => read.name = decode::text(nodes, value, name)?,
            "behavior" => read.behavior = decode::text(nodes, value, name)?,
            "literals" => read.literals = decode::texts(nodes, value, name)?,
            "files" => read.files = decode::texts(nodes, value, name)?,
            "envs" => read.envs = decode::texts(nodes, value, name)?,
            "env" => env.push((field.line, decode::text(nodes, value, name)?)),
            "options" => read.options = options(nodes, value)?,
            _ => read.kind = decode::text(nodes, value, name)?,
        }
    }
    read.envs.extend(env.into_iter().filter(|(_, path)| !path.is_empty()));
    Ok(read)
}

pub(super) fn options(nodes: &Nodes, id: NodeId) -> Result<Option<GeneratorOptions>> {
    if nodes.get(id).is_null() {
        return Ok(None);
    }
    let mut read = GeneratorOptions::default();
    let known = &["labels", "annotations", "disableNameSuffixHash", "immutable"];
    for field in decode::object(nodes, id, "generator options", known)? {
        let (value, name) = (field.value, field.name);
        match name {
            "labels" => read.labels = decode::text_map(nodes, value, name)?,
            "annotations" => read.annotations = decode::text_map(nodes, value, name)?,
            "disableNameSuffixHash" => read.disable_hash = decode::flag(nodes, value, name)?,
            _ => read.immutable = decode::flag(nodes, value, name)?,
        }
    }
    Ok(Some(read))
}
