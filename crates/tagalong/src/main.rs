//! The `tagalong` binary: parses the command line, sets up logging, runs one command, turns its answer into an
//! exit status. What a command does is in `commands`, one file each.
#![allow(rustdoc::broken_intra_doc_links, reason = "help texts are plain text to clap, brackets and all")]

mod cli;
mod commands;
mod demo;
mod elsewhere;
mod exit;
mod explain;
mod lint;
mod listen;
mod print;
mod progress;
mod state;
mod telemetry;
mod version;
mod wiring;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// After a large turn the system's allocator keeps about twice what is in use; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    telemetry::init(cli.log_level(), cli.log_format());
    // Another library may have chosen first, with the same provider.
    _ = rustls::crypto::ring::default_provider().install_default().is_ok();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}")),
    };
    let answer = runtime.block_on(commands::dispatch(cli));
    // A scan or fetch that a finished command no longer waits for must not hold the process up.
    runtime.shutdown_background();
    match answer {
        Ok(answer) => answer.into(),
        Err(error) => refuse(&format!("{error:#}")),
    }
}

/// Bad usage, unreadable or invalid input: nothing was done.
fn refuse(message: &str) -> ExitCode {
    // With stderr closed there is nobody left to tell.
    writeln!(std::io::stderr(), "error: {message}").unwrap_or_default();
    ExitCode::from(exit::BAD_INPUT)
}
