//! What a scan finds: sites, their fields, and the objects they belong to. Kept in the site index by blob id,
//! so everything here is owned, compact and serialisable, and holds no text of the file beyond the values.

use crate::Problem;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use tagalong_model::{ObjectKey, Setter};

/// Everything that one file says about markers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// The marked fields, in the order of the file.
    pub sites: Vec<Site>,
    /// What is not served, in the order of the file.
    pub problems: Vec<Problem>,
}

/// One unit (RULES, Words): the marked fields of one policy under one mapping, or one marked list item or line.
/// Decided, written, pinned and held together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The policy that the markers name.
    pub policy: ObjectKey,
    /// At least one, in the order of the file.
    pub fields: Vec<Field>,
    /// The object that the fields belong to.
    pub object: ObjectIdentifier,
    /// The marker's `"hold"`: a person's reason why nothing is written here.
    pub hold: Option<String>,
}

/// One marked value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Which part of the image the field takes.
    pub setter: Setter,
    /// The bytes of the whole value as it is written, quotes included.
    pub span: Range<u32>,
    /// Line of the value, counted from 1.
    pub line: u32,
    /// Column of the value in characters, counted from 1.
    pub column: u32,
    /// The value without quotes and escapes.
    pub value: String,
    /// The key path, list items by `name` where they have one: `spec.containers[name=app].image`.
    /// In line mode: the line with `…` in place of the value.
    pub path: String,
}

/// Flux's object identifier: of the YAML document, or of the item of a `List`. Each part is empty where the
/// document has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectIdentifier {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}
