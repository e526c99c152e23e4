//! Mirrors, commits and pushes against real Git servers, judged by the real `git`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test by panicking")]

mod archive;
mod hostile;
mod http;
mod https;
mod local;
mod mirror;
mod push;
mod signing;
mod ssh;
mod support;
mod verifying;
