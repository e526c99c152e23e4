//! What is heard of Kustomizations, and what a commit says, as tables.

use super::Revert;
use super::verdict::heard;
use serde_json::{Value, json};
use std::sync::Arc;
use tagalong_api::validate::{self, ValidAutomation};
use tagalong_api::{ImageUpdateAutomation, Kustomization};
use tagalong_model::ObjectKey;

const GOOD: &str = "1111111111111111111111111111111111111111";
const BAD: &str = "2222222222222222222222222222222222222222";

fn automation() -> ValidAutomation {
    let object: ImageUpdateAutomation = serde_json::from_value(json!({
        "metadata": {"namespace": "apps", "name": "fleet"},
        "spec": {
            "interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"},
            "git": {"commit": {"author": {"email": "bot@example.com"}}},
            "rollback": {"onUnhealthy": "Revert"},
        },
    }))
    .unwrap();
    validate::automation(&object).unwrap()
}

fn kustomization(namespace: &str, spec: &Value, status: &Value) -> Arc<Kustomization> {
    let mut object = json!({
        "metadata": {"namespace": namespace, "name": "web", "generation": 3},
        "spec": {
            "interval": "1m", "prune": true, "wait": true,
            "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"},
        },
        "status": {
            "lastAppliedRevision": format!("main@sha1:{GOOD}"), "lastAttemptedRevision": format!("main@sha1:{BAD}"),
            "conditions": [{
                "type": "Ready", "status": "False", "reason": "HealthCheckFailed", "observedGeneration": 3,
                "message": "timeout waiting for: [Deployment/apps/web status: 'InProgress': 0 of 1, ready: x, \
                            Namespace/apps status: 'Failed']",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }],
        },
    });
    for (part, changes) in [("spec", spec), ("status", status)] {
        for (key, value) in changes.as_object().into_iter().flatten() {
            object[part][key] = value.clone();
        }
    }
    Arc::new(serde_json::from_value(object).unwrap())
}

#[track_caller]
fn verdicts(namespace: &str, spec: &Value, status: &Value) -> Vec<String> {
    let heard = heard(&[kustomization(namespace, spec, status)], true, &automation());
    assert!(!heard.is_open(GOOD), "one that is watched is not asked again");
    heard.verdicts.iter().flat_map(|verdict| verdict.failing.iter().map(ToString::to_string)).collect()
}

#[test]
fn who_says_that_what_is_not_healthy() {
    let none = json!({});
    let said = ["Deployment/apps/web: InProgress: 0 of 1, ready: x", "Namespace/apps: Failed"];
    assert_eq!(verdicts("apps", &none, &none), said);
    let nobody: [&str; 0] = [];
    assert_eq!(verdicts("elsewhere", &none, &none), nobody, "another namespace's");
    assert_eq!(
        verdicts("apps", &json!({"sourceRef": {"kind": "GitRepository", "name": "fleet"}}), &none),
        nobody
    );
    assert_eq!(verdicts("apps", &json!({"wait": false}), &none), nobody, "nothing is waited for");
    assert_eq!(verdicts("apps", &json!({"suspend": true}), &none), nobody);
    let never = json!({"lastAppliedRevision": null});
    assert_eq!(verdicts("apps", &none, &never), nobody, "it was never Ready");
    let same = json!({"lastAppliedRevision": format!("main@sha1:{BAD}")});
    assert_eq!(verdicts("apps", &none, &same), nobody, "the same revision was healthy");
    let dark = |message: &str| {
        json!({"conditions": [{
            "type": "Ready", "status": "False", "reason": "HealthCheckFailed", "observedGeneration": 3,
            "message": format!("timeout waiting for: [{message}]"), "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]})
    };
    let unseen = "Deployment/apps/api status: 'Unknown': the API server does not answer";
    assert_eq!(verdicts("apps", &none, &dark(unseen)), nobody, "nobody saw it");
    let one = format!("{unseen}, Deployment/apps/web status: 'InProgress': 0 of 1");
    assert_eq!(verdicts("apps", &none, &dark(&one)), ["Deployment/apps/web: InProgress: 0 of 1"]);
    let ready = |status: &str, reason: &str, generation: i64| {
        json!({"conditions": [{
            "type": "Ready", "status": status, "reason": reason, "observedGeneration": generation,
            "message": "[Deployment/apps/web status: 'Failed']", "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]})
    };
    assert_eq!(
        verdicts("apps", &none, &ready("False", "HealthCheckFailed", 3)),
        ["Deployment/apps/web: Failed"]
    );
    assert_eq!(verdicts("apps", &none, &ready("False", "HealthCheckFailed", 2)), nobody, "of an older spec");
    assert_eq!(verdicts("apps", &none, &ready("False", "DependencyNotReady", 3)), nobody);
    assert_eq!(verdicts("apps", &none, &ready("Unknown", "Progressing", 3)), nobody);
}

#[test]
fn one_that_nobody_watches_is_asked_again_until_it_is_ready_with_what_the_branch_holds() {
    let ready = json!({"conditions": [{
        "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]});
    let none = json!({});
    let open = |spec: &Value, status: &Value, tip: &str| {
        heard(&[kustomization("apps", spec, status)], false, &automation()).is_open(tip)
    };
    assert!(open(&none, &none, BAD));
    assert!(open(&none, &ready, BAD));
    assert!(!open(&none, &ready, GOOD));
    assert!(!open(&json!({"wait": false}), &none, BAD), "nothing will ever be heard of it");
}

#[test]
fn the_message_begins_as_git_s_own_does() {
    let revert = Revert {
        commit: BAD.to_owned(),
        subject: "Update images".to_owned(),
        kustomization: ObjectKey::new("apps", "web"),
        revision: format!("main@sha1:{BAD}"),
        failing: vec!["Deployment/apps/web: Failed".to_owned()],
        left_alone: vec!["apps/b.yaml:3: it was changed since".to_owned()],
        unproven: None,
    };
    assert_eq!(
        revert.message(Some("a1b2c3d4")),
        format!(
            "Revert \"Update images\"\n\nThis reverts commit {BAD}.\n\nKustomization/apps/web in cluster a1b2c3d4 did not \
             become healthy with revision main@sha1:{BAD}:\n\n* Deployment/apps/web: Failed\n\nLeft alone:\n\n\
             * apps/b.yaml:3: it was changed since\n"
        )
    );
}
