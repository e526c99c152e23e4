//! Objects as Flux's controllers leave them: taken over without a turn of fortune, and handed back with nothing in them
//! that Flux's own definitions would drop.

use super::place::Place;
use crate::running::signal;
use serde_json::{Value, json};

const OBJECTS: [(&str, &str); 3] =
    [("imagerepositories", "web"), ("imagepolicies", "web"), ("imageupdateautomations", "fleet")];
/// When Flux found them Ready.
const SINCE: &str = "2026-01-02T03:04:05Z";

/// What Flux's controllers write into each object's status.
fn statuses(place: &Place, head: &str) -> [Value; 3] {
    let ready = |reason: &str, message: &str| {
        json!([{"type": "Ready", "status": "True", "reason": reason, "message": message,
            "observedGeneration": 1, "lastTransitionTime": SINCE}])
    };
    let image = place.estate.registry.image("acme/web");
    let tag = json!({"name": image, "tag": "1.0.0"});
    [
        json!({"canonicalImageName": image, "observedGeneration": 1, "observedExclusionList": ["^.*\\.sig$"],
            "lastScanResult": {"latestTags": ["1.0.0"], "revision": "1234567890", "scanTime": SINCE, "tagCount": 1},
            "lastHandledReconcileAt": "then",
            "conditions": ready("Succeeded", "successful scan: found 1 tags with checksum 1234567890")}),
        json!({"latestRef": tag, "observedGeneration": 1, "lastHandledReconcileAt": "then",
            "conditions": ready("Succeeded", &format!("Latest image tag for {image} resolved to 1.0.0"))}),
        json!({"observedGeneration": 1, "lastAutomationRunTime": SINCE, "lastPushCommit": head,
            "lastPushTime": SINCE, "observedSourceRevision": format!("main@sha1:{head}"),
            "lastHandledReconcileAt": "then",
            "observedPolicies": {"web": tag},
            "conditions": ready("Succeeded", "repository up-to-date")}),
    ]
}

fn object(place: &Place, (kind, name): (&str, &str)) -> Value {
    serde_json::from_str(&place.own(&["get", kind, name, "-o=json"], "")).unwrap()
}

#[test]
fn what_flux_made_is_taken_over_and_handed_back() {
    let Some(place) = Place::with_web("taken", "1.x", &["1.0.0"]) else { return };
    let head = place.estate.repo.rev("main").unwrap();
    for ((kind, name), status) in OBJECTS.into_iter().zip(statuses(&place, &head)) {
        let patch = |extra: &[&str], patch: &Value| {
            let patch = patch.to_string();
            let all = [&["patch", kind, name, "--type=merge", "-p", &patch], extra].concat();
            place.own(&all, "");
        };
        patch(
            &["--field-manager=flux"],
            &json!({"metadata": {"finalizers": ["finalizers.fluxcd.io"],
            "annotations": {"reconcile.fluxcd.io/requestedAt": "then"}}}),
        );
        patch(&["--subresource=status", "--field-manager=flux"], &json!({"status": status}));
    }
    let mut controller = place.controller(&["--controllers=image"]);
    controller.until("turning 1 ImageRepositories");
    place.request("imageupdateautomation/fleet", "now");
    place.until("imageupdateautomation/fleet", ".status.lastHandledReconcileAt", "now");
    let [_, policy, automation] = OBJECTS.map(|which| object(&place, which));
    for object in [&policy, &automation] {
        let conditions = &object["status"]["conditions"];
        assert_eq!(conditions.as_array().unwrap().len(), 1, "{conditions:#}");
        assert_eq!(
            (&conditions[0]["status"], &conditions[0]["lastTransitionTime"]),
            (&json!("True"), &json!(SINCE))
        );
        assert_eq!(object["metadata"]["finalizers"], json!(["finalizers.fluxcd.io"]));
    }
    let status = &automation["status"];
    assert_eq!((&status["lastPushCommit"], &status["lastPushTime"]), (&json!(head), &json!(SINCE)));
    assert_eq!(place.estate.repo.log("main").unwrap().len(), 1, "nothing was to be done");

    place.estate.registry.push_tag("acme/web", "1.1.0");
    place.request("imagerepository/web", "now");
    controller.until("pushed commit");
    let pushed = place.estate.repo.rev("main").unwrap();
    place.until("imageupdateautomation/fleet", ".status.lastPushCommit", &pushed);
    signal("TERM", controller.id());
    controller.end().expect(0);
    for (kind, name) in OBJECTS {
        let left = object(&place, (kind, name));
        let definition = format!("crd/{kind}.image.toolkit.fluxcd.io");
        let definition: Value =
            serde_json::from_str(&place.kubectl(&["get", &definition, "-o=json"], "")).unwrap();
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            known_to_flux(&left[part], &schema[part], &format!("{kind}.{part}"));
        }
        assert_eq!(
            left["metadata"]["finalizers"],
            json!(["finalizers.fluxcd.io"]),
            "Flux removes it as we do"
        );
    }
}

/// Whether every field of a value stands in the schema and is no extension of ours, which Flux's schema would drop.
fn known_to_flux(value: &Value, schema: &Value, path: &str) {
    let description = schema["description"].as_str().unwrap_or_default();
    assert!(!schema.is_null() && !description.starts_with("Extension:"), "{path}: {description}");
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let of_map = &schema["additionalProperties"];
                let schema = if of_map.is_object() { of_map } else { &schema["properties"][name] };
                known_to_flux(value, schema, &format!("{path}.{name}"));
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| known_to_flux(item, &schema["items"], &format!("{path}[]")));
        }
        _ => {}
    }
}
