//! The kinds as they stand in YAML. Optional fields stay `Option`, so that an object reads back as it was written;
//! defaults are filled in by [`crate::validate`].
#![expect(clippy::duplicated_attributes, reason = "each printed column is an attribute of the same name")]

pub(crate) mod automation;
pub(crate) mod kustomization;
pub(crate) mod policy;
pub(crate) mod pull_request;
pub(crate) mod repository;
pub(crate) mod source;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A reference to an object in the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalReference {
    /// Name of the referent.
    pub name: String,
}

/// A reference to an object in this or another namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespacedReference {
    /// Name of the referent.
    pub name: String,
    /// Namespace of the referent; the referring object's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The pattern of interval fields.
pub const DURATION_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";
/// The pattern of timeout fields, which leave hours out.
pub const TIMEOUT_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$";

#[cfg(test)]
mod tests;
