//! The figures of a controller after real turns: what the dashboard and the alerts in deploy/monitoring ask for is
//! there, the manual lists it all, and nothing is left of objects that are gone.

use super::observe::{address, get};
use super::place::Place;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use tagalong_testkit::fake_registry::{Fault, RetryAfter};

/// What the names of metrics begin with.
const PREFIXES: [&str; 6] =
    ["tagalong_", "gotk_", "controller_runtime_", "workqueue_", "rest_client_", "process_"];

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of metrics in a text.
fn named(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
        .map(ToOwned::to_owned)
        .collect()
}

/// The names of the samples of a scrape.
fn samples(scrape: &str) -> BTreeSet<String> {
    let lines = scrape.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(['{', ' ']).next()).flat_map(named).collect()
}

/// Every expression in the dashboard and the alerts.
fn expressions() -> String {
    fn collect(value: &Value, out: &mut String) {
        for (key, inner) in value.as_object().into_iter().flatten() {
            if matches!(key.as_str(), "expr" | "query") {
                out.push_str(inner.as_str().unwrap_or_default());
                out.push('\n');
            }
            collect(inner, out);
        }
        value.as_array().into_iter().flatten().for_each(|inner| collect(inner, out));
    }
    let mut out = String::new();
    collect(&serde_json::from_str(&file("deploy/monitoring/dashboard.json")).unwrap(), &mut out);
    collect(&serde_saphyr::from_str(&file("deploy/monitoring/rules.yaml")).unwrap(), &mut out);
    out
}

/// A sample without the endings that a histogram adds.
fn family(sample: &str) -> &str {
    let endings = ["_bucket", "_sum", "_count"];
    endings.iter().find_map(|ending| sample.strip_suffix(ending)).unwrap_or(sample)
}

/// The names in the tables of the manual's page.
fn explained() -> BTreeSet<String> {
    let page = file("docs/reference/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(ToOwned::to_owned).collect()
}

#[test]
fn dashboard_alerts_and_manual_name_what_a_controller_shows() {
    let Some(place) = Place::with_web("metrics", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let namespace = &place.namespace;
    let marked = |more: &str, policy: &str| {
        format!("image: IMAGE:1.0.0 # {{\"$imagepolicy\": \"{namespace}:{policy}\"{more}}}\n")
    };
    let held = marked(", \"hold\": \"a freeze\"", "web");
    place.estate.commit(&[("apps/held.yaml", &held), ("apps/nobody.yaml", &marked("", "nobody"))]);
    place.estate.registry.fail_next(Fault::RateLimited(RetryAfter::Seconds(0)));
    let mut controller = place.controller(&["--metrics-addr=127.0.0.1:0"]);
    let address = address(&mut controller, "--metrics-addr");
    controller.until("pushed commit");
    place.until_ready("imageupdateautomation/fleet");

    let answer = get(&address, "/metrics");
    assert!(answer.contains("application/openmetrics-text"), "{answer}");
    let (_, scrape) = answer.split_once("\r\n\r\n").unwrap();
    let samples = samples(scrape);
    let missing: Vec<String> =
        named(&expressions()).into_iter().filter(|name| !samples.contains(name)).collect();
    assert!(missing.is_empty(), "deploy/monitoring names {missing:?}, which is not in\n{scrape}");
    let shown: BTreeSet<String> = samples.iter().map(|sample| family(sample).to_owned()).collect();
    assert_eq!(explained(), shown, "docs/reference/metrics.md on the left");

    for line in [
        "tagalong_pushes_total{outcome=\"pushed\"} 1",
        "controller_runtime_reconcile_errors_total{controller=\"gitrepository\"} 0",
        "tagalong_edits_total 1",
        "tagalong_held_sites{reason=\"Held\"} 1",
        "tagalong_tag_to_push_seconds_count 1",
        "tagalong_objects{kind=\"ImagePolicy\",ready=\"True\"} 1",
        &format!("tagalong_repository_tags{{name=\"web\",namespace=\"{namespace}\"}} 2"),
        &format!(
            "tagalong_registry_requests_total{{host=\"{}\",code=\"429\"}} 1",
            place.estate.registry.host()
        ),
    ] {
        assert!(scrape.lines().any(|shown| shown == line), "{line} is not in\n{scrape}");
    }

    let series = format!("name=\"web\",namespace=\"{namespace}\"");
    assert!(
        scrape.contains(&format!("gotk_reconcile_duration_seconds_count{{kind=\"ImagePolicy\",{series}}}"))
    );
    place.delete("imagepolicy/web");
    place.delete("imagerepository/web");
    // The watch brings the end a moment after `kubectl` saw it.
    let gone = (0..1000).any(|_| !get(&address, "/metrics").contains(&series));
    assert!(gone, "{series} is still shown");
}

#[test]
fn a_policy_made_together_with_its_repository_says_nothing_before_the_first_listing() {
    let Some(place) = Place::new("early") else { return };
    let mut controller = place.controller(&[]);
    controller.until("turning 0 ImageRepositories");
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    place.estate.registry.hold();
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    // Its turn has begun, and the listing has not come.
    place.until("imagepolicy/web", ".metadata.finalizers[0]", "finalizers.fluxcd.io");
    place.estate.registry.release();
    place.until_ready("imagepolicy/web");
    // Events are written one after the other: after the next one of the policy, the earlier ones are there.
    place.estate.registry.push_tag("acme/web", "1.1.0");
    place.own(&["annotate", "imagerepository/web", "reconcile.fluxcd.io/requestedAt=1"], "");
    let about = "--field-selector=involvedObject.kind=ImagePolicy";
    place.until("imagepolicy/web", ".status.latestRef.tag", "1.1.0");
    let messages = || place.own(&["get", "events", about, "-o=jsonpath={.items[*].message}"], "");
    assert!((0..200).any(|_| messages().contains("resolved to 1.1.0")), "the second event came");
    let reasons = place.own(&["get", "events", about, "-o=jsonpath={.items[*].reason}"], "");
    assert!(reasons.split(' ').all(|reason| reason == "Succeeded"), "{reasons}");
}

#[test]
fn a_policy_says_so_when_the_first_listing_fails() {
    let Some(place) = Place::new("first") else { return };
    let mut controller = place.controller(&[]);
    controller.until("turning 0 ImageRepositories");
    place.estate.registry.fail_always(Fault::Status(500));
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    place.until("imagepolicy/web", ".status.conditions[?(@.type==\"Ready\")].reason", "DependencyNotReady");
}
