//! The orderings: what each can compare, what it accepts, and which of two is better.
//!
//! A new ordering is one file under `order/` with the key it compares by, and its arms here. Used by `policy`.

mod alphabetical;
mod numerical;
mod semver;

use crate::{InvalidRange, Refusal, version::Version};
use alphabetical::Alphabetical;
use numerical::{Number, Numerical};
use semver::Semver;
use std::cmp::Ordering;

/// Which end of an order is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// The last is best: Z before A, 9 before 1. The default, as in Flux.
    #[default]
    Asc,
    /// The first is best.
    Desc,
}

/// `spec.policy` of an ImagePolicy, with the precedence between its fields already settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderSpec {
    /// The highest version within a range.
    Semver {
        /// A range in the grammar of Masterminds/semver 3.
        range: String,
    },
    /// By bytes.
    Alphabetical {
        /// Which end is best.
        order: Direction,
    },
    /// By value.
    Numerical {
        /// Which end is best.
        order: Direction,
    },
}

/// A compiled ordering.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    Semver(Semver),
    Alphabetical(Alphabetical),
    Numerical(Numerical),
}

/// What an ordering compares, read from the extracted text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'t> {
    Version(Version<'t>),
    Text(&'t str),
    Number(Number<'t>),
}

impl Order {
    pub(crate) fn compile(spec: &OrderSpec) -> Result<Self, InvalidRange> {
        Ok(match spec {
            OrderSpec::Semver { range } => Self::Semver(Semver::compile(range)?),
            OrderSpec::Alphabetical { order } => Self::Alphabetical(Alphabetical(*order)),
            OrderSpec::Numerical { order } => Self::Numerical(Numerical(*order)),
        })
    }

    /// Reads what this ordering compares, in or out of bounds.
    pub(crate) fn key<'t>(&self, text: &'t str) -> Result<Key<'t>, Refusal> {
        match self {
            Self::Semver(_) => Semver::key(text).map(Key::Version),
            Self::Alphabetical(_) => Ok(Key::Text(text)),
            Self::Numerical(_) => Numerical::key(text).map(Key::Number),
        }
    }

    /// Whether the key is within the bounds; only versions have any.
    pub(crate) fn admits(&self, key: &Key<'_>) -> Result<(), Refusal> {
        match (self, key) {
            (Self::Semver(order), Key::Version(version)) => order.admits(version),
            _ => Ok(()),
        }
    }

    /// How `a` stands to `b`; `Greater` is better. Keys of different orderings do not compare.
    pub(crate) fn compare(&self, a: &Key<'_>, b: &Key<'_>) -> Option<Ordering> {
        match (self, a, b) {
            (Self::Semver(_), Key::Version(a), Key::Version(b)) => Some(a.cmp(b)),
            (Self::Alphabetical(order), Key::Text(a), Key::Text(b)) => Some(order.compare(a, b)),
            (Self::Numerical(order), Key::Number(a), Key::Number(b)) => Some(order.compare(a, b)),
            _ => None,
        }
    }

    /// Whether anything can lie within the bounds.
    pub(crate) fn is_satisfiable(&self) -> bool {
        match self {
            Self::Semver(order) => order.is_satisfiable(),
            Self::Alphabetical(_) | Self::Numerical(_) => true,
        }
    }
}

impl Direction {
    fn turn(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Asc => ordering,
            Self::Desc => ordering.reverse(),
        }
    }
}
