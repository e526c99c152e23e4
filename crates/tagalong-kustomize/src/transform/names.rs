//! `namePrefix` and `nameSuffix`. The names that refer to an object follow at the end, in [`crate::nameref`].

use crate::config::FieldSpec;
use crate::error::Result;
use crate::field;
use crate::fieldspec::{self, Create};
use crate::id::Gvk;
use crate::node::{Kind, Nodes, Tag};
use crate::resmap::ResMap;
use crate::resource::{PREFIXES, SUFFIXES};

pub(super) fn prefix(nodes: &mut Nodes, map: &ResMap, prefix: &str, fields: &[FieldSpec]) -> Result<()> {
    change(nodes, map, prefix, fields, PREFIXES, |name| format!("{prefix}{name}"))
}

pub(super) fn suffix(nodes: &mut Nodes, map: &ResMap, suffix: &str, fields: &[FieldSpec]) -> Result<()> {
    change(nodes, map, suffix, fields, SUFFIXES, |name| format!("{name}{suffix}"))
}

fn change(
    nodes: &mut Nodes,
    map: &ResMap,
    affix: &str,
    fields: &[FieldSpec],
    remembered: &str,
    renamed: impl Fn(&str) -> String,
) -> Result<()> {
    if affix.is_empty() {
        return Ok(());
    }
    for resource in &map.list {
        if keeps_name(&resource.original_id(nodes).gvk) {
            continue;
        }
        for spec in fields {
            if !resource.original_id(nodes).gvk.is_selected(&spec.gvk()) {
                continue;
            }
            if spec.path == "metadata/name" {
                resource.append(nodes, remembered, affix)?;
                resource.store_id(nodes)?;
            }
            let create = Create { kind: Kind::Scalar, tag: Tag::Str };
            fieldspec::apply(nodes, *resource, spec, Some(create), &mut |nodes, id| {
                let text = renamed(&nodes.get(id).value);
                field::set_scalar(nodes, id, &text, Tag::Empty)
            })?;
        }
    }
    Ok(())
}

/// Kinds whose name means something to the cluster.
fn keeps_name(gvk: &Gvk<'_>) -> bool {
    matches!(gvk.kind, "CustomResourceDefinition" | "Namespace")
        || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
}
