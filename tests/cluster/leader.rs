//! Two copies at once: one works, the other stands by, and takes over when the first gives the leases back or dies.

use super::place::Place;
use crate::running::{Running, signal};
use std::os::unix::fs::PermissionsExt as _;

const SHORT: [&str; 3] = [
    "--leader-election-lease-duration=5s",
    "--leader-election-renew-deadline=4500ms",
    "--leader-election-retry-period=500ms",
];

/// A copy with a state folder of its own.
fn copy(place: &Place, state: &str, terms: &[&str]) -> Running {
    let storage = format!("--storage-path={state}");
    let mut args = vec!["--enable-leader-election", "--controllers=image", &storage];
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

#[test]
fn a_leader_that_is_killed_in_a_push_leaves_one_commit() {
    const TIMES: usize = 10;
    let Some(place) = Place::with_web("killed", "1.x", &["1.0.0"]) else { return };
    place.open_leases("image-only");
    // A leader that is alive on a busy machine keeps its Leases; one that is dead is followed after 5 s.
    let terms = [
        "--leader-election-lease-duration=5s",
        "--leader-election-renew-deadline=4900ms",
        "--leader-election-retry-period=300ms",
    ];
    let mut leader = copy(&place, "copy-0", &terms);
    leader.until("holding the leases");
    place.until_ready("imageupdateautomation/fleet");
    for round in 1..=TIMES {
        let mut next = copy(&place, &format!("copy-{round}"), &terms);
        next.until("standing by");
        kill_in_push(&place, round, leader.id());
        place.estate.registry.push_tag("acme/web", &format!("1.{round}.0"));
        place.request("imagerepository/web", &round.to_string());
        // It says nothing more: it was killed.
        leader.end();
        next.until("holding the leases");
        place.until("imagepolicy/web", ".status.latestRef.tag", &format!("1.{round}.0"));
        let pushed = || place.estate.repo.rev("main").unwrap();
        place.request("imageupdateautomation/fleet", &round.to_string());
        place.until("imageupdateautomation/fleet", ".status.lastHandledReconcileAt", &round.to_string());
        assert_eq!(place.tag("apps/web.yaml"), format!("1.{round}.0"), "{}", pushed());
        let commits = place.estate.repo.log("main").unwrap().len();
        assert_eq!(commits, 1 + round, "one commit for each tag, killed or not");
        leader = next;
    }
    place.estate.repo.fsck().unwrap();
}

/// Kills a process when its push reaches the Git server: before it is read, before the ref moves, or after.
fn kill_in_push(place: &Place, round: usize, process: u32) {
    let hooks = place.estate.repo.path().join("hooks");
    let hook = match round % 3 {
        0 => {
            place.estate.git.before_push(move || signal("KILL", process));
            return;
        }
        1 => "pre-receive",
        _ => "post-receive",
    };
    // Once: the next push is another's.
    let script = format!("#!/bin/sh\nrm -f \"$0\"\nkill -KILL {process}\ncat >/dev/null\n");
    std::fs::create_dir_all(&hooks).unwrap();
    std::fs::write(hooks.join(hook), script).unwrap();
    std::fs::set_permissions(hooks.join(hook), std::fs::Permissions::from_mode(0o755)).unwrap();
}
