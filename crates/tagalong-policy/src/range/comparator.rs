//! What one comparator (`^1.2`, `!=3.x`) means on the line of versions.
//!
//! The corners are the reference's: `~0.0.0` and `*` admit everything, `^*` admits 0.0.0 alone, `<=*` admits 0.0.x.

use super::point::{Point, Span};
use crate::version::Version;

/// The operators, their aliases folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// Also written as nothing.
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    /// `~` and `~>`.
    Tilde,
    Caret,
}

/// How much of a version is written out; a wildcard counts as not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// `*`
    Nothing,
    /// `1`, `1.x`
    Major,
    /// `1.2`, `1.2.*`
    Minor,
    /// `1.2.3`
    Patch,
}

/// A version with parts left out; those are 0 in `at`.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    pub(super) at: Point,
    pub(super) precision: Precision,
}

/// What `!=` cuts out.
#[derive(Debug, Clone)]
pub(super) enum Hole {
    Stretch(Span),
    /// `!=1.2` cuts only the versions of 1.2 with the very pre-release that it names (or none), as the reference does.
    Minor(Point),
}

impl Partial {
    /// The versions that the operator admits; for `NotEqual` see [`Self::hole`].
    pub(super) fn span(self, operator: Operator) -> Span {
        let Self { at, precision } = self;
        match operator {
            Operator::Equal if precision == Precision::Patch => below(at.next()).and(Span::from(Some(at))),
            Operator::Equal | Operator::Tilde => tilde(at, precision),
            Operator::Caret => caret(at, precision),
            Operator::Greater => Span::from(match precision {
                Precision::Patch | Precision::Nothing => at.next(),
                Precision::Major => at.next_major(),
                Precision::Minor => at.next_minor(),
            }),
            Operator::GreaterEqual => Span::from(Some(at)),
            Operator::Less => below(Some(at)),
            Operator::LessEqual => below(match precision {
                Precision::Patch => at.next(),
                Precision::Major => at.next_major(),
                Precision::Minor | Precision::Nothing => at.next_minor(),
            }),
            Operator::NotEqual => Span::all(),
        }
    }

    /// What `!=` cuts out.
    pub(super) fn hole(self) -> Hole {
        let Self { at, precision } = self;
        match precision {
            Precision::Patch | Precision::Nothing => {
                Hole::Stretch(below(at.next()).and(Span::from(Some(at))))
            }
            Precision::Major => Hole::Stretch(below(at.next_major()).and(Span::from(Some(at.major_floor())))),
            Precision::Minor => Hole::Minor(at),
        }
    }
}

impl Hole {
    pub(super) fn contains(&self, version: &Version<'_>) -> bool {
        match self {
            Self::Stretch(span) => span.contains(version),
            Self::Minor(at) => {
                (at.major, at.minor, at.pre.as_str()) == (version.major, version.minor, version.pre)
            }
        }
    }

    /// The first version past the hole for one that fell into it.
    pub(super) fn end(&self, inside: &Point) -> Option<Point> {
        match self {
            Self::Stretch(span) => span.high.clone(),
            // A release leaves the hole with the minor, a pre-release with the next identifier.
            Self::Minor(_) if inside.pre.is_empty() => inside.next_minor(),
            Self::Minor(_) => inside.next(),
        }
    }
}

/// Everything below `high`.
fn below(high: Option<Point>) -> Span {
    Span { high, ..Span::all() }
}

fn tilde(at: Point, precision: Precision) -> Span {
    let zero = (at.major, at.minor, at.patch) == (0, 0, 0);
    let high = match precision {
        Precision::Patch | Precision::Nothing if zero => None,
        Precision::Major => at.next_major(),
        _ => at.next_minor(),
    };
    Span { low: at, high }
}

fn caret(at: Point, precision: Precision) -> Span {
    let high = if at.major > 0 || precision == Precision::Major {
        at.next_major()
    } else if at.minor > 0 || precision == Precision::Minor {
        at.next_minor()
    } else {
        at.next_patch()
    };
    Span { low: at, high }
}
