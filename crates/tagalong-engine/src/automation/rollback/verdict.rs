//! What the Kustomizations of a source say of revisions: which did not become healthy, and what was Ready before. Pure.

use super::Heard;
use crate::wake::{built_from, key_of};
use std::fmt;
use std::sync::Arc;
use tagalong_api::condition::{READY, find};
use tagalong_api::validate::{self, HealthChecks, ValidAutomation};
use tagalong_api::{Kustomization, Reason};
use tagalong_git::CommitId;
use tagalong_model::ObjectKey;

/// The most failing objects that a commit names.
const NAMED: usize = 20;

/// A Kustomization that did not become healthy.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) key: ObjectKey,
    pub(super) object: Arc<Kustomization>,
    /// As it stands in the status: `main@sha1:0123…`.
    pub(super) revision: String,
    /// The commit with which it failed.
    pub(super) failed: CommitId,
    /// The last one with which it was Ready.
    pub(super) good: CommitId,
    pub(super) failing: Vec<Failing>,
}

/// An object that failed, as Flux and we name it in a condition: `Deployment/apps/web status: 'InProgress'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failing {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    /// What was said of it.
    said: String,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, namespace, name, said } = self;
        if namespace.is_empty() {
            write!(f, "{kind}/{name}: {said}")
        } else {
            write!(f, "{kind}/{namespace}/{name}: {said}")
        }
    }
}

/// What these Kustomizations say to an automation: those of its namespace that are built from its very source.
/// `is_watched` tells whether the automation is woken when one changes.
pub(super) fn heard(judges: &[Arc<Kustomization>], is_watched: bool, valid: &ValidAutomation) -> Heard {
    let mut heard = Heard::default();
    for object in judges {
        let key = key_of(object.as_ref());
        let concerns = key.namespace == valid.key.namespace && built_from(object) == valid.source;
        if !concerns || !has_health(object) {
            continue;
        }
        heard.verdicts.extend(verdict(object));
        if !is_watched {
            heard.standing.push(standing(object));
        }
    }
    heard
}

/// Whether it waits for health at all: without `wait` or `healthChecks` nothing can be unhealthy.
fn has_health(object: &Kustomization) -> bool {
    let valid = validate::kustomization(object);
    let asks = |checks: &HealthChecks| !matches!(checks, HealthChecks::None);
    // Of another controller's kind there may be fields that are not known here.
    valid.map_or_else(
        |_| object.spec.wait == Some(true) || object.spec.health_checks.iter().flatten().next().is_some(),
        |valid| !valid.suspend && asks(&valid.health),
    )
}

/// The commit at which it is Ready.
fn standing(object: &Kustomization) -> Option<String> {
    let status = object.status.as_ref()?;
    let ready = find(&status.conditions, READY)?;
    let revision = status.last_applied_revision.as_deref()?;
    (ready.status == "True").then(|| commit(revision).map(|commit| commit.to_string()))?
}

fn verdict(object: &Arc<Kustomization>) -> Option<Verdict> {
    let status = object.status.as_ref()?;
    let ready = find(&status.conditions, READY)?;
    let current = ready.observed_generation.is_none_or(|seen| Some(seen) == object.metadata.generation);
    let failed = ready.status == "False" && ready.reason == Reason::HealthCheckFailed.as_str();
    if !failed || !current {
        return None;
    }
    let revision = status.last_attempted_revision.clone()?;
    let (failed, good) = (commit(&revision)?, commit(status.last_applied_revision.as_deref()?)?);
    let failing = failing(&ready.message);
    (failed != good && !failing.is_empty()).then(|| Verdict {
        key: key_of(object.as_ref()),
        object: Arc::clone(object),
        revision: printable(&revision),
        failed,
        good,
        failing,
    })
}

/// The commit of `main@sha1:0123…`.
fn commit(revision: &str) -> Option<CommitId> {
    revision.rsplit_once("sha1:")?.1.parse().ok()
}

/// The objects of `…: [Deployment/apps/web status: 'InProgress': why, Job/apps/x status: 'Failed']`.
fn failing(message: &str) -> Vec<Failing> {
    const STATUS: &str = " status: '";
    const UNSEEN: &str = "Unknown";
    let mut found = Vec::new();
    let places: Vec<usize> = message.match_indices(STATUS).map(|(at, _)| at).collect();
    for (place, at) in places.iter().enumerate() {
        let before = message.get(..*at).unwrap_or_default();
        let id = before.rsplit(['[', ' ', '\n']).next().unwrap_or_default();
        let begin = at + STATUS.len();
        let end = places.get(place + 1).copied().unwrap_or(message.len());
        let said = message.get(begin..end).unwrap_or_default();
        // What follows the comma names the next object.
        let said = if places.len() > place + 1 {
            said.rsplit_once(", ").map_or(said, |(said, _)| said)
        } else {
            said
        };
        let said = printable(&said.trim_end_matches(']').replacen('\'', "", 1));
        // Nobody saw it: it may be as healthy as ever.
        if said.starts_with(UNSEEN) {
            continue;
        }
        let mut parts = id.splitn(3, '/').map(printable);
        let failing = match (parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(namespace), Some(name)) => Failing { kind, namespace, name, said },
            (Some(kind), Some(name), None) => Failing { kind, namespace: String::new(), name, said },
            _ => continue,
        };
        found.push(failing);
    }
    found.truncate(NAMED);
    found
}

/// Words from outside as a part of one line.
pub(super) fn printable(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(300).collect()
}
