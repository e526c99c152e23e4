//! The conditions of a GitRepository beside Ready, in Flux's words. Pure.

use super::{Done, Failure, Stage};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tagalong_api::condition::{
    ARTIFACT_IN_STORAGE, ARTIFACT_OUTDATED, FETCH_FAILED, INCLUDE_UNAVAILABLE, SOURCE_VERIFIED,
    STORAGE_OPERATION_FAILED, find, set,
};
use tagalong_api::{Artifact, Reason};

/// What the object was like when its turn began.
pub(super) struct Before<'a> {
    /// The archive that is there.
    pub(super) kept: Option<&'a Artifact>,
    /// Whether signatures are demanded.
    pub(super) verified: bool,
    pub(super) generation: i64,
    pub(super) now: Timestamp,
}

/// The message of ArtifactInStorage, and of Ready.
pub(super) fn stored(revision: &str) -> String {
    format!("stored artifact for revision '{revision}'")
}

/// Brings the conditions to how a turn ended.
pub(super) fn apply(conditions: &mut Vec<Condition>, before: &Before<'_>, result: &Result<Done, Failure>) {
    drop_all(conditions, &[INCLUDE_UNAVAILABLE, STORAGE_OPERATION_FAILED, ARTIFACT_OUTDATED]);
    let failed = |condition: &Condition| condition.type_ == SOURCE_VERIFIED && condition.status != "True";
    conditions.retain(|condition| !failed(condition));
    if !before.verified {
        drop_all(conditions, &[SOURCE_VERIFIED]);
    }
    let mut put = |kind: &str, status: bool, reason: Reason, message: &str| {
        set(conditions, kind, (status, reason, message), before.generation, before.now);
    };
    match result {
        Ok(done) => {
            put(ARTIFACT_IN_STORAGE, true, Reason::Succeeded, &stored(&done.revision));
            if let Some(verified) = &done.verified {
                put(SOURCE_VERIFIED, true, Reason::Succeeded, &verified.message);
            }
            drop_all(conditions, &[FETCH_FAILED]);
        }
        Err(failure) => {
            let outdated = before.kept.zip(failure.revision.as_ref());
            match failure.stage {
                Stage::Fetch => put(FETCH_FAILED, true, failure.reason, &failure.message),
                Stage::Verify => put(SOURCE_VERIFIED, false, failure.reason, &failure.message),
                Stage::Storage => {
                    put(STORAGE_OPERATION_FAILED, true, failure.reason, &failure.message);
                    if let Some((_, new)) = outdated.filter(|(kept, new)| kept.revision != **new) {
                        let message = format!("new upstream revision '{new}'");
                        put(ARTIFACT_OUTDATED, true, Reason::NewRevision, &message);
                    }
                }
            }
            if failure.stage != Stage::Fetch {
                drop_all(conditions, &[FETCH_FAILED]);
            }
            if before.kept.is_none() {
                drop_all(conditions, &[ARTIFACT_IN_STORAGE]);
            }
        }
    }
}

/// Whether the last turn failed in a way that Flux tells the end of.
pub(super) fn had_failed(conditions: &[Condition]) -> bool {
    [FETCH_FAILED, INCLUDE_UNAVAILABLE, STORAGE_OPERATION_FAILED]
        .iter()
        .any(|kind| find(conditions, kind).is_some_and(|condition| condition.status == "True"))
}

fn drop_all(conditions: &mut Vec<Condition>, kinds: &[&str]) {
    conditions.retain(|condition| !kinds.contains(&condition.type_.as_str()));
}

#[cfg(test)]
mod tests;
