//! What a Flux Kustomization (`kustomize.toolkit.fluxcd.io/v1`) adds to a folder: a kustomization where there is none,
//! fields merged into the one that is there, variables, and metadata on all objects. Pure, as the rest of the crate.
//!
//! ```text
//! folder ── scan or open ── amend ── target ─▶ [Object] ── substitute ── mark ─▶ [Object]
//! ```

mod amend;
mod scan;
mod substitute;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::error::KustomizeError;
use crate::tree::Files;
use crate::value::{Object, Value};

/// The fields of a Flux Kustomization's `spec` that change what is rendered. Others are passed over when it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Additions {
    /// Replaces `namespace`.
    pub target_namespace: Option<String>,
    /// Replaces `namePrefix`.
    pub name_prefix: Option<String>,
    /// Replaces `nameSuffix`.
    pub name_suffix: Option<String>,
    /// Come after the folder's own.
    pub patches: Vec<Patch>,
    /// Merged by name with the folder's own.
    pub images: Vec<Image>,
    /// Local folders, after the folder's own.
    pub components: Vec<String>,
    /// Leave out components whose folder does not exist.
    pub ignore_missing_components: bool,
    /// Replaces `buildMetadata` when it is not empty.
    pub build_metadata: Vec<String>,
    /// For every object.
    pub common_metadata: CommonMetadata,
}

/// A strategic merge or JSON 6902 patch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Patch {
    /// The patch as YAML or JSON.
    pub patch: String,
    /// The objects that it is for; a strategic merge patch without one names its object itself.
    pub target: Option<Target>,
}

/// Selects objects; empty parts match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    /// A pattern.
    pub group: String,
    /// A pattern.
    pub version: String,
    /// A pattern.
    pub kind: String,
    /// A pattern.
    pub name: String,
    /// A pattern.
    pub namespace: String,
    /// As `kubectl --selector` takes it.
    pub label_selector: String,
    /// The same for annotations.
    pub annotation_selector: String,
}

/// Another name, tag or digest for an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Image {
    /// The name that objects have.
    pub name: String,
    /// Empty keeps the name.
    pub new_name: String,
    /// Empty keeps the tag, unless there is a digest.
    pub new_tag: String,
    /// Such as `sha256:…`.
    pub digest: String,
}

/// Labels and annotations for every object, over those that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CommonMetadata {
    /// Label by name.
    pub labels: BTreeMap<String, String>,
    /// Annotation by name.
    pub annotations: BTreeMap<String, String>,
}

/// The variables of `postBuild`, gathered.
#[derive(Clone, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, String>,
    /// The names of those that came out of Secrets.
    secret: BTreeSet<String>,
    /// What was made of them.
    drawn: BTreeSet<String>,
    strict: bool,
    always: bool,
}

impl Variables {
    /// None yet. With `strict`, a variable that is not set and has no default is an error. With `always`, objects are
    /// read for the sake of defaults although nothing is set (`substituteStrategy: Always`).
    pub fn new(strict: bool, always: bool) -> Self {
        Self { values: BTreeMap::new(), secret: BTreeSet::new(), drawn: BTreeSet::new(), strict, always }
    }

    /// Sets a variable; a later value wins, so `substituteFrom` goes before `substitute`. Line breaks are left out.
    pub fn set(&mut self, name: &str, value: &str) {
        self.secret.remove(name);
        self.values.insert(name.to_owned(), value.replace('\n', ""));
    }

    /// Sets a variable to what came out of a Secret.
    pub fn set_secret(&mut self, name: &str, value: &str) {
        self.set(name, value);
        self.secret.insert(name.to_owned());
    }

    /// What was put into objects from Secrets, whatever the place made of it (`${a:0:8}`). Nobody is to be shown that.
    pub fn into_drawn(self) -> impl Iterator<Item = String> {
        self.drawn.into_iter()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").field("names", &self.values.keys()).finish_non_exhaustive()
    }
}

/// Renders what a Flux Kustomization makes of a folder: `variables` are none where it has no `postBuild`, and know
/// afterwards what was drawn from Secrets. Files outside the folder may be named, those outside the tree not.
///
/// # Errors
/// As [`crate::build`]; and what [`Variables`] cannot be put into, by the name of the object, never by a value.
pub fn render_for(
    additions: &Additions,
    variables: Option<&mut Variables>,
    files: &dyn Files,
    folder: &str,
) -> Result<Vec<Object>, KustomizeError> {
    let mut objects = crate::render(files, folder, Some(additions))?;
    if let Some(variables) = variables {
        substitute::all(&mut objects, variables).map_err(|fault| crate::in_folder(folder, fault))?;
    }
    let common = &additions.common_metadata;
    for (field, pairs) in [("labels", &common.labels), ("annotations", &common.annotations)] {
        objects.iter_mut().for_each(|object| mark(object, field, pairs));
    }
    Ok(objects)
}

/// Sets pairs in a mapping of an object's metadata.
fn mark(object: &mut Object, field: &str, pairs: &BTreeMap<String, String>) {
    let Value::Map(fields) = object.value_mut() else { return };
    let metadata = fields.entry("metadata".to_owned()).or_insert_with(|| Value::Map(BTreeMap::new()));
    let Value::Map(metadata) = metadata else { return };
    if pairs.is_empty() {
        return;
    }
    let own = metadata.entry(field.to_owned()).or_insert(Value::Null);
    if !matches!(own, Value::Map(_)) {
        *own = Value::Map(BTreeMap::new());
    }
    if let Value::Map(own) = own {
        own.extend(pairs.iter().map(|(name, text)| (name.clone(), Value::String(text.clone()))));
    }
}

pub(crate) use amend::{amend, generated, selector};
