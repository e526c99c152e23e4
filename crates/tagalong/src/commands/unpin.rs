//! `tagalong unpin`: lifts the pin of a field with a commit that changes no file and says so in a trailer. The next
//! run writes the field again.

use super::settle::settle;
use crate::cli::{Global, UnpinArgs};
use crate::exit::Answer;
use crate::explain::Target;
use crate::print;
use crate::wiring::{self, Place, Role, Wired};
use anyhow::{Context as _, bail};
use tagalong_engine::automation::{TurnReport, unpin};
use tagalong_engine::{Desk, Settings, wake};

pub(crate) async fn run(args: UnpinArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings { dry_run: true, ..Settings::default() };
    match wiring::place(args.desk.dir.as_ref(), &args.cluster)? {
        Place::Folder(dir) => {
            let (wired, _) = wiring::folder(dir, &args.desk, &args.state, Role::Reader, settings)?;
            lift(&wired, args.place, global).await
        }
        Place::Cluster => {
            let wired = wiring::cluster(&args.cluster, &args.desk, &args.state, settings).await?;
            lift(&wired, args.place, global).await
        }
    }
}

async fn lift<D: Desk>(wired: &Wired<D>, place: String, global: &Global) -> anyhow::Result<Answer> {
    let at = Target::Other(place.clone());
    if settle(wired).await {
        return Ok(Answer::Interrupted);
    }
    let (mut lifted, mut failed) = (Vec::new(), Vec::new());
    for turn in wired.record.turns() {
        let sites = pinned_at(&turn, &at);
        if sites.is_empty() {
            continue;
        }
        let automations = wired.context.desk.kinds().automations.state();
        let object = automations.iter().find(|object| wake::key_of(object.as_ref()) == turn.automation);
        let object = object.with_context(|| format!("ImageUpdateAutomation/{} is gone", turn.automation))?;
        match unpin(&wired.context, object, &sites).await {
            Ok(unpinned) => lifted.push(serde_json::json!({
                "repository": turn.url,
                "branch": unpinned.branch,
                "commit": unpinned.commit,
                "sites": sites,
            })),
            Err(why) => failed.push(format!("ImageUpdateAutomation/{}: {why}", turn.automation)),
        }
    }
    if lifted.is_empty() && !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    if lifted.is_empty() {
        print::story(&format!("{} is not pinned; `tagalong pins` lists what is\n", place));
        return Ok(Answer::No);
    }
    match global.output {
        crate::cli::Output::Text => {
            for one in &lifted {
                print::text(&format!("{}\n", one["commit"].as_str().unwrap_or_default()))?;
            }
        }
        output => print::document(output, &serde_json::json!({"lifted": lifted}))?,
    }
    // What was pushed was pushed, so this is no input that nothing was done for.
    for why in &failed {
        print::story(&format!("error: {why}\n"));
    }
    Ok(if failed.is_empty() { Answer::Yes } else { Answer::No })
}

/// The pins at a place, as the trailer that lifts them names them.
fn pinned_at(turn: &TurnReport, place: &Target) -> Vec<String> {
    let mut sites = Vec::new();
    for held in &turn.plan.held {
        let Some(pin) = &held.pin else { continue };
        let file = turn.files.iter().find(|file| file.path == held.path);
        let lines = file.into_iter().flat_map(|file| &file.scan.sites).filter(|site| {
            site.policy == held.policy && site.fields.iter().any(|field| field.line == held.line)
        });
        let mut lines = lines.flat_map(|site| &site.fields).map(|field| field.line);
        if lines.any(|line| place.is_place(held.path.as_str(), line)) && !sites.contains(&pin.site) {
            sites.push(pin.site.clone());
        }
    }
    sites
}
