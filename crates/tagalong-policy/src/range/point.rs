//! Places and stretches on the line of all versions.

use crate::version::Version;

/// A version that owns its pre-release: where a stretch begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) pre: String,
}

impl Point {
    /// The lowest version of a triple: nothing sorts below the pre-release `0`.
    fn floor(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, pre: "0".to_owned() }
    }

    /// The lowest version there is.
    pub(super) fn lowest() -> Self {
        Self::floor(0, 0, 0)
    }

    /// As a version to compare with.
    pub(super) fn version(&self) -> Version<'_> {
        Version { major: self.major, minor: self.minor, patch: self.patch, pre: &self.pre }
    }

    /// The lowest version of this major; where `!=1.x` begins.
    pub(super) fn major_floor(&self) -> Self {
        Self::floor(self.major, 0, 0)
    }

    /// The lowest version of the next major; `None` past the largest number.
    pub(super) fn next_major(&self) -> Option<Self> {
        Some(Self::floor(self.major.checked_add(1)?, 0, 0))
    }

    /// The lowest version of the next minor.
    pub(super) fn next_minor(&self) -> Option<Self> {
        match self.minor.checked_add(1) {
            Some(minor) => Some(Self::floor(self.major, minor, 0)),
            None => self.next_major(),
        }
    }

    /// The lowest version of the next patch.
    pub(super) fn next_patch(&self) -> Option<Self> {
        match self.patch.checked_add(1) {
            Some(patch) => Some(Self::floor(self.major, self.minor, patch)),
            None => self.next_minor(),
        }
    }

    /// The very next version: nothing lies between it and this one.
    pub(super) fn next(&self) -> Option<Self> {
        if self.pre.is_empty() {
            self.next_patch()
        } else {
            Some(Self { pre: format!("{}.0", self.pre), ..self.clone() })
        }
    }

    /// The lowest release at or above this version.
    pub(super) fn release(self) -> Self {
        Self { pre: String::new(), ..self }
    }
}

/// From `low`, itself included, up to `high`, itself excluded; without `high` there is no upper end.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) low: Point,
    pub(super) high: Option<Point>,
}

impl Span {
    /// Every version.
    pub(super) fn all() -> Self {
        Self { low: Point::lowest(), high: None }
    }

    /// From a point on; from past the largest number (`None`) on, there is nothing.
    pub(super) fn from(low: Option<Point>) -> Self {
        match low {
            Some(low) => Self { low, high: None },
            None => Self { low: Point::lowest(), high: Some(Point::lowest()) },
        }
    }

    pub(super) fn contains(&self, version: &Version<'_>) -> bool {
        self.low.version() <= *version && self.high.as_ref().is_none_or(|high| *version < high.version())
    }

    /// What both have in common.
    pub(super) fn and(self, other: Self) -> Self {
        let low = if other.low.version() > self.low.version() { other.low } else { self.low };
        let high = match (self.high, other.high) {
            (Some(a), Some(b)) => Some(if a.version() < b.version() { a } else { b }),
            (a, b) => a.or(b),
        };
        Self { low, high }
    }
}
