//! `tagalong pins`: the fields that are held because somebody took a tag away. Runs the very turn that `run` would,
//! and writes nothing.

use super::settle::settle;
use crate::cli::{Global, Output, PinsArgs};
use crate::exit::Answer;
use crate::print;
use crate::wiring::{self, Place, Role, Wired};
use serde::Serialize;
use tagalong_engine::automation::{HeldSite, Pin, TurnReport};
use tagalong_engine::{Desk, Settings};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pinned {
    repository: String,
    branch: String,
    automation: String,
    file: String,
    line: u32,
    policy: String,
    holds: String,
    refused: String,
    commit: String,
    author: String,
    date: String,
    subject: String,
    lifted_by: String,
}

impl Pinned {
    fn new(turn: &TurnReport, held: &HeldSite, pin: &Pin) -> Self {
        Self {
            repository: turn.url.clone(),
            branch: turn.branch.clone(),
            automation: turn.automation.to_string(),
            file: held.path.to_string(),
            line: held.line,
            policy: held.policy.to_string(),
            holds: held.value.clone(),
            refused: pin.refused.clone(),
            commit: pin.commit.clone(),
            author: pin.author.clone(),
            date: format!("{:.0}", pin.authored),
            subject: pin.subject.clone(),
            lifted_by: pin.lifts.clone(),
        }
    }

    fn text(&self) -> String {
        let short: String = self.commit.chars().take(7).collect();
        format!(
            "{}:{} {} holds {}, refuses {}\n  since {short} ({}) by {}: {}\n  lifted by {}\n",
            self.file,
            self.line,
            self.policy,
            self.holds,
            self.refused,
            self.date,
            self.author,
            self.subject,
            self.lifted_by
        )
    }
}

pub(crate) async fn run(args: PinsArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings { dry_run: true, once: true, ..Settings::default() };
    match wiring::place(args.desk.dir.as_ref(), &args.cluster)? {
        Place::Folder(dir) => {
            let (wired, _) = wiring::folder(dir, &args.desk, &args.state, Role::Reader, settings)?;
            pins(&wired, global).await
        }
        Place::Cluster => {
            let wired = wiring::cluster(&args.cluster, &args.desk, &args.state, settings).await?;
            pins(&wired, global).await
        }
    }
}

async fn pins<D: Desk>(wired: &Wired<D>, global: &Global) -> anyhow::Result<Answer> {
    if settle(wired).await {
        return Ok(Answer::Interrupted);
    }
    let turns = wired.record.turns();
    let of = |turn: &TurnReport| -> Vec<Pinned> {
        let held = turn.plan.held.iter();
        held.filter_map(|held| Some(Pinned::new(turn, held, held.pin.as_ref()?))).collect()
    };
    let pins: Vec<Pinned> = turns.iter().flat_map(|turn| of(turn)).collect();
    match global.output {
        Output::Text if pins.is_empty() => print::story("no field is pinned\n"),
        Output::Text => print::text(&pins.iter().map(Pinned::text).collect::<String>())?,
        output => print::document(output, &serde_json::json!({"pins": pins}))?,
    }
    if !print::objects::all_ready(wired.context.desk.kinds()) {
        print::story(&print::objects::table(wired.context.desk.kinds()));
        return Ok(Answer::No);
    }
    Ok(Answer::Yes)
}
