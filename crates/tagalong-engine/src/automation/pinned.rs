//! Pins in the status of an automation, and the event that tells of each of them once. Called by `report`.

use super::{EditPlan, HeldSite, Pin, TurnReport};
use crate::desk::{Event, EventType};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tagalong_api::{PinStatus, Reason};

/// The most pins that a status lists, so that it stays small.
const LISTED: usize = 100;

/// The pins of a plan, as the status lists them.
pub(super) fn statuses(plan: &EditPlan) -> Vec<PinStatus> {
    pinned(plan).take(LISTED).map(|(held, pin)| status(held, pin)).collect()
}

/// One event for the pins that the status did not list yet.
pub(super) fn event(turn: &TurnReport, listed: &[PinStatus]) -> Option<Event> {
    let is_new = |(_, pin): &(&HeldSite, &Pin)| {
        !listed.iter().any(|old| old.commit == pin.commit && old.refused == pin.refused)
    };
    let lines: Vec<String> = pinned(&turn.plan)
        .filter(is_new)
        .take(LISTED)
        .map(|(held, _)| format!("{}:{} {}: {}", held.path, held.line, held.policy, held.message))
        .collect();
    let message = format!("pinned on branch '{}'\n{}", turn.branch, lines.join("\n"));
    (!lines.is_empty()).then_some(Event { event_type: EventType::Normal, reason: Reason::Pinned, message })
}

/// The event of a branch whose history was rewritten: what a force-push takes away leaves no trace in Git.
pub(super) fn rewritten(turn: &TurnReport) -> Option<Event> {
    let short: String = turn.rewritten.as_ref()?.chars().take(7).collect();
    let message = format!(
        "commit '{short}' was the tip of branch '{}' and is not in its history any more; that pins nothing: to keep a \
         tag away, revert the commit or put a hold into the marker",
        turn.branch
    );
    Some(Event { event_type: EventType::Normal, reason: Reason::HistoryRewritten, message })
}

fn pinned(plan: &EditPlan) -> impl Iterator<Item = (&HeldSite, &Pin)> {
    plan.held.iter().filter_map(|held| Some((held, held.pin.as_ref()?)))
}

fn status(held: &HeldSite, pin: &Pin) -> PinStatus {
    PinStatus {
        file: held.path.to_string(),
        line: held.line,
        policy: held.policy.to_string(),
        refused: pin.refused.clone(),
        commit: pin.commit.clone(),
        author: pin.author.clone(),
        date: Time(pin.authored),
        subject: pin.subject.clone(),
    }
}
