//! What the API server itself refuses, so that a user reads of it at once and not from a condition later.

use crate::Place;
use serde_json::{Value, json};

const REPOSITORY: &str = r#"{"image": "a/b", "interval": "1m"}"#;
const POLICY: &str = r#"{"imageRepositoryRef": {"name": "a"}, "policy": {"semver": {"range": "1.x"}}}"#;
const AUTOMATION: &str = r#"{"interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "a"}}"#;
const SOURCE: &str = r#"{"url": "https://git.example.com/a", "interval": "1m"}"#;

/// A kind, a change to its smallest object (null takes a field away), and what the refusal says.
fn rows() -> Vec<(&'static str, Value, &'static str)> {
    let long = "x".repeat(254);
    let many = vec!["^a$"; 26];
    let author = json!({"email": "a@example.com"});
    vec![
        ("ImageRepository", json!({"image": null}), "spec.image: Required value"),
        ("ImageRepository", json!({"interval": null}), "spec.interval: Required value"),
        ("ImageRepository", json!({"interval": "5"}), "spec.interval in body should match"),
        ("ImageRepository", json!({"interval": "1d"}), "spec.interval in body should match"),
        ("ImageRepository", json!({"timeout": "1h"}), "spec.timeout in body should match"),
        (
            "ImageRepository",
            json!({"provider": "other"}),
            "supported values: \"generic\", \"aws\", \"azure\", \"gcp\"",
        ),
        ("ImageRepository", json!({"serviceAccountName": long}), "spec.serviceAccountName: Too long"),
        ("ImageRepository", json!({"exclusionList": many}), "spec.exclusionList: Too many"),
        ("ImageRepository", json!({"secretRef": {}}), "spec.secretRef.name: Required value"),
        ("ImageRepository", json!({"accessFrom": {}}), "spec.accessFrom.namespaceSelectors: Required value"),
        ("ImageRepository", json!({"insecure": "yes"}), "spec.insecure in body must be of type boolean"),
        ("ImageRepository", json!({"intervall": "1m"}), "unknown field \"spec.intervall\""),
        ("ImagePolicy", json!({"policy": null}), "spec.policy: Required value"),
        (
            "ImagePolicy",
            json!({"imageRepositoryRef": {"name": null}}),
            "spec.imageRepositoryRef.name: Required value",
        ),
        (
            "ImagePolicy",
            json!({"policy": {"semver": {"range": null}}}),
            "spec.policy.semver.range: Required value",
        ),
        (
            "ImagePolicy",
            json!({"policy": {"numerical": {"order": "up"}}}),
            "supported values: \"asc\", \"desc\"",
        ),
        (
            "ImagePolicy",
            json!({"digestReflectionPolicy": "Sometimes"}),
            "supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ),
        (
            "ImagePolicy",
            json!({"interval": "1m"}),
            "spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
        ),
        (
            "ImagePolicy",
            json!({"digestReflectionPolicy": "Always"}),
            "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
        ),
        (
            "ImageUpdateAutomation",
            json!({"sourceRef": {"name": null}}),
            "spec.sourceRef.name: Required value",
        ),
        (
            "ImageUpdateAutomation",
            json!({"sourceRef": {"kind": "Bucket"}}),
            "supported values: \"GitRepository\"",
        ),
        ("ImageUpdateAutomation", json!({"update": {"strategy": "Guess"}}), "supported values: \"Setters\""),
        ("ImageUpdateAutomation", json!({"git": {"push": {}}}), "spec.git.commit: Required value"),
        (
            "ImageUpdateAutomation",
            json!({"git": {"commit": {"author": {"name": "a"}}}}),
            "spec.git.commit.author.email: Required value",
        ),
        (
            "ImageUpdateAutomation",
            json!({"git": {"commit": {"author": author, "signingKey": {"type": "x509", "secretRef": {"name": "a"}}}}}),
            "supported values: \"gpg\", \"ssh\"",
        ),
        (
            "ImageUpdateAutomation",
            json!({"policySelector": {"matchExpressions": [{"key": "a"}]}}),
            "spec.policySelector.matchExpressions[0].operator: Required value",
        ),
        ("GitRepository", json!({"url": "git@git.example.com:a"}), "spec.url in body should match"),
        ("GitRepository", json!({"url": "../fleet.git"}), "spec.url in body should match"),
        (
            "GitRepository",
            json!({"provider": "gcp"}),
            "supported values: \"generic\", \"aws\", \"azure\", \"github\"",
        ),
        (
            "GitRepository",
            json!({"serviceAccountName": "a"}),
            "serviceAccountName can only be set when provider is 'azure' or 'aws'",
        ),
        ("GitRepository", json!({"verify": {"mode": "HEAD"}}), "spec.verify.secretRef: Required value"),
        (
            "GitRepository",
            json!({"verify": {"mode": "none", "secretRef": {"name": "a"}}}),
            "supported values: \"head\", \"HEAD\", \"Tag\", \"TagAndHEAD\"",
        ),
        (
            "GitRepository",
            json!({"include": [{"fromPath": "a"}]}),
            "spec.include[0].repository: Required value",
        ),
    ]
}

/// Lays `change` over `target`; null takes a field away.
fn merge(target: &mut Value, change: &Value) {
    let (Some(fields), Some(changes)) = (target.as_object_mut(), change.as_object()) else {
        *target = change.clone();
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), change);
        }
    }
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    let group = if kind == "GitRepository" { "source" } else { "image" };
    json!({
        "apiVersion": format!("{group}.toolkit.fluxcd.io/v1"), "kind": kind, "metadata": {"name": name}, "spec": spec,
    })
}

