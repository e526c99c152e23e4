//! Applying to a real API server, through a counter that every request passes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod apply;
mod below;
mod counter;
mod drift;
mod place;
mod prune;
mod restart;
mod scale;
mod stages;
mod waiting;
