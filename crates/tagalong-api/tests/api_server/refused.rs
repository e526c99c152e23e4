//! What the API server itself refuses, so that a user reads of it at once and not from a condition later.

use crate::Place;
use serde_json::{Value, json};

const REPOSITORY: &str = r#"{"image": "a/b", "interval": "1m"}"#;
const POLICY: &str = r#"{"imageRepositoryRef": {"name": "a"}, "policy": {"semver": {"range": "1.x"}}}"#;
const AUTOMATION: &str = r#"{"interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "a"}}"#;
const SOURCE: &str = r#"{"url": "https://git.example.com/a", "interval": "1m"}"#;

/// A change to the smallest object of a kind (null takes a field away), and what the refusal says.
type Row = (Value, &'static str);

fn of_repositories() -> Vec<Row> {
    let long = "x".repeat(254);
    let many = vec!["^a$"; 26];
    vec![
        (json!({"image": null}), "spec.image: Required value"),
        (json!({"interval": null}), "spec.interval: Required value"),
        (json!({"interval": "5"}), "spec.interval in body should match"),
        (json!({"interval": "1d"}), "spec.interval in body should match"),
        (json!({"timeout": "1h"}), "spec.timeout in body should match"),
        (json!({"provider": "other"}), "supported values: \"generic\", \"aws\", \"azure\", \"gcp\""),
        (json!({"serviceAccountName": long}), "spec.serviceAccountName: Too long"),
        (json!({"exclusionList": many}), "spec.exclusionList: Too many"),
        (json!({"secretRef": {}}), "spec.secretRef.name: Required value"),
        (json!({"accessFrom": {}}), "spec.accessFrom.namespaceSelectors: Required value"),
        (json!({"insecure": "yes"}), "spec.insecure in body must be of type boolean"),
        (json!({"intervall": "1m"}), "unknown field \"spec.intervall\""),
    ]
}

fn of_policies() -> Vec<Row> {
    vec![
        (json!({"policy": null}), "spec.policy: Required value"),
        (json!({"imageRepositoryRef": {"name": null}}), "spec.imageRepositoryRef.name: Required value"),
        (json!({"policy": {"semver": {"range": null}}}), "spec.policy.semver.range: Required value"),
        (json!({"policy": {"numerical": {"order": "up"}}}), "supported values: \"asc\", \"desc\""),
        (
            json!({"digestReflectionPolicy": "Sometimes"}),
            "supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        ),
        (
            json!({"interval": "1m"}),
            "spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
        ),
        (
            json!({"digestReflectionPolicy": "Always"}),
            "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
        ),
    ]
}

fn of_automations() -> Vec<Row> {
    let author = json!({"email": "a@example.com"});
    vec![
        (json!({"sourceRef": {"name": null}}), "spec.sourceRef.name: Required value"),
        (json!({"sourceRef": {"kind": "Bucket"}}), "supported values: \"GitRepository\""),
        (json!({"update": {"strategy": "Guess"}}), "supported values: \"Setters\""),
        (json!({"git": {"push": {}}}), "spec.git.commit: Required value"),
        (
            json!({"git": {"commit": {"author": {"name": "a"}}}}),
            "spec.git.commit.author.email: Required value",
        ),
        (
            json!({"git": {"commit": {"author": author, "signingKey": {"type": "x509", "secretRef": {"name": "a"}}}}}),
            "supported values: \"gpg\", \"ssh\"",
        ),
        (
            json!({"policySelector": {"matchExpressions": [{"key": "a"}]}}),
            "spec.policySelector.matchExpressions[0].operator: Required value",
        ),
    ]
}

fn of_sources() -> Vec<Row> {
    vec![
        (json!({"url": "git@git.example.com:a"}), "spec.url in body should match"),
        (json!({"url": "../fleet.git"}), "spec.url in body should match"),
        (json!({"provider": "gcp"}), "supported values: \"generic\", \"aws\", \"azure\", \"github\""),
        (
            json!({"serviceAccountName": "a"}),
            "serviceAccountName can only be set when provider is 'azure' or 'aws'",
        ),
        (json!({"verify": {"mode": "HEAD"}}), "spec.verify.secretRef: Required value"),
        (
            json!({"verify": {"mode": "none", "secretRef": {"name": "a"}}}),
            "supported values: \"head\", \"HEAD\", \"Tag\", \"TagAndHEAD\"",
        ),
        (json!({"include": [{"fromPath": "a"}]}), "spec.include[0].repository: Required value"),
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

fn object(kind: &str, spec: &Value) -> Value {
    let group = if kind == "GitRepository" { "source" } else { "image" };
    json!({
        "apiVersion": format!("{group}.toolkit.fluxcd.io/v1"), "kind": kind, "metadata": {"name": "a"}, "spec": spec,
    })
}

#[test]
fn an_invalid_object_is_refused_with_the_field_and_the_reason() {
    let Some(place) = Place::new("refused") else { return };
    for (kind, smallest, rows) in [
        ("ImageRepository", REPOSITORY, of_repositories()),
        ("ImagePolicy", POLICY, of_policies()),
        ("ImageUpdateAutomation", AUTOMATION, of_automations()),
        ("GitRepository", SOURCE, of_sources()),
    ] {
        let smallest: Value = serde_json::from_str(smallest).unwrap();
        let create = ["create", "--dry-run=server", "-f", "-"];
        place.done(&create, &object(kind, &smallest).to_string());
        let mut without = object(kind, &smallest);
        without.as_object_mut().unwrap().remove("spec");
        let changed = rows.iter().map(|(change, _expected)| {
            let mut spec = smallest.clone();
            merge(&mut spec, change);
            object(kind, &spec)
        });
        let all: Vec<String> = changed.chain([without]).map(|object| object.to_string()).collect();
        let answer = place.ask(&create, &all.join("\n---\n"));
        assert_eq!(answer.stdout, "", "these were taken");
        let refusals = refusals(&answer.stderr);
        assert_eq!(refusals.len(), all.len(), "{}", answer.stderr);
        let expected = rows.iter().map(|(_change, expected)| *expected).chain(["spec: Required value"]);
        for ((expected, refusal), given) in expected.zip(refusals).zip(all) {
            assert!(refusal.contains(kind) && refusal.contains(expected), "{given}: {refusal}");
        }
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
