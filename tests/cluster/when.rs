//! Releases that wait, in a cluster: what a new Pod goes on from stands in the status.

use super::place::Place;
use crate::running::signal;

#[test]
fn a_new_pod_goes_on_with_the_first_sights_that_the_last_one_left_in_the_status() {
    let Some(place) = Place::with_web("age", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let policy = |age: &str| {
        let patch = format!(r#"{{"spec":{{"minimumAge":"{age}"}}}}"#);
        place.own(&["patch", "imagepolicy/web", "--type=merge", "-p", &patch], "");
    };
    policy("100h");
    let mut first = place.controller(&[]);
    place.until("imagepolicy/web", ".status.candidates[0].tag", "1.1.0");
    let says =
        place.until_says("imagepolicy/web", ".status.conditions[?(@.type==\"Ready\")].reason", "TooYoung");
    assert_eq!(says, "TooYoung");
    let seen = place.get("imagepolicy/web", ".status.candidates[0].firstSeen");
    first.until("TooYoung");
    signal("TERM", first.id());
    first.end().expect(0);
    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");

    std::fs::remove_dir_all(place.estate.folder().join("state")).unwrap();
    policy("1s");
    let mut second = place.controller(&[]);
    second.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.1.0");
    place.until_ready("imagepolicy/web");
    assert_eq!(place.get("imagepolicy/web", ".status.candidates[0].firstSeen"), seen);

    // Without the field nothing is remembered any more.
    place.own(
        &["patch", "imagepolicy/web", "--type=json", "-p", r#"[{"op":"remove","path":"/spec/minimumAge"}]"#],
        "",
    );
    place.until("imagepolicy/web", ".status.observedGeneration", "4");
    assert_eq!(place.get("imagepolicy/web", ".status.candidates"), "");
}

#[test]
fn an_automation_says_what_waits_and_goes_on_when_somebody_allows_it() {
    let Some(place) = Place::with_web("limits", "1.x", &["1.0.0", "1.1.0"]) else { return };
    place.commit("apps/late.yaml", "web", "1.0.0");
    let patch = |spec: &str| {
        let patch = format!(r#"{{"spec":{spec}}}"#);
        place.own(&["patch", "imageupdateautomation/fleet", "--type=merge", "-p", &patch], "");
    };
    patch(r#"{"limits":{"changes":1},"schedule":[{"cron":"59 3 29 2 *","window":"1s"}]}"#);
    let mut controller = place.controller(&[]);
    let fleet = "imageupdateautomation/fleet";
    let message = ".status.conditions[?(@.type==\"Ready\")].message";
    let says = place.until_says(fleet, message, "TooManyChanges: 2 fields in 2 files not written yet");
    place.until_ready(fleet);
    let (_, rest) = says.split_once("limits.allow: ").unwrap();
    let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    patch(&format!(r#"{{"limits":{{"changes":1,"allow":"{name}"}}}}"#));
    place.until_says(fleet, message, "WindowClosed: 2 fields in 2 files not written yet");
    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");
    patch(r#"{"schedule":null}"#);
    controller.until("pushed commit");
    assert_eq!((place.tag("apps/web.yaml"), place.tag("apps/late.yaml")), ("1.1.0".into(), "1.1.0".into()));
    signal("TERM", controller.id());
    controller.end().expect(0);
    let reasons = place.own(&["get", "events", "-o=jsonpath={range .items[*]}{.reason}{\"\\n\"}{end}"], "");
    for reason in ["TooManyChanges", "WindowClosed"] {
        assert_eq!(reasons.lines().filter(|line| *line == reason).count(), 1, "{reasons}");
    }
}
