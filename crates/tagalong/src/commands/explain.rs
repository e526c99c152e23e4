//! `tagalong explain`: why. For each policy asked for, the chain from listing to verdict, and what that means at
//! each of its sites. Runs the very turn that `run` would, and writes nothing.

use super::settle::settle;
use crate::cli::{ExplainArgs, Global, Output};
use crate::exit::Answer;
use crate::explain::{Explanation, Target, explain};
use crate::print;
use crate::wiring::{Role, wire};
use tagalong_engine::Settings;

pub(crate) async fn run(args: ExplainArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings { dry_run: true, ..Settings::default() };
    let wired = wire(&args.desk, &args.state, Role::Reader, settings)?;
    let target = args.target.as_deref().map(Target::parse).transpose()?;
    if settle(&wired).await {
        return Ok(Answer::Interrupted);
    }
    let explanations = explain(&wired.context, &wired.desk.record().turns(), target.as_ref()).await?;
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
