//! Each way a turn can end, as conditions.

use super::super::Verified;
use super::*;
use serde_json::json;
use std::time::Duration;
use tagalong_api::validate::VerifyMode;

const OLD: &str = "main@sha1:a";
const NEW: &str = "main@sha1:b";

fn artifact() -> Artifact {
    serde_json::from_value(json!({
        "path": "p", "url": "u", "revision": OLD, "digest": "sha256:0", "lastUpdateTime": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

fn done(verified: bool) -> Result<Done, Failure> {
    let verified =
        verified.then(|| Verified { mode: VerifyMode::Head, message: "verified signature".to_owned() });
    Ok(Done { revision: NEW.to_owned(), artifact: None, title: None, verified, interval: Duration::ZERO })
}

fn failed(stage: Stage) -> Result<Done, Failure> {
    let failure = Failure::at(stage, Reason::GitOperationFailed, "bad".to_owned());
    Err(Failure { revision: Some(NEW.to_owned()), ..failure })
}

struct Case {
    conditions: Vec<Condition>,
    kept: Option<Artifact>,
    verify: bool,
}

impl Case {
    fn new() -> Self {
        Self { conditions: Vec::new(), kept: Some(artifact()), verify: true }
    }

    /// `Type=Status Reason message`, sorted.
    fn after(&mut self, result: &Result<Done, Failure>, expected: &[&str]) {
        let before = Before {
            kept: self.kept.as_ref(),
            verified: self.verify,
            generation: 1,
            now: Timestamp::UNIX_EPOCH,
        };
        apply(&mut self.conditions, &before, result);
        let mut shown: Vec<String> = self
            .conditions
            .iter()
            .map(|condition| {
                format!("{}={} {} {}", condition.type_, condition.status, condition.reason, condition.message)
            })
            .collect();
        shown.sort();
        assert_eq!(shown, expected);
    }
}

const STORED: &str = "ArtifactInStorage=True Succeeded stored artifact for revision 'main@sha1:b'";

#[test]
fn a_good_turn_leaves_no_failure_behind() {
    let mut case = Case::new();
    case.after(&failed(Stage::Fetch), &["FetchFailed=True GitOperationFailed bad"]);
    assert!(had_failed(&case.conditions));
    case.after(&done(true), &[STORED, "SourceVerified=True Succeeded verified signature"]);
    assert!(!had_failed(&case.conditions));
    case.after(&done(false), &[STORED, "SourceVerified=True Succeeded verified signature"]);
    case.verify = false;
    case.after(&done(false), &[STORED]);
}

#[test]
fn each_stage_has_its_condition() {
    let mut case = Case::new();
    case.after(&done(false), &[STORED]);
    case.after(&failed(Stage::Fetch), &[STORED, "FetchFailed=True GitOperationFailed bad"]);
    case.after(&failed(Stage::Verify), &[STORED, "SourceVerified=False GitOperationFailed bad"]);
    let outdated = "ArtifactOutdated=True NewRevision new upstream revision 'main@sha1:b'";
    let storage = "StorageOperationFailed=True GitOperationFailed bad";
    case.after(&failed(Stage::Storage), &[STORED, outdated, storage]);
    assert!(had_failed(&case.conditions));
    case.kept = None;
    case.after(&failed(Stage::Storage), &[storage]);
}
