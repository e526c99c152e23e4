//! The built binary against real servers: one test binary, one file per promise.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(clippy::type_complexity, reason = "a table of rows reads best with its type beside it")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod build;
mod cluster;
mod commands;
mod crash;
mod demo;
mod docs;
mod examples;
mod faults;
mod lint;
mod pins;
mod pulls;
mod real;
mod rows;
mod running;
mod sealed;
mod secrets;
mod story;
mod support;
mod synced;
mod when;
