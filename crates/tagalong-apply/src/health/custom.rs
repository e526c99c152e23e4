//! Kinds of others whose controllers say more than `Ready`: Flagger, Argo Rollouts, cert-manager.

use serde_json::Value;

use super::{Health, condition};
use crate::object::text;

pub(super) fn health(group: &str, kind: &str, object: &Value) -> Option<Health> {
    match (group, kind) {
        ("flagger.app", "Canary") => Some(canary(object)),
        ("argoproj.io", "Rollout") => Some(rollout(object)),
        ("cert-manager.io", "Certificate" | "Issuer" | "ClusterIssuer") => Some(issued(object)),
        ("cert-manager.io", "CertificateRequest") => Some(request(object)),
        _ => None,
    }
}

/// Promoted, or made for the first time, is done; `Failed` was rolled back.
fn canary(object: &Value) -> Health {
    match text(object, "/status/phase") {
        phase @ ("Initialized" | "Succeeded") => Health::current(format!("Canary phase: {phase}")),
        "Failed" => Health::failed(
            condition::find(object, "Promoted").map_or("Canary phase: Failed", |promoted| promoted.message),
        ),
        "" => Health::in_progress("Canary has no phase yet"),
        phase => Health::in_progress(format!("Canary phase: {phase}")),
    }
}

fn rollout(object: &Value) -> Health {
    let message = |fallback: &str| {
        let said = text(object, "/status/message");
        if said.is_empty() { fallback.to_owned() } else { said.to_owned() }
    };
    match text(object, "/status/phase") {
        "Healthy" => Health::current("Rollout is healthy"),
        "Degraded" => Health::failed(message("Rollout is degraded")),
        "" => Health::in_progress("Rollout has no phase yet"),
        phase => Health::in_progress(message(&format!("Rollout phase: {phase}"))),
    }
}

/// `Ready`, which is not there at first: until then nothing was issued.
fn issued(object: &Value) -> Health {
    condition::ready(object)
        .unwrap_or_else(|| Health::in_progress(format!("{} is not ready yet", text(object, "/kind"))))
}

fn request(object: &Value) -> Health {
    let refused = |kind: &str| condition::find(object, kind).filter(|found| found.status == "True");
    if let Some(found) = refused("Denied").or_else(|| refused("InvalidRequest")) {
        return Health::failed(found.message);
    }
    match condition::find(object, "Ready") {
        Some(ready) if ready.status == "False" && matches!(ready.reason, "Failed" | "Denied") => {
            Health::failed(ready.message)
        }
        _ => issued(object),
    }
}
