//! `tagalong explain`: why. For each policy asked for, the chain from listing to verdict, and what that means at
//! each of its sites. Runs the very turn that `run` would, and writes nothing. For a Kustomization or an object that one
//! has applied: why it is not healthy, as the cluster has it.

use super::settle::settle;
use crate::cli::{ExplainArgs, Global, Output};
use crate::exit::Answer;
use crate::explain::synced::{self, Asked};
use crate::explain::{Explanation, Target, explain};
use crate::print;
use crate::wiring::{self, Place, Role, Wired};
use anyhow::bail;
use std::path::Path;
use tagalong_engine::{Desk, Settings};

pub(crate) async fn run(mut args: ExplainArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    if args.target.is_none() {
        args.target =
            args.desk.dir.take_if(|dir| is_target(dir)).map(|dir| dir.to_string_lossy().into_owned());
    }
    if let Some(asked) = args.target.as_deref().and_then(Asked::parse) {
        return tell_synced(&asked, &args, global).await;
    }
    let target = |namespace| args.target.as_deref().map(|text| Target::parse(text, namespace)).transpose();
    let settings = Settings { dry_run: true, once: true, ..Settings::default() };
    match wiring::place(args.desk.dir.as_ref(), &args.cluster)? {
        Place::Folder(dir) => {
            let (wired, _) = wiring::folder(dir, &args.desk, &args.state, Role::Reader, settings)?;
            tell(&wired, target("default")?.as_ref(), global).await
        }
        Place::Cluster => {
            let wired = wiring::cluster(&args.cluster, &args.desk, &args.state, settings).await?;
            let namespace = wired.context.desk.namespace().unwrap_or("default");
            tell(&wired, target(namespace)?.as_ref(), global).await
        }
    }
}

/// Why a Kustomization, or an object that one has applied, is as it is.
async fn tell_synced(asked: &Asked, args: &ExplainArgs, global: &Global) -> anyhow::Result<Answer> {
    if args.desk.dir.is_some() {
        bail!("{asked} is explained by the cluster that it is applied to: leave DIR out");
    }
    let synced = synced::explain(asked, &args.cluster).await?;
    match global.output {
        Output::Text => print::text(&synced.iter().map(ToString::to_string).collect::<String>())?,
        output => print::document(output, &serde_json::json!({"kustomizations": synced}))?,
    }
    Ok(if synced.iter().all(|one| one.is_well(asked)) { Answer::Yes } else { Answer::No })
}

/// Whether the first argument is a TARGET in a cluster: it names nothing on this machine, nor looks as if it should.
fn is_target(dir: &Path) -> bool {
    !dir.starts_with(".") && !dir.starts_with("..") && !dir.is_absolute() && !dir.exists()
}

async fn tell<D: Desk>(wired: &Wired<D>, target: Option<&Target>, global: &Global) -> anyhow::Result<Answer> {
    if settle(wired).await {
        return Ok(Answer::Interrupted);
    }
    let explanations = explain(&wired.context, &wired.record.turns(), target).await?;
    match global.output {
        Output::Text => {
            for explanation in &explanations {
                print::text(&explanation.to_string())?;
            }
        }
        output => print::document(output, &serde_json::json!({"policies": explanations}))?,
    }
    Ok(if explanations.iter().all(Explanation::has_answer) { Answer::Yes } else { Answer::No })
}
