//! The last sets of objects and how they fared, as Flux keeps them. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::collections::BTreeMap;
use std::time::Duration;
use tagalong_api::{Reason, Snapshot};
use tagalong_model::format_duration;

/// How many are kept.
const KEPT: usize = 5;

/// Whether the last set was the same and all of it is there, so that what differs was changed by somebody else. A set
/// that was refused half way has not been there.
pub(super) fn is_known(history: Option<&[Snapshot]>, digest: &str) -> bool {
    let last = history.and_then(<[Snapshot]>::first);
    last.is_some_and(|last| {
        last.digest == digest && last.last_reconciled_status != Reason::ReconciliationFailed.as_str()
    })
}

/// Notes that the objects of `digest` ended so: the same ones with the same end are counted, others come first.
pub(super) fn note(
    history: &mut Vec<Snapshot>,
    (digest, revision): (&str, &str),
    end: Reason,
    took: Duration,
    now: Timestamp,
) {
    let same = |kept: &Snapshot| kept.digest == digest && kept.last_reconciled_status == end.as_str();
    let (first, times) = match history.iter().position(same).map(|at| history.remove(at)) {
        Some(kept) => (kept.first_reconciled, kept.total_reconciliations.saturating_add(1)),
        None => (Time(now), 1),
    };
    let snapshot = Snapshot {
        digest: digest.to_owned(),
        first_reconciled: first,
        last_reconciled: Time(now),
        last_reconciled_duration: format_duration(took),
        last_reconciled_status: end.as_str().to_owned(),
        total_reconciliations: times,
        metadata: Some(BTreeMap::from([("revision".to_owned(), revision.to_owned())])),
    };
    history.insert(0, snapshot);
    history.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_objects_with_the_same_end_are_counted_and_five_are_kept() {
        let mut history = Vec::new();
        let at = |second| Timestamp::from_second(second).unwrap();
        let (good, bad) = (Reason::ReconciliationSucceeded, Reason::HealthCheckFailed);
        for (second, (digest, end)) in
            [("a", good), ("b", bad), ("a", good), ("a", bad), ("c", good), ("d", good), ("e", good)]
                .into_iter()
                .enumerate()
        {
            let second = i64::try_from(second).unwrap();
            note(&mut history, (digest, "main@sha1:1"), end, Duration::from_millis(1500), at(second));
        }
        let shown: Vec<String> = history
            .iter()
            .map(|kept| {
                format!(
                    "{} {} {}x {}-{}",
                    kept.digest,
                    kept.last_reconciled_status,
                    kept.total_reconciliations,
                    kept.first_reconciled.0.as_second(),
                    kept.last_reconciled.0.as_second()
                )
            })
            .collect();
        let expected = [
            "e ReconciliationSucceeded 1x 6-6",
            "d ReconciliationSucceeded 1x 5-5",
            "c ReconciliationSucceeded 1x 4-4",
            "a HealthCheckFailed 1x 3-3",
            "a ReconciliationSucceeded 2x 0-2",
        ];
        assert_eq!(shown, expected);
        assert_eq!(history[0].last_reconciled_duration, "1.5s");
    }

    #[test]
    fn a_set_that_was_not_applied_whole_is_not_known() {
        let ended = |end: Reason| {
            let mut history = Vec::new();
            note(&mut history, ("a", "main@sha1:1"), end, Duration::ZERO, Timestamp::UNIX_EPOCH);
            (is_known(Some(&history), "a"), is_known(Some(&history), "b"))
        };
        assert_eq!(ended(Reason::ReconciliationSucceeded), (true, false));
        assert_eq!(ended(Reason::HealthCheckFailed), (true, false));
        assert_eq!(ended(Reason::ReconciliationFailed), (false, false));
        assert!(!is_known(None, "a"));
    }
}
