//! Two copies at once: one works, the other stands by, and takes over when the first gives the leases back or dies.

use super::place::Place;
use crate::running::{Running, signal};

const SHORT: [&str; 3] = [
    "--leader-election-lease-duration=3s",
    "--leader-election-renew-deadline=2s",
    "--leader-election-retry-period=500ms",
];

/// A copy with a state folder of its own.
fn copy(place: &Place, state: &str, terms: &[&str]) -> Running {
    let storage = format!("--storage-path={state}");
    let mut args = vec!["--enable-leader-election", &storage];
    args.extend(terms);
    let mut command = place.command(&args);
    command.env("POD_NAME", state);
    Running::start(command)
}

#[test]
fn another_copy_takes_over_at_once_when_the_leases_are_given_back_and_in_time_when_not() {
    let Some(place) = Place::with_web("leader", "1.x", &["1.0.0"]) else { return };
    place.open_leases("image-only");
    // The first one's leases would last for 35 s: the second does not wait for that.
    let mut first = copy(&place, "first", &[]);
    first.until("holding the leases");
    place.until_ready("imageupdateautomation/fleet");
    let mut second = copy(&place, "second", &SHORT);
    second.until("standing by");
    signal("TERM", first.id());
    first.end().expect(0);
    second.until("holding the leases");
    place.estate.registry.push_tag("acme/web", "1.1.0");
    place.request("imagerepository/web", "1");
    second.until("pushed commit");

    let mut third = copy(&place, "third", &SHORT);
    third.until("standing by");
    signal("KILL", second.id());
    third.until("holding the leases");
    place.estate.registry.push_tag("acme/web", "1.2.0");
    place.request("imagerepository/web", "2");
    third.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.2.0");

    // Flux's own controller takes its Lease: this process must not go on.
    let lease = "lease/image-reflector-controller-leader-election";
    let patch = r#"{"spec":{"holderIdentity":"image-reflector-controller-abc"}}"#;
    place.own(&["patch", lease, "--type=merge", "-p", patch], "");
    let story = third.end().expect(1).stderr;
    assert!(story.contains("went to 'image-reflector-controller-abc'"), "{story}");
}
