//! `GET /observe` of a controller that writes nothing: what it selected and would have pushed, beside what the
//! controller that does write put into the same objects. Text for people, JSON with `?format=json`.

use crate::print;
use axum::extract::Query;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use tagalong_api::condition::{READY, find};
use tagalong_api::{ImagePolicy, ImageRepository, ImageUpdateAutomation};
use tagalong_cluster::ClusterDesk;
use tagalong_engine::automation::{TurnOutcome, TurnReport};
use tagalong_engine::wake::key_of;

/// Pushes that are remembered.
const REMEMBERED: usize = 100;

/// What would have been pushed, and the desk that both sides are read from. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Observer {
    desk: ClusterDesk,
    pushes: Arc<Mutex<VecDeque<Push>>>,
}

/// `?format=json`
#[derive(Deserialize)]
pub(super) struct Asked {
    format: Option<String>,
}

/// The whole answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Observed {
    repositories: Vec<Pair>,
    policies: Vec<Pair>,
    automations: Vec<Pair>,
    /// What would have been pushed since the process began, oldest first.
    would_have_pushed: Vec<Push>,
    /// The last turn of each automation: what it would write now, what it holds and why.
    now: print::plans::Plans,
}

/// One object from both sides.
#[derive(Serialize)]
struct Pair {
    object: String,
    ours: Side,
    theirs: Side,
    /// Whether both decided the same.
    same: bool,
}

/// What one side made of an object.
#[derive(Serialize, PartialEq, Eq)]
struct Side {
    /// The number of tags, the selected image, the last pushed commit.
    decided: Option<String>,
    ready: String,
    message: String,
}

/// A push that was not made.
#[derive(Clone, Serialize, PartialEq, Eq)]
struct Push {
    time: Timestamp,
    automation: String,
    url: String,
    branch: String,
    base: String,
    edits: Vec<String>,
}

impl Observer {
    pub(crate) fn new(desk: ClusterDesk) -> Self {
        Self { desk, pushes: Arc::default() }
    }

    /// Remembers a turn that would have pushed something; the same again is not another push.
    pub(crate) fn take(&self, turn: &TurnReport, time: Timestamp) {
        let writes = match turn.outcome {
            TurnOutcome::Planned { .. } => true,
            TurnOutcome::PullRequests { .. } => !turn.plan.edits.is_empty(),
            _ => false,
        };
        if !writes {
            return;
        }
        let edit = |edit: &tagalong_engine::automation::PlannedEdit| {
            format!("{}:{} {} -> {} ({})", edit.path, edit.line, edit.from, edit.to, edit.target)
        };
        let push = Push {
            time,
            automation: turn.automation.to_string(),
            url: turn.url.clone(),
            branch: turn.branch.clone(),
            base: turn.base.clone(),
            edits: turn.plan.edits.iter().map(edit).collect(),
        };
        let mut pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        let last = pushes.iter().rev().find(|known| known.automation == push.automation);
        if last.is_some_and(|last| Push { time, ..last.clone() } == push) {
            return;
        }
        if pushes.len() >= REMEMBERED {
            pushes.pop_front();
        }
        pushes.push_back(push);
    }

    /// The answer to one question.
    pub(super) fn answer(&self, Query(asked): &Query<Asked>) -> anyhow::Result<(&'static str, String)> {
        let observed = self.observed();
        Ok(match asked.format.as_deref() {
            Some("json") => ("application/json", serde_json::to_string_pretty(&observed)? + "\n"),
            _ => ("text/plain; charset=utf-8", observed.text()),
        })
    }

    fn observed(&self) -> Observed {
        let beside = self.desk.beside();
        let pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        Observed {
            repositories: sorted(beside.repositories.iter().map(|(ours, theirs)| {
                Pair::new(
                    format!("ImageRepository/{}", key_of(ours.as_ref())),
                    scanned(ours),
                    scanned(theirs),
                )
            })),
            policies: sorted(beside.policies.iter().map(|(ours, theirs)| {
                Pair::new(format!("ImagePolicy/{}", key_of(ours.as_ref())), selected(ours), selected(theirs))
            })),
            automations: sorted(beside.automations.iter().map(|(ours, theirs)| {
                let name = format!("ImageUpdateAutomation/{}", key_of(ours.as_ref()));
                Pair::new(name, pushed(ours), pushed(theirs))
            })),
            would_have_pushed: pushes.iter().cloned().collect(),
            now: print::plans::Plans::new(&self.desk.record().turns()),
        }
    }
}

fn sorted(pairs: impl Iterator<Item = Pair>) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = pairs.collect();
    pairs.sort_by(|a, b| a.object.cmp(&b.object));
    pairs
}

fn side(decided: Option<String>, conditions: &[Condition]) -> Side {
    let ready = find(conditions, READY);
    Side {
        decided,
        ready: ready.map_or_else(|| "Unknown".to_owned(), |ready| ready.status.clone()),
        message: ready.map(|ready| ready.message.clone()).unwrap_or_default(),
    }
}

fn scanned(object: &ImageRepository) -> Side {
    let status = object.status.as_ref();
    let scan = status.and_then(|status| status.last_scan_result.as_ref());
    side(
        scan.map(|scan| format!("{} tags", scan.tag_count)),
        status.map_or(&[][..], |status| &status.conditions),
    )
}

fn selected(object: &ImagePolicy) -> Side {
    let status = object.status.as_ref();
    let latest = status.and_then(|status| status.latest_ref.as_ref());
    side(latest.map(ToString::to_string), status.map_or(&[][..], |status| &status.conditions))
}

fn pushed(object: &ImageUpdateAutomation) -> Side {
    let status = object.status.as_ref();
    let commit = status.and_then(|status| status.last_push_commit.clone());
    side(commit, status.map_or(&[][..], |status| &status.conditions))
}

impl Pair {
    fn new(object: String, ours: Side, theirs: Side) -> Self {
        let same = ours.decided == theirs.decided && ours.ready == theirs.ready;
        Self { object, ours, theirs, same }
    }

    fn line(&self, out: &mut String) {
        let said = |side: &Side| {
            let decided = side.decided.as_deref().unwrap_or("-");
            match side.ready.as_str() {
                "True" => decided.to_owned(),
                ready => format!("{decided} (Ready {ready}: {})", side.message),
            }
        };
        // Writing to a String cannot fail.
        _ = match self.same {
            true => writeln!(out, "{}: both {}", self.object, said(&self.ours)),
            false => {
                writeln!(out, "{}: ours {}; theirs {}", self.object, said(&self.ours), said(&self.theirs))
            }
        }
        .is_ok();
    }
}

impl Observed {
    fn text(&self) -> String {
        let mut out =
            String::from("This controller writes nothing. \"Theirs\" is what stands in the objects.\n\n");
        let pairs = self.repositories.iter().chain(&self.policies).chain(&self.automations);
        pairs.for_each(|pair| pair.line(&mut out));
        out.push_str("\nWould have pushed:\n");
        for push in &self.would_have_pushed {
            let base: String = push.base.chars().take(7).collect();
            // Writing to a String cannot fail.
            _ = writeln!(
                out,
                "{} {} onto {base} of {} {}",
                push.time, push.automation, push.url, push.branch
            )
            .is_ok();
            for edit in &push.edits {
                _ = writeln!(out, "  {edit}").is_ok();
            }
        }
        out
    }
}
