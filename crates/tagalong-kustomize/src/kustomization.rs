//! The kustomization file as values. Read here and nowhere else; [`crate::target`] acts on it.

mod generators;
mod parts;
mod refused;

use std::collections::BTreeMap;

use crate::config::FieldSpec;
use crate::decode::{self, Field, Result, refuse};
use crate::node::{Kind, NodeId, Nodes};
use crate::parse;

/// The names under which a folder's kustomization is found.
pub(crate) const FILE_NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Text with the line it stands on.
pub(crate) type Lined = (u32, String);

#[derive(Clone, Debug, Default)]
pub(crate) struct Label {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) new_tag: String,
    pub(crate) tag_suffix: String,
    pub(crate) digest: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Replica {
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// Selects objects; empty parts match all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) labels: String,
    pub(crate) annotations: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Patch {
    pub(crate) line: u32,
    pub(crate) path: String,
    pub(crate) patch: String,
    pub(crate) target: Option<Selector>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) selector: Selector,
    pub(crate) field_path: String,
    pub(crate) options: FieldOptions,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: FieldOptions,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Replacement {
    pub(crate) line: u32,
    pub(crate) path: String,
    pub(crate) source: Option<Source>,
    pub(crate) source_value: Option<String>,
    pub(crate) targets: Option<Vec<Target>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
    pub(crate) disable_hash: bool,
    pub(crate) immutable: bool,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generator {
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: String,
    pub(crate) literals: Vec<Lined>,
    pub(crate) files: Vec<Lined>,
    pub(crate) envs: Vec<Lined>,
    pub(crate) options: Option<GeneratorOptions>,
    /// Of a secret; empty means `Opaque`.
    pub(crate) kind: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SortOptions {
    pub(crate) order: String,
    pub(crate) legacy_present: bool,
    pub(crate) first: Option<Vec<String>>,
    pub(crate) last: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Kustomization {
    /// Whether the file says nothing, which kustomize refuses and Flux does not.
    pub(crate) is_empty: bool,
    pub(crate) is_component: bool,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) namespace: String,
    pub(crate) common_labels: BTreeMap<String, String>,
    pub(crate) labels: Vec<Label>,
    pub(crate) common_annotations: BTreeMap<String, String>,
    pub(crate) patches_strategic_merge: Vec<Lined>,
    pub(crate) patches_json6902: Vec<Patch>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<Replacement>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) sort_options: Option<SortOptions>,
    pub(crate) resources: Vec<Lined>,
    /// How many of them stand under `resources`.
    pub(crate) own_resources: usize,
    pub(crate) components: Vec<Lined>,
    pub(crate) config_maps: Vec<Generator>,
    pub(crate) secrets: Vec<Generator>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    pub(crate) configurations: Vec<Lined>,
    pub(crate) build_metadata: Vec<Lined>,
}

/// Reads a kustomization file.
///
/// # Errors
/// What is unknown, of a wrong type, or not rendered, with its line.
pub(crate) fn read(nodes: &mut Nodes, bytes: &[u8]) -> Result<Kustomization> {
    let Some(root) = parse::single(nodes, bytes)? else {
        return Ok(Kustomization { is_empty: true, ..Kustomization::default() });
    };
    let fields = decode::object(nodes, root, "", FIELDS)?;
    let mut read = Kustomization::default();
    let (mut bases, mut image_tags) = (Vec::new(), Vec::new());
    let mut empty = true;
    for field in &fields {
        refused::check(nodes, field)?;
        empty &= is_empty(nodes, field);
        match field.name {
            "bases" => bases = decode::texts(nodes, field.value, field.name)?,
            "imageTags" => image_tags = parts::images(nodes, field.value, field.name)?,
            _ => take(nodes, field, &mut read)?,
        }
    }
    identify(nodes, &fields, &mut read)?;
    read.is_empty = empty;
    read.own_resources = read.resources.len();
    read.resources.extend(bases);
    read.images.extend(image_tags);
    Ok(read)
}

fn take(nodes: &Nodes, field: &Field, read: &mut Kustomization) -> Result<()> {
    let (id, name) = (field.value, field.name);
    match name {
        "namePrefix" => read.name_prefix = decode::text(nodes, id, name)?,
        "nameSuffix" => read.name_suffix = decode::text(nodes, id, name)?,
        "namespace" => read.namespace = decode::text(nodes, id, name)?,
        "commonLabels" => read.common_labels = decode::text_map(nodes, id, name)?.unwrap_or_default(),
        "commonAnnotations" => {
            read.common_annotations = decode::text_map(nodes, id, name)?.unwrap_or_default()
        }
        "labels" => read.labels = parts::labels(nodes, id)?,
        "patchesStrategicMerge" => read.patches_strategic_merge = decode::texts(nodes, id, name)?,
        "patchesJson6902" => read.patches_json6902 = parts::patches(nodes, id, name)?,
        "patches" => read.patches = parts::patches(nodes, id, name)?,
        "images" => read.images = parts::images(nodes, id, name)?,
        "replacements" => read.replacements = parts::replacements(nodes, id)?,
        "replicas" => read.replicas = parts::replicas(nodes, id)?,
        "sortOptions" => read.sort_options = parts::sort_options(nodes, id)?,
        "resources" => read.resources = decode::texts(nodes, id, name)?,
        "components" => read.components = decode::texts(nodes, id, name)?,
        "configMapGenerator" => read.config_maps = generators::generators(nodes, id, name)?,
        "secretGenerator" => read.secrets = generators::generators(nodes, id, name)?,
        "generatorOptions" => read.generator_options = generators::options(nodes, id)?,
        "configurations" => read.configurations = decode::texts(nodes, id, name)?,
        "buildMetadata" => read.build_metadata = decode::texts(nodes, id, name)?,
        "metadata" => {
            for field in decode::object(nodes, id, name, &["name", "namespace", "labels", "annotations"])? {
                match field.name {
                    "name" | "namespace" => drop(decode::text(nodes, field.value, field.name)?),
                    _ => drop(decode::text_map(nodes, field.value, field.name)?),
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn identify(nodes: &Nodes, fields: &[Field], read: &mut Kustomization) -> Result<()> {
    let text = |name: &str| match fields.iter().find(|field| field.name == name) {
        Some(field) => Ok((field.line, decode::text(nodes, field.value, name)?)),
        None => Ok((0, String::new())),
    };
    let (line, kind) = text("kind")?;
    read.is_component = match kind.as_str() {
        "" | "Kustomization" => false,
        "Component" => true,
        _ => return refuse(line, "kind: must be Kustomization or Component"),
    };
    let wanted = match read.is_component {
        true => "kustomize.config.k8s.io/v1alpha1",
        false => "kustomize.config.k8s.io/v1beta1",
    };
    let (line, api_version) = text("apiVersion")?;
    if !api_version.is_empty() && api_version != wanted {
        return refuse(line, format!("apiVersion: must be {wanted}"));
    }
    Ok(())
}

/// Whether the field says nothing, as kustomize decides whether a whole file is empty.
fn is_empty(nodes: &Nodes, field: &Field) -> bool {
    let node = nodes.get(field.value);
    match field.name {
        "apiVersion" | "kind" => true,
        "bases" | "imageTags" | "helmChartInflationGenerator" => node.is_nil_or_empty(),
        _ => node.is_null() || (node.kind == Kind::Scalar && node.value.is_empty()),
    }
}

/// A file that a replacement names: one replacement, or a list.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_replacements(nodes: &mut Nodes, bytes: &[u8]) -> Result<Vec<Replacement>> {
    let Some(root) = parse::single(nodes, bytes)? else { return refuse(0, "the file is empty") };
    parts::replacement_file(nodes, root)
}

fn line(nodes: &Nodes, id: NodeId) -> u32 {
    nodes.get(id).line
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/kustomize.md");

    #[test]
    fn the_page_has_the_state_of_every_field() {
        let row = |line: &'static str| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
            Some((name, rest.split(" |").next()?))
        };
        let rows: BTreeMap<&str, &str> = PAGE.lines().filter_map(row).collect();
        for name in FIELDS {
            let state = if refused::names().any(|refused| refused == *name) { "refused" } else { "done" };
            assert_eq!(rows.get(name), Some(&state), "{name} in docs/kustomize.md");
        }
        assert_eq!(rows.len(), FIELDS.len(), "a row without a field: {rows:?}");
    }

    #[test]
    fn each_refused_field_has_a_case_that_kustomize_renders() {
        let cases = [
            include_str!("../tests/oracle/cases/refusals.txt"),
            include_str!("../tests/oracle/cases/interactions.txt"),
        ];
        for name in refused::names() {
            let refuses = |case: &str| case.starts_with('!') && case.contains(&format!("\n{name}: "));
            // A chart needs a program and a network before kustomize renders it.
            let charts = name.starts_with("helmChart");
            let has_case = cases.iter().any(|file| file.split("\n=== ").any(refuses));
            assert!(has_case || charts, "{name} has no case");
        }
    }
}
