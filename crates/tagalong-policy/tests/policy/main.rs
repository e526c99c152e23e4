//! The crate from outside: tables of decisions, laws that hold for all tags, and the catalogue of `policies/`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod catalogue;
mod decide;
mod gates;
mod laws;

use tagalong_policy::{Direction, FilterSpec, OrderSpec, Policy};

fn semver(range: &str) -> OrderSpec {
    OrderSpec::Semver { range: range.to_owned() }
}

fn alphabetical(order: Direction) -> OrderSpec {
    OrderSpec::Alphabetical { order }
}

fn numerical(order: Direction) -> OrderSpec {
    OrderSpec::Numerical { order }
}

fn policy(order: &OrderSpec) -> Policy {
    Policy::compile(order, None).unwrap()
}

fn filtered(order: &OrderSpec, pattern: &str, extract: &str) -> Policy {
    let filter = FilterSpec { pattern: pattern.to_owned(), extract: Some(extract.to_owned()) };
    Policy::compile(order, Some(&filter)).unwrap()
}
