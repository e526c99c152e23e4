//! `tagalong plan`: what `run` would write now, by the very same path, and nothing written.

use super::settle::settle;
use crate::cli::{Global, Output, PlanArgs};
use crate::exit::Answer;
use crate::print;
use crate::print::plans::Plans;
use crate::wiring::{Role, wire};
use tagalong_engine::{Desk, Settings};

pub(crate) async fn run(args: PlanArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings { dry_run: true, ..Settings::default() };
    let wired = wire(&args.desk, &args.state, Role::Reader, settings)?;
    if settle(&wired).await {
        return Ok(Answer::Interrupted);
    }
    let turns = wired.desk.record().turns();
    match global.output {
        Output::Text => {
            print::bytes(&print::diff::of_turns(&turns))?;
            for turn in &turns {
                print::story(&print::plans::summary(turn));
            }
        }
        output => print::document(output, &Plans::new(&turns))?,
    }
    let changes = turns.iter().any(|turn| !turn.changes.is_empty());
    if !print::objects::all_ready(wired.context.desk.kinds()) {
        print::story(&print::objects::table(wired.context.desk.kinds()));
        return Ok(Answer::No);
    }
    Ok(if args.exit_code && changes { Answer::No } else { Answer::Yes })
}
