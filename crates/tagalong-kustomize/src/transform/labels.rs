//! `labels`, `commonLabels` and `commonAnnotations`.

use std::collections::BTreeMap;

use crate::config::{self, Config, FieldSpec};
use crate::error::Result;
use crate::field;
use crate::fieldspec::{self, Create};
use crate::kustomization::Label;
use crate::node::{Kind, Nodes, Tag};
use crate::resmap::ResMap;

/// `labels`: on the object itself, and further where it says so.
pub(super) fn labels(nodes: &mut Nodes, map: &mut ResMap, labels: &[Label], config: &Config) -> Result<()> {
    let mut all = Vec::new();
    for label in labels {
        let mut fields = label.fields.clone();
        config::merge_all(&mut fields, &config.labels)?;
        if label.include_selectors {
            config::merge_all(&mut fields, &config.common_labels)?;
        } else {
            if label.include_templates {
                config::merge_all(&mut fields, &config.template_labels)?;
            }
            let own = FieldSpec { path: "metadata/labels".to_owned(), create: true, ..FieldSpec::default() };
            config::merge_one(&mut fields, &own)?;
        }
        all.push((&label.pairs, fields));
    }
    all.into_iter().try_for_each(|(pairs, fields)| add(nodes, map, pairs, &fields))
}

/// Sets each pair in each mapping that a field names.
///
/// Within one object it is one node per pair, hung into all places that lacked the key: a later change of one of them
/// shows in all, as it does in kustomize.
pub(super) fn add(
    nodes: &mut Nodes,
    map: &mut ResMap,
    pairs: &BTreeMap<String, String>,
    fields: &[FieldSpec],
) -> Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    map.drop_empty(nodes);
    for resource in &map.list {
        for (name, text) in pairs {
            let value = nodes.scalar(text, Tag::Str);
            let create = Create { kind: Kind::Mapping, tag: Tag::Map };
            fieldspec::apply_all(nodes, *resource, fields, Some(create), &mut |nodes, target| {
                field::set(nodes, target, name, Some(value.into()), false)
            })?;
        }
    }
    Ok(())
}
