//! What can be wrong with a policy's spec: which field, why, and what to do.

use crate::{InvalidPattern, InvalidRange};

/// A spec that cannot be compiled. The object must change; trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// `spec.policy.semver.range`
    #[error(transparent)]
    Range(#[from] InvalidRange),
    /// `spec.filterTags.pattern`
    #[error("{0}")]
    Pattern(InvalidPattern),
    /// `spec.filterTags.extract`
    #[error("the template is {0} bytes long; at most {max} are allowed, shorten it", max = crate::filter::MAX_TEMPLATE)]
    Extract(usize),
    /// An entry of the image repository's `spec.exclusionList`
    #[error("{0}")]
    Exclusion(InvalidPattern),
}

impl PolicyError {
    /// The field that is wrong, below `spec`: `policy.semver.range`, `filterTags.pattern`, `filterTags.extract` or
    /// `exclusionList`.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Range(_) => "policy.semver.range",
            Self::Pattern(_) => "filterTags.pattern",
            Self::Extract(_) => "filterTags.extract",
            Self::Exclusion(_) => "exclusionList",
        }
    }
}
