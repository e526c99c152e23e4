//! One file per command. Each gives back its answer; what it cannot begin is an error, which is exit 2.

mod build;
mod check;
mod completion;
mod controller;
mod crds;
mod demo;
mod diff;
mod explain;
mod lint;
mod man;
mod pins;
mod plan;
mod run;
mod select;
mod settle;
mod tree;
mod unpin;

use crate::cli::{Cli, Command, Output};
use crate::exit::Answer;
use crate::print;

/// Runs the command that was asked for.
///
/// # Errors
/// Bad usage and invalid input: nothing was done.
pub(crate) async fn dispatch(cli: Cli) -> anyhow::Result<Answer> {
    let global = &cli.global;
    match cli.command {
        Command::Run(args) => run::run(args, global).await,
        Command::Plan(args) => plan::run(args, global).await,
        Command::Check(args) => tokio::select! {
            answer = check::run(args, global) => answer,
            _ = settle::stop_signal() => Ok(Answer::Interrupted),
        },
        Command::Explain(args) => explain::run(args, global).await,
        Command::Pins(args) => pins::run(args, global).await,
        Command::Unpin(args) => unpin::run(args, global).await,
        Command::Select(args) => select::run(args, global).await,
        Command::Lint(args) => lint::run(&args, global).await,
        Command::Build(args) => build::run(&args, global),
        Command::Diff(args) => diff::run(args, global).await,
        Command::Tree(args) => tree::run(args, global).await,
        Command::Demo(args) => demo::run(args, global).await,
        Command::Controller(args) => controller::run(*args).await,
        Command::Completion(args) => {
            print::one_form(global.output, Output::Text)?;
            completion::run(&args)
        }
        Command::Crds => {
            print::one_form(global.output, Output::Yaml)?;
            crds::run()
        }
        Command::Man => {
            print::one_form(global.output, Output::Text)?;
            man::run()
        }
    }
}
