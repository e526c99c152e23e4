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
