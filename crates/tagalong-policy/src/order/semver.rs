//! The highest version within a range.

use crate::{InvalidRange, Refusal, range::Range, version::Version};

#[derive(Debug, Clone)]
pub(crate) struct Semver {
    range: Range,
}

impl Semver {
    pub(super) fn compile(range: &str) -> Result<Self, InvalidRange> {
        Ok(Self { range: Range::parse(range)? })
    }

    pub(super) fn key(text: &str) -> Result<Version<'_>, Refusal> {
        Version::parse(text).ok_or(Refusal::NotAVersion)
    }

    pub(super) fn admits(&self, version: &Version<'_>) -> Result<(), Refusal> {
        self.range.admits(version)
    }

    pub(super) fn is_satisfiable(&self) -> bool {
        self.range.is_satisfiable()
    }
}