#[test]
fn an_invalid_object_is_refused_with_the_field_and_the_reason() {
    let Some(place) = Place::new("refused") else { return };
    let smallest = |kind: &str| -> Value {
        let text = match kind {
            "ImageRepository" => REPOSITORY,
            "ImagePolicy" => POLICY,
            "ImageUpdateAutomation" => AUTOMATION,
            _ => SOURCE,
        };
        serde_json::from_str(text).unwrap()
    };
    for kind in ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation", "GitRepository"] {
        let valid = object(kind, "valid", &smallest(kind)).to_string();
        place.done(&["create", "--dry-run=server", "-f", "-"], &valid);
        let mut empty = object(kind, "empty", &Value::Null);
        empty.as_object_mut().unwrap().remove("spec");
        let refused = place.ask(&["create", "--dry-run=server", "-f", "-"], &empty.to_string());
        assert!(refused.stderr.contains("spec: Required value"), "{kind}: {}", refused.stderr);
    }
    let rows = rows();
    let invalid = rows.iter().map(|(kind, change, _expected)| {
        let mut spec = smallest(kind);
        merge(&mut spec, change);
        object(kind, "invalid", &spec).to_string()
    });
    let all = invalid.collect::<Vec<_>>().join("\n---\n");
    let answer = place.ask(&["create", "--dry-run=server", "-f", "-"], &all);
    assert_eq!(answer.stdout, "", "these were taken");
    let refusals = refusals(&answer.stderr);
    assert_eq!(refusals.len(), rows.len(), "{}", answer.stderr);
    for ((kind, change, expected), refusal) in rows.iter().zip(refusals) {
        assert!(refusal.contains(kind) && refusal.contains(expected), "{kind} {change}: {refusal}");
    }
}

/// One text for each object, in their order: a refusal may have several lines.
fn refusals(stderr: &str) -> Vec<String> {
    let mut refusals: Vec<String> = Vec::new();
    for line in stderr.lines() {
        match refusals.last_mut() {
            Some(last) if !line.starts_with("The ") && !line.starts_with("Error from server") => {
                last.push_str(line);
            }
            _ => refusals.push(line.to_owned()),
        }
    }
    refusals
}
