//! A run that goes on: it takes edits without a restart, and stops when it is told to, with nothing half.

use super::{Pair, Written};
use crate::running::{Running, signal};
use crate::support::tagalong;
use std::sync::mpsc::channel;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

#[test]
fn edits_to_the_folder_are_taken_without_a_restart() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    pair.estate.registry.push_tag("acme/web", "2.0.0");
    let mut running = Running::start(tagalong(pair.estate.folder(), FOREVER));
    running.until("pushed commit");
    assert_eq!(pair.written(), Some(Written::Both));
    pair.web("", "  policy: {semver: {range: 2.x}}\n");
    running.until("acme/web resolved to 2.0.0");
    running.until("pushed commit");
    assert!(pair.estate.repo.read("main", "web.yaml").unwrap().contains(":2.0.0 #"));

    // What cannot be read is told, and the last good state stays in force.
    let web = std::fs::read_to_string(pair.estate.objects().join("web.yaml")).unwrap();
    pair.estate.object("web.yaml", &web.replace("interval:", "intervall:"));
    running.until("the last good state stays in force");
    pair.estate.registry.push_tag("acme/web", "2.1.0");
    running.until("pushed commit");
    assert!(pair.estate.repo.read("main", "web.yaml").unwrap().contains(":2.1.0 #"));

    // A policy that is gone serves nothing any more; the image goes on being scanned for others.
    pair.estate.object("web.yaml", web.split("---").next().unwrap());
    running.until("the folder changed and was read again");
    pair.estate.registry.push_tag("acme/web", "2.2.0");
    running.until("ImageRepository/default/web: successful scan: found 5 tags");
    signal("INT", running.id());
    running.end().expect(130);
    assert!(pair.estate.repo.read("main", "web.yaml").unwrap().contains(":2.1.0 #"));
}

const FOREVER: &[&str] = &["run", "objects", "--state", "state"];
const ONCE: &[&str] = &["run", "objects", "--state", "state", "--once"];

#[test]
fn a_signal_between_turns_ends_the_run_at_once() {
    need!(Part::Git, Part::GitHttpBackend);
    // A service manager's TERM is how a service ends well.
    for (name, code) in [("INT", 130), ("TERM", 0)] {
        let pair = Pair::new();
        let mut running = Running::start(tagalong(pair.estate.folder(), FOREVER));
        running.until("pushed commit");
        signal(name, running.id());
        let ran = running.end().expect(code);
        assert!(ran.stderr.contains("stopping; what was begun is finished first"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("not finished"), "{}", ran.stderr);
        assert_eq!(pair.written(), Some(Written::Both));
    }
}

#[test]
fn a_signal_during_a_push_leaves_nothing_half() {
    need!(Part::Git, Part::GitHttpBackend);
    for (name, args, code) in
        [("INT", FOREVER, 130), ("TERM", FOREVER, 0), ("INT", ONCE, 130), ("TERM", ONCE, 130)]
    {
        let pair = Pair::new();
        let (pushing, pushes) = channel();
        let (signalled, go_on) = channel::<()>();
        pair.estate.git.before_push(move || {
            pushing.send(()).unwrap();
            // The push goes on when the signal has been sent.
            go_on.recv().unwrap_or_default();
        });
        let mut running = Running::start(tagalong(pair.estate.folder(), args));
        pushes.recv().unwrap();
        signal(name, running.id());
        if args == FOREVER {
            running.until("stopping; what was begun is finished first");
        }
        signalled.send(()).unwrap();
        let ran = running.end().expect(code);
        if args == FOREVER {
            assert_eq!(pair.written(), Some(Written::Both), "{name}: {}", ran.stderr);
        }
        pair.estate.once().expect(0);
        assert_eq!(pair.written(), Some(Written::Both), "{name} {args:?}");
        assert_eq!(pair.estate.repo.log("main").unwrap().len(), 2, "{name} {args:?}");
        pair.estate.repo.fsck().unwrap();
    }
}

#[test]
fn a_signal_during_a_scan_ends_the_run() {
    need!(Part::Git, Part::GitHttpBackend);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for args in [FOREVER, ONCE] {
        let pair = Pair::new();
        pair.web("  timeout: 30s\n", "");
        pair.estate.registry.hold();
        let running = Running::start(tagalong(pair.estate.folder(), args));
        runtime.block_on(pair.estate.registry.requests_reach(1));
        signal("INT", running.id());
        pair.estate.registry.release();
        running.end().expect(130);
        pair.estate.once().expect(0);
        assert_eq!((pair.written(), pair.estate.repo.log("main").unwrap().len()), (Some(Written::Both), 2));
    }
}
