//! Version ranges in the grammar of Masterminds/semver 3, which is what Flux's users write. Used by `order::semver`.
//!
//! Every comparator is one stretch of the version line, so an AND group is the stretch that all of them share, less
//! the holes that `!=` cuts. What remains empty is a range that nothing can ever satisfy, which `lint` reports.

mod comparator;
mod parse;
mod point;

use crate::{Refusal, version::Version};
use comparator::Hole;
use point::{Point, Span};

/// Far above anything written by hand; keeps every check of a version short.
const MAX_RANGE: usize = 4096;

/// The range does not follow the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "improper constraint: {part:?}: {why}; write for example `>=1.2.0 <2.0.0`, `1.x`, `~1.2` or `^1.2.3 || ^2.0.0`"
)]
pub struct InvalidRange {
    /// The part between two `||` that is wrong.
    pub part: String,
    /// What is wrong with it.
    pub why: String,
}

/// Groups joined by `||`.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    groups: Vec<Group>,
}

/// Comparators that must all hold.
#[derive(Debug, Clone)]
struct Group {
    span: Span,
    holes: Vec<Hole>,
    /// Whether some comparator names a pre-release; then pre-releases of any version may match.
    pre_releases: bool,
}

impl Range {
    /// # Errors
    /// [`InvalidRange`] names the part that is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidRange> {
        if text.len() > MAX_RANGE {
            let why = format!("the range is {} bytes long; at most {MAX_RANGE} are allowed", text.len());
            return Err(InvalidRange { part: text.chars().take(40).collect(), why });
        }
        text.split("||").map(parse::group).collect::<Result<_, _>>().map(|groups| Self { groups })
    }

    /// Whether the range admits this version, and if not, why.
    pub(crate) fn admits(&self, version: &Version<'_>) -> Result<(), Refusal> {
        let mut refusal = Refusal::OutOfRange;
        for group in &self.groups {
            if group.contains(version) {
                if version.pre.is_empty() || group.pre_releases {
                    return Ok(());
                }
                refusal = Refusal::PreRelease;
            }
        }
        Err(refusal)
    }

    /// Whether any version at all is within the range.
    pub(crate) fn is_satisfiable(&self) -> bool {
        self.groups.iter().any(|group| group.lowest().is_some())
    }
}

impl Group {
    fn contains(&self, version: &Version<'_>) -> bool {
        self.span.contains(version) && !self.holes.iter().any(|hole| hole.contains(version))
    }

    /// The lowest version that the group admits: the span's start, moved out of every hole it falls into.
    fn lowest(&self) -> Option<Point> {
        let admissible = |point: Point| if self.pre_releases { point } else { point.release() };
        let mut candidate = admissible(self.span.low.clone());
        loop {
            if !self.span.contains(&candidate.version()) {
                return None;
            }
            match self.holes.iter().find(|hole| hole.contains(&candidate.version())) {
                None => return Some(candidate),
                Some(hole) => candidate = admissible(hole.end(&candidate)?),
            }
        }
    }
}

#[cfg(test)]
mod tests;
