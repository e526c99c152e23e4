//! Which objects a patch or a replacement is for: patterns for names and kinds, label selectors as Kubernetes writes
//! them.

mod labels;

use std::collections::BTreeMap;

use regex::Regex;

use crate::error::{Fault, Result};
use crate::flux::{self, Target};
use crate::id::Id;
use crate::kustomization::Selector;
use crate::node::Nodes;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Object, Value};

use labels::Requirements;

/// A selector ready to match.
pub(crate) struct Matcher {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Requirements,
    annotations: Requirements,
    /// Whether a label or annotation selector was given.
    by_labels: bool,
}

impl Matcher {
    /// # Errors
    /// A pattern or a label selector that cannot be read.
    pub(crate) fn new(selector: &Selector) -> Result<Self> {
        Ok(Self {
            group: pattern(&selector.group)?,
            version: pattern(&selector.version)?,
            kind: pattern(&selector.kind)?,
            name: pattern(&selector.name)?,
            namespace: pattern(&selector.namespace)?,
            labels: Requirements::parse(&selector.labels)?,
            annotations: Requirements::parse(&selector.annotations)?,
            by_labels: !selector.labels.is_empty() || !selector.annotations.is_empty(),
        })
    }

    fn names_kind(&self, id: &Id<'_>) -> bool {
        fits(&self.group, id.gvk.group)
            && fits(&self.version, id.gvk.version)
            && fits(&self.kind, id.gvk.kind)
    }

    /// Whether the id itself fits, taken by its parts.
    pub(crate) fn fits_id(&self, id: &Id<'_>) -> bool {
        self.names_kind(id) && fits(&self.name, id.name) && fits(&self.namespace, id.namespace)
    }

    /// Whether the parts of an id are all left open.
    pub(crate) fn is_open(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .iter()
            .all(|part| part.is_none())
    }

    pub(crate) fn selects_by_labels(&self) -> bool {
        self.by_labels
    }

    pub(crate) fn fits_labels(&self, nodes: &Nodes, resource: Resource) -> bool {
        self.annotations.fit(&resource.annotations(nodes)) && self.labels.fit(&resource.labels(nodes))
    }

    /// The objects that fit, by the name and namespace they have now or had first.
    pub(crate) fn select(&self, nodes: &Nodes, map: &ResMap) -> Vec<Resource> {
        let selected = |resource: &&Resource| {
            let (now, first) = (resource.id(nodes), resource.original_id(nodes));
            [&first, &now].iter().any(|id| fits(&self.namespace, id.effective_namespace()))
                && [&first, &now].iter().any(|id| fits(&self.name, id.name))
                && self.names_kind(&now)
                && self.fits_labels(nodes, **resource)
        };
        map.list.iter().filter(selected).copied().collect()
    }
}

/// Which objects a target is for, once they are rendered.
pub struct Selection(Matcher);

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selection").finish_non_exhaustive()
    }
}

impl Selection {
    /// Of a target; one that leaves everything open is for every object.
    ///
    /// # Errors
    /// A pattern or a label selector that cannot be read.
    pub fn new(target: &Target) -> Result<Self, String> {
        Matcher::new(&flux::selector(target)).map(Self).map_err(|fault| fault.message)
    }

    /// Whether the target is for this object.
    pub fn fits(&self, object: &Object) -> bool {
        let version = object.api_version();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let texts = |name: &str| -> BTreeMap<String, String> {
            let map = object.value().get("metadata").and_then(|metadata| metadata.get(name));
            let Some(Value::Map(map)) = map else { return BTreeMap::new() };
            let pairs = map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            pairs.collect()
        };
        fits(&self.0.group, group)
            && fits(&self.0.version, version)
            && fits(&self.0.kind, object.kind())
            && fits(&self.0.name, object.name())
            && fits(&self.0.namespace, object.namespace())
            && self.0.labels.fit(&texts("labels"))
            && self.0.annotations.fit(&texts("annotations"))
    }
}

fn pattern(text: &str) -> Result<Option<Regex>> {
    if text.is_empty() {
        return Ok(None);
    }
    let anchored = Regex::new(&format!("^(?:{text})$"));
    anchored.map(Some).map_err(|_| Fault::new(format!("{text} is no pattern")))
}

fn fits(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}
