//! `tagalong completion`: the shell's completion script, made from the command line's own description.

use crate::cli::{Cli, CompletionArgs, Shell};
use crate::exit::Answer;
use crate::print;
use clap::CommandFactory;

pub(crate) fn run(args: &CompletionArgs) -> anyhow::Result<Answer> {
    let shell = match args.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tagalong", &mut script);
    print::bytes(&script)?;
    Ok(Answer::Yes)
}
