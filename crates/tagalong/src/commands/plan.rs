//! `tagalong plan`: what `run` or the controller would write now, by the very same path, and nothing written.

use super::settle::settle;
use crate::cli::{Global, Output, PlanArgs};
use crate::exit::Answer;
use crate::print;
use crate::print::plans::Plans;
use crate::wiring::{self, Place, Role, Wired};
use tagalong_engine::{Desk, Settings};

pub(crate) async fn run(args: PlanArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings { dry_run: true, once: true, ..Settings::default() };
    match wiring::place(args.desk.dir.as_ref(), &args.cluster)? {
        Place::Folder(dir) => {
            let (wired, _) = wiring::folder(dir, &args.desk, &args.state, Role::Reader, settings)?;
            plan(&wired, global, args.exit_code).await
        }
        Place::Cluster => {
            let wired = wiring::cluster(&args.cluster, &args.desk, &args.state, settings).await?;
            plan(&wired, global, args.exit_code).await
        }
    }
}

async fn plan<D: Desk>(wired: &Wired<D>, global: &Global, exit_code: bool) -> anyhow::Result<Answer> {
    if settle(wired).await {
        return Ok(Answer::Interrupted);
    }
    let turns = wired.record.turns();
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
    Ok(if exit_code && changes { Answer::No } else { Answer::Yes })
}
