//! What a Kustomization says of drift: extensions of Flux's kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When it is noticed that somebody else changed or deleted an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftDetection {
    /// Interval looks at every object once in each interval. Watch also watches them, so that drift is set right at once.
    #[schemars(extend("enum" = ["Interval", "Watch"]))]
    pub mode: String,
}

/// What was found of drift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftStatus {
    /// When drift was last set right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_corrected: Option<Time>,
    /// The objects that were set right then, ten at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<DriftedObject>,
    /// What is not watched although driftDetection asks for it, and why; ten at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwatched: Vec<String>,
}

/// An object that somebody else had changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftedObject {
    /// `<namespace>_<name>_<group>_<kind>`, as in the inventory.
    pub id: String,
    /// Whether it had been deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// The fields that stood otherwise, ten at most, such as spec.replicas. What stood there is told in the event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The field managers that wrote them, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managers: Vec<String>,
}
