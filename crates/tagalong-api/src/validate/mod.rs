//! From an object as written to one that can be worked with: defaults filled in, texts parsed, contradictions found.
//! Called by the engine before each run of an object, and by `lint`. Nothing below the engine sees a raw object.

mod automation;
mod expressions;
mod field;
mod gitref;
mod kustomization;
mod limits;
mod policy;
mod pull_request;
mod refspec;
mod repository;
mod schedule;
mod selector;
mod source;

pub use automation::{
    Author, OnRevert, OnUnhealthy, Push, Signing, SigningKind, ValidAutomation, automation,
};
pub use expressions::{Dependency, HealthRule};
pub use gitref::GitRef;
pub use kustomization::{
    Decryption, Deletion, Destination, HealthCheck, HealthChecks, ValidKustomization, VariableSource,
    VariableSources, deletion, destination, kustomization,
};
pub use limits::Limits;
pub use policy::{DigestReflection, ValidPolicy, policy};
pub use pull_request::{GroupBy, ValidPullRequest};
pub use refspec::Refspec;
pub use repository::{ExclusionList, ValidRepository, repository};
pub use schedule::{Opening, Schedule};
pub use selector::Selector;
pub use source::{ValidArtifact, ValidSource, Verify, VerifyMode, artifact, git_repository};

use crate::Reason;

/// Why an object cannot be used as written. Prints as the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The reason for conditions.
    pub reason: Reason,
    /// What is wrong and what to do; Flux's words where it has some.
    pub message: String,
    /// Whether nothing can change before the object does.
    pub stalled: bool,
    /// The field at fault, such as `.spec.policy.semver.range` or `.spec.exclusionList[2]`.
    pub field: String,
}

impl Invalid {
    /// An error that only a change of the object can lift.
    pub(crate) fn stalled(reason: Reason, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), stalled: true, field: field.into() }
    }
}

#[cfg(test)]
mod tests;
