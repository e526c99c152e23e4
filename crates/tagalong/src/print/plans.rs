//! What turns planned, held and could not read: the sums on stderr and the document of `plan -o json`.

mod pulls;

use pulls::Pull;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;
use tagalong_engine::automation::{Revert, TurnOutcome, TurnReport, WaitingTag};

/// `plan -o json`.
#[derive(Serialize)]
pub(crate) struct Plans {
    repositories: Vec<Repository>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    url: String,
    branch: String,
    base: String,
    automations: Vec<String>,
    edits: Vec<Edit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pull_requests: Vec<Pull>,
    held: Vec<Held>,
    problems: Vec<Problem>,
    waiting: Vec<Waiting>,
    waits: Vec<Waits>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    takes_back: Vec<TakenBack>,
}

/// A commit that is taken back because something was not healthy with it.
#[derive(Serialize)]
struct TakenBack {
    commit: String,
    kustomization: String,
    revision: String,
    failing: Vec<String>,
    #[serde(rename = "leftAlone")]
    left_alone: Vec<String>,
}

#[derive(Serialize)]
struct Edit {
    file: String,
    line: u32,
    column: u32,
    from: String,
    to: String,
    policy: String,
}

#[derive(Serialize, PartialEq)]
struct Held {
    file: String,
    line: u32,
    policy: String,
    reason: &'static str,
    message: String,
}

#[derive(Serialize, PartialEq)]
struct Problem {
    file: String,
    line: u32,
    reason: &'static str,
    message: String,
}

#[derive(Serialize, PartialEq)]
struct Waiting {
    policy: String,
    tag: String,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// An automation that is not to write its edits now.
#[derive(Serialize)]
struct Waits {
    automation: String,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl Plans {
    /// The document: one entry per repository and branch, in the order of automations.
    pub(crate) fn new(turns: &[Arc<TurnReport>]) -> Self {
        let mut repositories: Vec<Repository> = Vec::new();
        for turn in turns {
            let new = Repository::new(turn);
            match repositories.iter_mut().find(|known| (&known.url, &known.branch) == (&new.url, &new.branch))
            {
                Some(known) => known.join(new),
                None => repositories.push(new),
            }
        }
        Self { repositories }
    }
}

impl Repository {
    /// Another automation of the same branch; what both saw is said once.
    fn join(&mut self, other: Self) {
        self.automations.extend(other.automations);
        self.waits.extend(other.waits);
        self.takes_back.extend(other.takes_back);
        self.edits.extend(other.edits);
        self.pull_requests.extend(other.pull_requests);
        for held in other.held {
            if !self.held.contains(&held) {
                self.held.push(held);
            }
        }
        for problem in other.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        for waiting in other.waiting {
            if !self.waiting.contains(&waiting) {
                self.waiting.push(waiting);
            }
        }
    }

