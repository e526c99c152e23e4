//! What of the last archive still holds, given what the remote is at. Pure.

use tagalong_api::validate::{ValidArtifact, VerifyMode};
use tagalong_api::{Artifact, GitRepository};

/// What has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) verify: bool,
    pub(super) archive: bool,
}

/// Compares what was asked for and archived last with what is asked for now. `kept` is the archive that is there.
pub(super) fn plan(
    object: &GitRepository,
    kept: Option<&Artifact>,
    valid: &ValidArtifact,
    revision: &str,
) -> Steps {
    let status = object.status.as_ref();
    let same_revision = kept.is_some_and(|kept| kept.revision == revision);
    let observed = |status: &tagalong_api::GitRepositoryStatus| {
        let folders = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        status.observed_ignore == object.spec.ignore
            && folders(&status.observed_sparse_checkout) == folders(&object.spec.sparse_checkout)
    };
    let archive = !same_revision || !status.is_some_and(observed);
    let verified = status.and_then(|status| status.source_verification_mode.as_deref());
    let wanted = valid.verify.as_ref().map(|verify| verify.mode);
    let verify = wanted.is_some_and(|mode| !same_revision || !covers(verified, mode));
    Steps { verify, archive }
}

/// Whether what was verified is all that is to be.
fn covers(verified: Option<&str>, wanted: VerifyMode) -> bool {
    let verified = verified.unwrap_or_default();
    verified == VerifyMode::TagAndHead.as_str() || verified == wanted.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tagalong_api::validate;

    const NEW: &str = "main@sha1:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// `spec` and `status` beyond what every object has.
    fn check(spec: &Value, status: &Value, (verify, archive): (bool, bool)) {
        let mut whole = json!({
            "metadata": {"name": "fleet", "namespace": "apps"},
            "spec": {"url": "https://example.com/fleet", "interval": "1m"},
            "status": {"artifact": {
                "path": "p", "url": "u", "revision": NEW, "digest": "sha256:0", "lastUpdateTime": "2026-01-01T00:00:00Z",
            }},
        });
        for (part, more) in [("spec", spec), ("status", status)] {
            whole[part].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        let object: GitRepository = serde_json::from_value(whole).unwrap();
        let kept = object.status.as_ref().and_then(|status| status.artifact.clone());
        let valid = validate::artifact(&object).unwrap();
        assert_eq!(plan(&object, kept.as_ref(), &valid, NEW), Steps { verify, archive }, "{spec} {status}");
        let all = Steps { verify: valid.verify.is_some(), archive: true };
        assert_eq!(plan(&object, None, &valid, NEW), all, "without an archive");
        assert_eq!(plan(&object, kept.as_ref(), &valid, "main@sha1:0"), all, "with another revision");
    }

    #[test]
    fn only_what_changed_is_done_anew() {
        let none = json!({});
        check(&none, &none, (false, false));
        check(&json!({"ignore": "a"}), &none, (false, true));
        check(&json!({"ignore": "a"}), &json!({"observedIgnore": "a"}), (false, false));
        check(&none, &json!({"observedIgnore": "a"}), (false, true));
        check(&json!({"sparseCheckout": ["a"]}), &none, (false, true));
        check(&json!({"sparseCheckout": ["a"]}), &json!({"observedSparseCheckout": ["a"]}), (false, false));
        check(&none, &json!({"observedSparseCheckout": ["a"]}), (false, true));
    }

    #[test]
    fn what_was_verified_is_not_verified_again() {
        let wanted = |mode: &str| json!({"verify": {"mode": mode, "secretRef": {"name": "keys"}}});
        let seen = |mode: &str| json!({"sourceVerificationMode": mode});
        check(&wanted("HEAD"), &json!({}), (true, false));
        check(&wanted("HEAD"), &seen("HEAD"), (false, false));
        check(&wanted("head"), &seen("HEAD"), (false, false));
        check(&wanted("HEAD"), &seen("TagAndHEAD"), (false, false));
        check(&wanted("HEAD"), &seen("Tag"), (true, false));
        check(&wanted("Tag"), &seen("HEAD"), (true, false));
        check(&wanted("TagAndHEAD"), &seen("Tag"), (true, false));
    }
}
