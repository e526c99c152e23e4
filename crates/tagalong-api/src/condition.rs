//! The conditions that a run leaves on an object: `Ready`, and `Reconciling` or `Stalled` while they hold, as kstatus
//! and Flux's `ResultFinalizer` define them. Used by whoever writes a status.

use crate::Reason;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The condition that says whether the object is as it should be.
pub const READY: &str = "Ready";
/// Present and true while work is under way or will be tried again.
pub const RECONCILING: &str = "Reconciling";
/// Present and true when nothing can change before the object does.
pub const STALLED: &str = "Stalled";

/// GitRepository: the artifact of the status is stored.
pub const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";
/// GitRepository: the remote is ahead of the artifact.
pub const ARTIFACT_OUTDATED: &str = "ArtifactOutdated";
/// GitRepository: the remote could not be read.
pub const FETCH_FAILED: &str = "FetchFailed";
/// GitRepository: an artifact of another GitRepository is missing.
pub const INCLUDE_UNAVAILABLE: &str = "IncludeUnavailable";
/// GitRepository: the signatures were checked.
pub const SOURCE_VERIFIED: &str = "SourceVerified";
/// GitRepository: the artifact could not be stored.
pub const STORAGE_OPERATION_FAILED: &str = "StorageOperationFailed";
/// Kustomization: what was applied is healthy.
pub const HEALTHY: &str = "Healthy";

/// The types of conditions that a controller of these kinds writes. All others are somebody else's.
pub const OURS: &[&str] = &[
    READY,
    RECONCILING,
    STALLED,
    ARTIFACT_IN_STORAGE,
    ARTIFACT_OUTDATED,
    FETCH_FAILED,
    INCLUDE_UNAVAILABLE,
    SOURCE_VERIFIED,
    STORAGE_OPERATION_FAILED,
    HEALTHY,
];

/// The message while nothing more is known.
pub const IN_PROGRESS: &str = "reconciliation in progress";
/// What the API server takes at most in one message.
const MESSAGE_LIMIT: usize = 20_000;

/// How a run stands or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ready {
        /// What was reached.
        message: String,
    },
    /// Not done. With `stalled` it is not tried again before the object changes.
    NotReady {
        /// Why.
        reason: Reason,
        /// Why, in words.
        message: String,
        /// Whether trying again is pointless.
        stalled: bool,
    },
    /// Under way.
    Progressing {
        /// What is being done.
        message: String,
        /// What was Ready no longer is, so that Ready becomes Unknown.
        drift: bool,
    },
    /// Suspended: the conditions stay as they are; an object that never had any becomes Ready (RULES 28).
    Suspended,
}

impl Outcome {
    /// Under way, nothing else known.
    pub fn in_progress() -> Self {
        Self::Progressing { message: IN_PROGRESS.to_owned(), drift: false }
    }

    /// Under way because the object changed, with Flux's message. `observed` is `status.observedGeneration`.
    pub fn new_generation(observed: Option<i64>, generation: i64) -> Self {
        let observed = observed.unwrap_or(-1);
        Self::Progressing {
            message: format!("processing object: new generation {observed} -> {generation}"),
            drift: false,
        }
    }
}

impl From<crate::validate::Invalid> for Outcome {
    fn from(invalid: crate::validate::Invalid) -> Self {
        Self::NotReady { reason: invalid.reason, message: invalid.message, stalled: invalid.stalled }
    }
}

