//! Which fields each transformer touches: kustomize's built-in lists, and what `configurations` adds to them.

mod load;

use std::sync::OnceLock;

use crate::error::{Fault, Result};
use crate::id::Gvk;

pub(crate) use load::{field_specs, load};

/// A path in objects of some kind. An empty group, version or kind matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) create: bool,
}

impl FieldSpec {
    pub(crate) fn gvk(&self) -> Gvk<'_> {
        Gvk { group: &self.group, version: &self.version, kind: &self.kind }
    }

    fn covers(&self, other: &Self) -> bool {
        self.gvk().is_selected(&other.gvk()) && self.path == other.path
    }
}

/// The fields that refer to objects of one kind by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Referrers {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Referrers {
    pub(crate) fn gvk(&self) -> Gvk<'_> {
        Gvk { group: &self.group, version: &self.version, kind: &self.kind }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<Referrers>,
}

/// kustomize's own lists.
pub(crate) fn builtin() -> &'static Config {
    static BUILTIN: OnceLock<Config> = OnceLock::new();
    BUILTIN.get_or_init(|| {
        let mut config = Config::default();
        let mut section = "";
        for line in include_str!("config/defaults.txt").lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            } else if let Some(head) = line.strip_prefix("> ") {
                let mut parts = head.split(' ').map(part);
                let mut next = || parts.next().unwrap_or_default();
                let (kind, group, version) = (next(), next(), next());
                config.name_reference.push(Referrers { group, version, kind, fields: Vec::new() });
            } else if section == "nameReference" {
                if let Some(last) = config.name_reference.last_mut() {
                    last.fields.push(field_spec(line));
                }
            } else if let Some(list) = config.list_mut(section) {
                list.push(field_spec(line));
            }
        }
        config.sort();
        config
    })
}

fn part(text: &str) -> String {
    if text == "-" { String::new() } else { text.to_owned() }
}

fn field_spec(line: &str) -> FieldSpec {
    let mut parts = line.split(' ');
    let mut next = || part(parts.next().unwrap_or("-"));
    let (path, kind, group, version) = (next(), next(), next(), next());
    FieldSpec { group, version, kind, path, create: next() == "create" }
}

/// Adds a field unless the list covers it.
///
/// # Errors
/// The list has it with another `create`.
pub(crate) fn merge_one(list: &mut Vec<FieldSpec>, field: &FieldSpec) -> Result<()> {
    match list.iter().find(|own| own.covers(field)) {
        Some(own) if own.create != field.create => {
            Err(Fault::new(format!("the path {} is configured both with create and without", field.path)))
        }
        Some(_) => Ok(()),
        None => {
            list.push(field.clone());
            Ok(())
        }
    }
}

pub(crate) fn merge_all(list: &mut Vec<FieldSpec>, fields: &[FieldSpec]) -> Result<()> {
    fields.iter().try_for_each(|field| merge_one(list, field))
}

impl Config {
    fn list_mut(&mut self, section: &str) -> Option<&mut Vec<FieldSpec>> {
        Some(match section {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "labels" => &mut self.labels,
            "templateLabels" => &mut self.template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            _ => return None,
        })
    }

    /// Adds what `other` has and this lacks.
    ///
    /// # Errors
    /// As [`merge_one`].
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        for (own, other) in [
            (&mut self.name_prefix, &other.name_prefix),
            (&mut self.name_suffix, &other.name_suffix),
            (&mut self.namespace, &other.namespace),
            (&mut self.common_labels, &other.common_labels),
            (&mut self.labels, &other.labels),
            (&mut self.template_labels, &other.template_labels),
            (&mut self.common_annotations, &other.common_annotations),
            (&mut self.images, &other.images),
            (&mut self.replicas, &other.replicas),
        ] {
            merge_all(own, other)?;
        }
        for referrers in &other.name_reference {
            let mut found = false;
            for own in self.name_reference.iter_mut().filter(|own| own.gvk() == referrers.gvk()) {
                merge_all(&mut own.fields, &referrers.fields)?;
                found = true;
            }
            if !found {
                self.name_reference.push(referrers.clone());
            }
        }
        self.sort();
        Ok(())
    }

    fn sort(&mut self) {
        for list in [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.images,
            &mut self.replicas,
        ] {
            list.sort_by_cached_key(|field| crate::order::key(&field.gvk()));
        }
        self.name_reference.sort_by_cached_key(|referrers| crate::order::key(&referrers.gvk()));
    }
}
