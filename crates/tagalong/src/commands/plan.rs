//! `tagalong plan`: what `run` would write now, by the very same path, and nothing written.

use crate::cli::{Global, Output, PlanArgs};
use crate::exit::Answer;
use crate::wiring::{Role, wire};
use crate::{print, progress};
use std::sync::Arc;
use tagalong_engine::{Desk, Settings, wheel};

pub(crate) async fn run(args: PlanArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings { dry_run: true, ..Settings::default() };
    let wired = wire(&args.desk, &args.state, Role::Reader, settings)?;
    progress::shown(&wired.desk, wheel::once(Arc::clone(&wired.context))).await;
    let turns = wired.desk.turns();
    match global.output {
        Output::Text => {
            for turn in &turns {
                print::bytes(&print::diff::of_turn(turn))?;
                print::story(&print::plans::summary(turn));
            }
        }
        output => print::document(output, &print::plans::Plans::new(&turns))?,
    }
    let changes = turns.iter().any(|turn| !turn.changes.is_empty());
    if !print::objects::all_ready(wired.context.desk.kinds()) {
        print::story(&print::objects::table(wired.context.desk.kinds()));
        return Ok(Answer::No);
    }
    Ok(if args.exit_code && changes { Answer::No } else { Answer::Yes })
}