/// The conditions after `outcome`. Types that are not ours are kept as they are. The time of a condition changes only
/// when its status does.
pub fn next(outcome: &Outcome, previous: &[Condition], generation: i64, now: Timestamp) -> Vec<Condition> {
    let had_ready = find(previous, READY).is_some();
    if matches!(outcome, Outcome::Suspended) && had_ready {
        return previous.to_vec();
    }
    let make = |kind: &str, status: &str, reason: Reason, message: &str| {
        let since = find(previous, kind)
            .filter(|old| old.status == status)
            .map(|old| old.last_transition_time.clone());
        Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: shorten(message),
            observed_generation: Some(generation),
            last_transition_time: since.unwrap_or(Time(now)),
        }
    };
    let ours = match outcome {
        Outcome::Ready { message } => vec![make(READY, "True", Reason::Succeeded, message)],
        Outcome::Suspended => {
            vec![make(READY, "True", Reason::Suspended, "suspended before it was first reconciled")]
        }
        Outcome::NotReady { reason, message, stalled: true } => {
            vec![make(STALLED, "True", *reason, message), make(READY, "False", *reason, message)]
        }
        Outcome::NotReady { reason, message, stalled: false } => {
            let doing = find(previous, RECONCILING).map_or(IN_PROGRESS, |old| &old.message);
            vec![
                make(RECONCILING, "True", Reason::ProgressingWithRetry, doing),
                make(READY, "False", *reason, message),
            ]
        }
        Outcome::Progressing { message, drift } => {
            let settled = find(previous, READY).filter(|old| old.status != "Unknown" && !drift);
            let ready =
                settled.cloned().unwrap_or_else(|| make(READY, "Unknown", Reason::Progressing, message));
            vec![make(RECONCILING, "True", Reason::Progressing, message), ready]
        }
    };
    let others = previous.iter().filter(|old| ![READY, RECONCILING, STALLED].contains(&old.type_.as_str()));
    ours.into_iter().chain(others.cloned()).collect()
}

/// `status.observedGeneration` after `outcome`: the generation when the run ended Ready or Stalled, else as it was.
pub fn observed_generation(outcome: &Outcome, previous: Option<i64>, generation: i64) -> Option<i64> {
    match outcome {
        Outcome::Ready { .. } | Outcome::NotReady { stalled: true, .. } => Some(generation),
        Outcome::Suspended if previous.is_none_or(|observed| observed < 0) => Some(generation),
        _ => previous,
    }
}

/// Puts one condition into `conditions`, in place of the one of its type. Its time changes only when its status does.
pub fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    (status, reason, message): (bool, Reason, &str),
    generation: i64,
    now: Timestamp,
) {
    let status = if status { "True" } else { "False" };
    let since = find(conditions, kind)
        .filter(|old| old.status == status)
        .map_or(Time(now), |old| old.last_transition_time.clone());
    let condition = Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.as_str().to_owned(),
        message: shorten(message),
        observed_generation: Some(generation),
        last_transition_time: since,
    };
    match conditions.iter_mut().find(|old| old.type_ == kind) {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
}