    fn new(turn: &TurnReport) -> Self {
        let plan = &turn.plan;
        Self {
            url: turn.url.clone(),
            branch: turn.branch.clone(),
            base: turn.base.clone(),
            automations: vec![turn.automation.to_string()],
            edits: plan
                .edits
                .iter()
                .map(|edit| Edit {
                    file: edit.path.to_string(),
                    line: edit.line,
                    column: edit.column,
                    from: edit.from.clone(),
                    to: edit.to.clone(),
                    policy: edit.target.to_string(),
                })
                .collect(),
            pull_requests: turn.pulls.iter().map(Pull::new).collect(),
            held: plan
                .held
                .iter()
                .map(|held| Held {
                    file: held.path.to_string(),
                    line: held.line,
                    policy: held.policy.to_string(),
                    reason: held.reason.as_str(),
                    message: held.message.clone(),
                })
                .collect(),
            problems: plan
                .problems
                .iter()
                .map(|problem| Problem {
                    file: problem.path.to_string(),
                    line: problem.line,
                    reason: problem.reason,
                    message: problem.message.clone(),
                })
                .collect(),
            waiting: plan.waiting.iter().map(Waiting::new).collect(),
            waits: match &turn.outcome {
                TurnOutcome::Waiting(wait) => vec![Waits {
                    automation: turn.automation.to_string(),
                    reason: wait.reason.as_str(),
                    message: wait.message.clone(),
                    until: wait.until.map(|until| format!("{until:.0}")),
                }],
                _ => Vec::new(),
            },
            takes_back: turn.takes_back().into_iter().map(TakenBack::new).collect(),
        }
    }
}

impl TakenBack {
    fn new(revert: &Revert) -> Self {
        Self {
            commit: revert.commit.clone(),
            kustomization: revert.kustomization.to_string(),
            revision: revert.revision.clone(),
            failing: revert.failing.clone(),
            left_alone: revert.left_alone.clone(),
        }
    }
}

impl Waiting {
    fn new(waiting: &WaitingTag) -> Self {
        Self {
            policy: waiting.policy.to_string(),
            tag: waiting.tag.clone(),
            reason: waiting.reason,
            message: waiting.message.clone(),
            until: waiting.until.map(|until| format!("{until:.0}")),
        }
    }
}

/// The sum of one turn for people: what is (or would be) written, what is held and why, what nobody serves.
pub(crate) fn summary(turn: &TurnReport) -> String {
    let plan = &turn.plan;
    let mut out = String::new();
    let fields = plan.edits.len();
    let files = turn.changes.len();
    let doing = match &turn.outcome {
        TurnOutcome::Planned { .. } => {
            format!("{} in {} would be written", count(fields, "field"), count(files, "file"))
        }
        TurnOutcome::Pushed { commit, .. } => {
            let short: String = commit.chars().take(7).collect();
            format!("{} in {} written, pushed as {short}", count(fields, "field"), count(files, "file"))
        }
        TurnOutcome::Waiting(wait) => {
            let (fields, files) = (count(fields, "field"), count(files, "file"));
            format!("{fields} in {files} not written yet, {}: {}", wait.reason, wait.message)
        }
        TurnOutcome::AlreadyPushed { commit } => {
            let short: String = commit.chars().take(7).collect();
            format!("{} already on the branch as {short}", count(fields, "field"))
        }
        TurnOutcome::ForeignCommits { commit } => {
            let short: String = commit.chars().take(7).collect();
            format!("ForeignCommits: the branch holds {short}, which is not ours, and is left alone")
        }
        TurnOutcome::PullRequests { .. } if fields == 0 => "nothing left to write".to_owned(),
        TurnOutcome::PullRequests { planned } => {
            let done = if *planned { "would be" } else { "are" };
            format!("{} in {} {done} in pull requests", count(fields, "field"), count(files, "file"))
        }
        TurnOutcome::UpToDate => format!("up to date, {} looked at", count(plan.sites, "marked site")),
    };
    // Writing to a String cannot fail.
    _ = writeln!(out, "{} {} ({}): {doing}", turn.url, turn.branch, turn.automation).is_ok();
    if let Some(revert) = turn.takes_back() {
        _ = writeln!(out, "  takes {} back: {}", revert.commit, revert.reason()).is_ok();
    }
    for pull in &turn.pulls {
        _ = writeln!(out, "  {}", pulls::line(pull, turn)).is_ok();
    }
    for held in &plan.held {
        let line = format!("  held {}:{} {}: {}", held.path, held.line, held.reason.as_str(), held.message);
        _ = writeln!(out, "{line}").is_ok();
    }
    for waiting in &plan.waiting {
        let line = format!("  waiting {} {}: {}", waiting.policy, waiting.reason, waiting.message);
        _ = writeln!(out, "{line}").is_ok();
    }
    for problem in &plan.problems {
        let line =
            format!("  problem {}:{} {}: {}", problem.path, problem.line, problem.reason, problem.message);
        _ = writeln!(out, "{line}").is_ok();
    }
    out
}

/// `1 field`, `2 fields`.
pub(crate) fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
