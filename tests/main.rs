//! The built binary against real servers: one test binary, one file per promise.

mod commands;
mod story;
mod support;