/// The condition of a type.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// A message as a condition holds it: the API server refuses longer ones.
pub fn shorten(message: &str) -> String {
    if message.len() <= MESSAGE_LIMIT {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(MESSAGE_LIMIT - '…'.len_utf8());
    format!("{}…", message.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: i64 = 1_700_000_000;
    const NOW: i64 = 1_700_000_100;

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
        Condition {
            type_: kind.into(),
            status: status.into(),
            reason: reason.into(),
            message: message.into(),
            observed_generation: Some(1),
            last_transition_time: Time(Timestamp::from_second(THEN).unwrap()),
        }
    }

    /// Each condition as `Type=Status Reason "message" @generation, since`.
    fn after(outcome: &Outcome, previous: &[Condition]) -> Vec<String> {
        let now = Timestamp::from_second(NOW).unwrap();
        let show = |c: &Condition| {
            let since = if c.last_transition_time.0 == now { "now" } else { "then" };
            format!(
                "{}={} {} {:?} @{} {since}",
                c.type_,
                c.status,
                c.reason,
                c.message,
                c.observed_generation.unwrap()
            )
        };
        next(outcome, previous, 2, now).iter().map(show).collect()
    }

    fn failed(stalled: bool) -> Outcome {
        Outcome::NotReady { reason: Reason::InvalidPolicy, message: "bad".into(), stalled }
    }

    fn ready() -> Outcome {
        Outcome::Ready { message: "good".into() }
    }

    #[test]
    fn ready_leaves_ready_alone() {
        let before = [
            condition("Stalled", "True", "X", "x"),
            condition("Ready", "False", "X", "x"),
            condition("Other", "True", "O", "o"),
        ];
        assert_eq!(
            after(&ready(), &before),
            ["Ready=True Succeeded \"good\" @2 now", "Other=True O \"o\" @1 then"]
        );
        assert_eq!(observed_generation(&ready(), Some(1), 2), Some(2));
    }

    #[test]
    fn the_time_stays_while_the_status_does() {
        let before = [condition("Ready", "True", "Succeeded", "older words")];
        assert_eq!(after(&ready(), &before), ["Ready=True Succeeded \"good\" @2 then"]);
    }

    #[test]
    fn stalled_ends_reconciling_and_counts_as_observed() {
        let before = [
            condition("Reconciling", "True", "Progressing", "p"),
            condition("Ready", "Unknown", "Progressing", "p"),
        ];
        assert_eq!(
            after(&failed(true), &before),
            ["Stalled=True InvalidPolicy \"bad\" @2 now", "Ready=False InvalidPolicy \"bad\" @2 now"]
        );
        assert_eq!(observed_generation(&failed(true), Some(1), 2), Some(2));
    }

    #[test]
    fn a_failure_that_is_retried_stays_reconciling_and_unobserved() {
        let before = [condition("Reconciling", "True", "Progressing", "scanning: first scan")];
        assert_eq!(
            after(&failed(false), &before),
            [
                "Reconciling=True ProgressingWithRetry \"scanning: first scan\" @2 then",
                "Ready=False InvalidPolicy \"bad\" @2 now"
            ]
        );
        assert_eq!(observed_generation(&failed(false), Some(1), 2), Some(1));
        assert_eq!(
            after(&failed(false), &[])[0],
            "Reconciling=True ProgressingWithRetry \"reconciliation in progress\" @2 now"
        );
    }

    #[test]
    fn progress_makes_ready_unknown_only_where_nothing_is_known_or_drifted() {
        let progress = |drift| Outcome::Progressing { message: "p".into(), drift };
        let known = [condition("Ready", "True", "Succeeded", "good"), condition("Stalled", "True", "X", "x")];
        assert_eq!(
            after(&progress(false), &known),
            ["Reconciling=True Progressing \"p\" @2 now", "Ready=True Succeeded \"good\" @1 then"]
        );
        for (drift, before) in [(true, &known[..]), (false, &[])] {
            assert_eq!(after(&progress(drift), before)[1], "Ready=Unknown Progressing \"p\" @2 now");
        }
        assert_eq!(
            Outcome::new_generation(None, 3),
            Outcome::Progressing {
                message: "processing object: new generation -1 -> 3".into(),
                drift: false
            }
        );
    }

    #[test]
    fn suspended_keeps_what_is_there_and_is_ready_when_born_so() {
        let before = [condition("Ready", "False", "X", "x")];
        assert_eq!(after(&Outcome::Suspended, &before), ["Ready=False X \"x\" @1 then"]);
        assert_eq!(observed_generation(&Outcome::Suspended, Some(1), 2), Some(1));
        let born = after(&Outcome::Suspended, &[]);
        assert_eq!(born, ["Ready=True Suspended \"suspended before it was first reconciled\" @2 now"]);
        assert_eq!(observed_generation(&Outcome::Suspended, Some(-1), 2), Some(2));
    }

    #[test]
    fn a_message_is_cut_at_what_the_api_server_takes() {
        let long = Outcome::Ready { message: "ü".repeat(15_000) };
        let now = Timestamp::from_second(NOW).unwrap();
        let message = &next(&long, &[], 1, now)[0].message;
        assert!(message.len() <= MESSAGE_LIMIT && message.ends_with("ü…"), "{}", message.len());
    }
}
