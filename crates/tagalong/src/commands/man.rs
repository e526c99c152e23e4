//! `tagalong man`: one manual page with every command, made from the command line's own description.

use crate::cli::Cli;
use crate::exit::Answer;
use crate::print;
use clap::CommandFactory;

pub(crate) fn run() -> anyhow::Result<Answer> {
    let mut page = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands() {
        let name = format!("tagalong-{}", sub.get_name());
        let man = clap_mangen::Man::new(sub.clone().name(name));
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_options_section(&mut page)?;
        man.render_extra_section(&mut page)?;
    }
    print::bytes(&page)?;
    Ok(Answer::Yes)
}
