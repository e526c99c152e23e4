//! The transformers of one kustomization, in kustomize's order. One file each.

mod images;
mod labels;
mod names;
mod namespace;
mod patches;
mod replacement;
mod replicas;

use crate::error::KustomizeError;
use crate::node::Nodes;
use crate::resmap::ResMap;
use crate::target::{Gathered, Unit};

type Result<T> = std::result::Result<T, KustomizeError>;

/// Runs what the kustomization asks for over all that it has gathered.
pub(crate) fn run(unit: &Unit<'_>, nodes: &mut Nodes, gathered: &mut Gathered) -> Result<()> {
    let Gathered { map, config } = gathered;
    let read = &unit.read;
    let refuse = |field: &'static str| move |fault: crate::error::Fault| unit.refuse(0, field, fault);
    let prepared = patches::prepare(unit, nodes)?;
    let replacements = replacement::prepare(unit, nodes)?;
    patches::strategic_merge(unit, nodes, map, &prepared.legacy)?;
    map.drop_empty(nodes);
    patches::patches(unit, nodes, map, &prepared.patches)?;
    map.drop_empty(nodes);
    namespace::run(nodes, map, &read.namespace, &config.namespace).map_err(refuse("namespace"))?;
    names::prefix(nodes, map, &read.name_prefix, &config.name_prefix).map_err(refuse("namePrefix"))?;
    names::suffix(nodes, map, &read.name_suffix, &config.name_suffix).map_err(refuse("nameSuffix"))?;
    labels::labels(nodes, map, &read.labels, config).map_err(refuse("labels"))?;
    labels::add(nodes, map, &read.common_labels, &config.common_labels).map_err(refuse("commonLabels"))?;
    labels::add(nodes, map, &read.common_annotations, &config.common_annotations)
        .map_err(refuse("commonAnnotations"))?;
    patches::json6902(unit, nodes, map, &prepared.json)?;
    map.drop_empty(nodes);
    replicas::run(unit, nodes, map, &config.replicas)?;
    images::run(nodes, map, &read.images, &config.images).map_err(refuse("images"))?;
    replacement::run(unit, nodes, map, &replacements)
}

/// The label of `buildMetadata: [managedByLabel]`.
pub(crate) fn managed_by(nodes: &mut Nodes, map: &mut ResMap) -> crate::error::Result<()> {
    let field =
        crate::config::FieldSpec { path: "metadata/labels".to_owned(), create: true, ..Default::default() };
    let pair = ("app.kubernetes.io/managed-by".to_owned(), "kustomize-v5.8.1".to_owned());
    labels::add(nodes, map, &[pair].into(), &[field])
}
