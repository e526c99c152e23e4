//! The project's own chores: `cargo xtask COMMAND`. One file for each command.
//!
//! ```text
//! test      the test bed, then every test of the workspace
//! tidy      what the house rules promise, checked
//! gen       files made from the program itself; --check fails when one is out of date
//! bench     budgets, measured beside what people use today
//! torture   the property and crash tests, for as long as you like
//! ```

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command of the project's own talks to its caller"
)]

mod bench;
mod binary;
mod generate;
mod measure;
mod test;
mod tidy;
mod torture;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prepare the test bed, then run every test of the workspace
    Test(test::Args),
    /// Check what the house rules promise
    Tidy,
    /// Write the files that are made from the program itself
    Gen(generate::Args),
    /// Measure against the budgets
    Bench(bench::Args),
    /// Run the property and crash tests over and over
    Torture(torture::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Tidy => tidy::run(),
        Command::Gen(args) => generate::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Torture(args) => torture::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
