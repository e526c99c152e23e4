//! `namespace`: on every namespaced object, on the Namespace itself, and on the subjects called `default`.

use std::collections::HashMap;

use crate::config::FieldSpec;
use crate::error::{Fault, Result};
use crate::field;
use crate::fieldspec::{self, Create};
use crate::node::{Kind, Nodes, Tag};
use crate::resmap::{ResMap, describe};
use crate::resource::Resource;

pub(super) fn run(nodes: &mut Nodes, map: &ResMap, namespace: &str, fields: &[FieldSpec]) -> Result<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    let mut named: HashMap<String, Vec<Resource>> = HashMap::new();
    for resource in &map.list {
        named.entry(resource.name(nodes).to_owned()).or_default().push(*resource);
    }
    for resource in map.list.iter().filter(|resource| !resource.is_empty(nodes)).copied().collect::<Vec<_>>()
    {
        if resource.annotation(nodes, "internal.config.kubernetes.io/helm-generated") == Some("true") {
            continue;
        }
        resource.store_id(nodes)?;
        set(nodes, resource, namespace, fields)?;
        let id = resource.id(nodes);
        let same_name = named.entry(id.name.to_owned()).or_default();
        // A Namespace is renamed.
        if !same_name.contains(&resource) {
            same_name.push(resource);
        }
        if same_name.iter().filter(|other| other.id(nodes).equals(&id)).count() != 1 {
            return Err(Fault::new(format!("two objects become {}", describe(&id))));
        }
    }
    Ok(())
}

fn set(nodes: &mut Nodes, resource: Resource, namespace: &str, fields: &[FieldSpec]) -> Result<()> {
    let mut write = |nodes: &mut Nodes, id| field::set_scalar(nodes, id, namespace, Tag::Str);
    if !resource.id(nodes).is_cluster_scoped() {
        let own = FieldSpec { path: "metadata/namespace".to_owned(), create: true, ..FieldSpec::default() };
        let create = Create { kind: Kind::Scalar, tag: Tag::Empty };
        fieldspec::apply(nodes, resource, &own, Some(create), &mut write)?;
    }
    let binding = matches!(resource.kind(nodes), "RoleBinding" | "ClusterRoleBinding");
    if binding {
        subjects(nodes, resource, namespace)?;
    }
    let core = resource.api_version(nodes) == "v1";
    let create = Create { kind: Kind::Scalar, tag: Tag::Str };
    for spec in fields {
        let of_binding = matches!(spec.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        let special = spec.path == "metadata/namespace"
            || (!core && spec.path == "metadata/name")
            || (binding && of_binding && spec.path == "subjects/namespace");
        if !special {
            fieldspec::apply(nodes, resource, spec, Some(create), &mut write)?;
        }
    }
    Ok(())
}

/// Only service accounts called `default` are known to live in the namespace.
fn subjects(nodes: &mut Nodes, resource: Resource, namespace: &str) -> Result<()> {
    let found = resource.root.and_then(|root| nodes.field(root, "subjects"));
    let Some(subjects) = found.filter(|found| !nodes.get(*found).is_null()) else { return Ok(()) };
    field::expect(nodes, subjects, Kind::Sequence)?;
    for subject in nodes.elements(subjects).to_vec() {
        let Some(name) = field::get(nodes, subject, "name")? else { continue };
        field::expect(nodes, name, Kind::Scalar)?;
        if nodes.get(name).is_null() || nodes.get(name).value != "default" {
            continue;
        }
        if let Some(target) = field::get_or_create(nodes, subject, "namespace", Kind::Scalar)? {
            field::set_scalar(nodes, target, namespace, Tag::Str)?;
        }
    }
    Ok(())
}
