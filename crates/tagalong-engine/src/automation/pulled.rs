//! Pull requests in the status of an automation, in its Ready message, and the events that tell of them. Called by
//! `report`.

use super::{PullAction, PullTurn};
use crate::desk::{Event, EventType};
use tagalong_api::{PullRequestStatus, Reason};

/// The most pull requests that a status lists, so that it stays small.
const LISTED: usize = 100;

/// The pull requests that stand after a turn, and what waits for one.
pub(super) fn statuses(pulls: &[PullTurn]) -> Vec<PullRequestStatus> {
    pulls.iter().filter_map(status).take(LISTED).collect()
}

/// The same after a turn that did not go to its end: what it did not come to goes on standing.
pub(super) fn statuses_so_far(pulls: &[PullTurn], before: &[PullRequestStatus]) -> Vec<PullRequestStatus> {
    let untouched = before.iter().filter(|old| pulls.iter().all(|pull| pull.branch != old.branch));
    statuses(pulls).into_iter().chain(untouched.cloned()).take(LISTED).collect()
}

fn status(pull: &PullTurn) -> Option<PullRequestStatus> {
    let (state, why) = match &pull.action {
        PullAction::Opened | PullAction::Refreshed | PullAction::Kept => ("Open", None),
        PullAction::LeftAlone { commit } => ("LeftAlone", Some(foreign(commit))),
        PullAction::Waiting { why } => ("Waiting", Some(why.clone())),
        PullAction::Failed { why } => ("Failed", Some(why.clone())),
        PullAction::Closed { .. } => return None,
    };
    let said: Vec<String> = why.into_iter().chain(pull.notes.iter().cloned()).collect();
    Some(PullRequestStatus {
        branch: pull.branch.clone(),
        state: state.to_owned(),
        policies: pull.policies.iter().map(ToString::to_string).collect(),
        number: pull.number.and_then(|number| i64::try_from(number).ok()),
        url: pull.url.clone(),
        commit: pull.commit.clone(),
        message: (!said.is_empty()).then(|| said.join("; ")),
    })
}

/// The message of Ready.
pub(super) fn standing(pulls: &[PullTurn]) -> String {
    let count = |word: &str| {
        let all = statuses(pulls);
        all.iter().filter(|status| status.state == word).count()
    };
    let counts = [
        (count("Open"), "open"),
        (count("LeftAlone"), "left alone"),
        (count("Waiting"), "waiting"),
        (count("Failed"), "failed"),
    ];
    let said: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if said.is_empty() {
        "repository up-to-date".to_owned()
    } else {
        format!("pull requests: {}", said.join(", "))
    }
}

/// What happened to them. That one is left alone or waits is told once, not at every turn.
pub(super) fn events(pulls: &[PullTurn], listed: &[PullRequestStatus]) -> Vec<Event> {
    pulls.iter().filter_map(|pull| event(pull, listed)).collect()
}

fn event(pull: &PullTurn, listed: &[PullRequestStatus]) -> Option<Event> {
    let name = pull.url.clone().unwrap_or_else(|| format!("branch '{}'", pull.branch));
    let notes: String = pull.notes.iter().map(|note| format!("\n{note}")).collect();
    let title = &pull.title;
    let (event_type, reason, message) = match &pull.action {
        PullAction::Opened => {
            (EventType::Normal, Reason::PullRequestOpened, format!("opened {name}: {title}"))
        }
        PullAction::Refreshed => {
            (EventType::Normal, Reason::PullRequestRefreshed, format!("refreshed {name}: {title}"))
        }
        PullAction::Closed { why } => {
            (EventType::Normal, Reason::PullRequestClosed, format!("closed {name}: {why}"))
        }
        PullAction::LeftAlone { commit } => {
            (EventType::Warning, Reason::ForeignCommits, format!("{name}: {}", foreign(commit)))
        }
        PullAction::Waiting { why } => {
            (EventType::Normal, Reason::PullRequestLimit, format!("{title}: {why}"))
        }
        PullAction::Failed { why } => {
            (EventType::Warning, Reason::PullRequestFailed, format!("{title}: {why}"))
        }
        PullAction::Kept => return None,
    };
    let stands = matches!(
        pull.action,
        PullAction::LeftAlone { .. } | PullAction::Waiting { .. } | PullAction::Failed { .. }
    );
    let told = stands
        && status(pull).is_some_and(|status| {
            listed.iter().any(|old| old.branch == status.branch && old.state == status.state)
        });
    (!told).then(|| Event { event_type, reason, message: format!("{message}{notes}") })
}

/// The commit that was last written for one of them.
pub(super) fn pushed(pulls: &[PullTurn]) -> Option<&str> {
    let written = |pull: &&PullTurn| matches!(pull.action, PullAction::Opened | PullAction::Refreshed);
    pulls.iter().rev().find(written)?.commit.as_deref()
}

fn foreign(commit: &str) -> String {
    let short: String = commit.chars().take(7).collect();
    format!(
        "its branch holds commit '{short}', which is not ours, and is left alone; merge or close it to go on"
    )
}
