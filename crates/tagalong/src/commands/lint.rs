//! `tagalong lint`: what is wrong with manifests and marked files, told in the form that was asked for.

use crate::cli::{Global, LintArgs, Output};
use crate::exit::Answer;
use crate::lint::{Severity, form, lint};
use crate::print;

/// Bad input here is what `lint` is for: everything but a path that does not exist is an answer (RULES 21).
pub(crate) fn run(args: &LintArgs, global: &Global) -> anyhow::Result<Answer> {
    let report = lint(&args.paths)?;
    match global.output {
        Output::Text => print::text(&form::text::text(&report))?,
        Output::Github => print::text(&form::github::commands(&report))?,
        Output::Sarif => print::document(Output::Json, &form::sarif::log(&report))?,
        Output::Json | Output::Yaml => print::document(global.output, &form::json::document(&report))?,
    }
    print::story(&form::text::sum(&report));
    Ok(if report.count(Severity::Error) > 0 { Answer::No } else { Answer::Yes })
}
