//! What a turn did, or would do, about pull requests: a line for people, an entry of `plan -o json`.

use serde::Serialize;
use tagalong_engine::automation::{PullAction, PullTurn, TurnOutcome, TurnReport};

/// One pull request in `plan -o json`.
#[derive(Serialize)]
pub(super) struct Pull {
    branch: String,
    title: String,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    policies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Pull {
    pub(super) fn new(pull: &PullTurn) -> Self {
        let (action, why) = match &pull.action {
            PullAction::Opened => ("Open", None),
            PullAction::Refreshed => ("Refresh", None),
            PullAction::Kept => ("Keep", None),
            PullAction::LeftAlone { commit } => {
                ("LeaveAlone", Some(format!("commit {commit} on its branch is not ours")))
            }
            PullAction::Waiting { why } => ("Wait", Some(why.clone())),
            PullAction::Failed { why } => ("Fail", Some(why.clone())),
            PullAction::Closed { why } => ("Close", Some(why.clone())),
        };
        Self {
            branch: pull.branch.clone(),
            title: pull.title.clone(),
            action,
            why,
            policies: pull.policies.iter().map(ToString::to_string).collect(),
            number: pull.number,
            url: pull.url.clone(),
        }
    }
}

/// One line for people.
pub(super) fn line(pull: &PullTurn, turn: &TurnReport) -> String {
    let planned = matches!(turn.outcome, TurnOutcome::PullRequests { planned: true });
    let name = pull.url.clone().unwrap_or_else(|| format!("branch {}", pull.branch));
    let done = |word: &str| if planned { format!("would be {word}") } else { word.to_owned() };
    let doing = match &pull.action {
        PullAction::Opened => done("opened"),
        PullAction::Refreshed => done("refreshed"),
        PullAction::Kept => "stands".to_owned(),
        PullAction::LeftAlone { commit } => {
            let short: String = commit.chars().take(7).collect();
            format!("ForeignCommits: its branch holds {short}, which is not ours, and is left alone")
        }
        PullAction::Waiting { why } => format!("PullRequestLimit: waits, {why}"),
        PullAction::Failed { why } => format!("PullRequestFailed: {why}"),
        PullAction::Closed { why } => format!("{}, {why}", done("closed")),
    };
    let notes: String = pull.notes.iter().map(|note| format!("; {note}")).collect();
    format!("pull request \"{}\" ({name}): {doing}{notes}", pull.title)
}
