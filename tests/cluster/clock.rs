//! A machine whose clock was ahead and is set right while the controller runs.

use super::place::Place;
use crate::running::{Running, signal};
use tagalong_testkit::clock::Clock;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

#[test]
fn a_clock_that_is_set_back_stops_neither_scans_nor_the_leases() {
    need!(Part::Faketime);
    let Some(place) = Place::with_web("clock", "1.x", &["1.0.0"]) else { return };
    place.open_leases("image-only");
    let clock = Clock::new("+2d").unwrap();
    let mut command = place.command(&[
        "--enable-leader-election",
        "--controllers=image",
        "--leader-election-lease-duration=10s",
        "--leader-election-renew-deadline=9s",
        "--leader-election-retry-period=200ms",
    ]);
    clock.wind(&mut command);
    let mut controller = Running::start(command);
    controller.until("holding the leases");
    place.until_ready("imageupdateautomation/fleet");
    let ahead = place.get("imagerepository/web", ".status.lastScanResult.scanTime");

    clock.set("+0d").unwrap();
    place.estate.registry.push_tag("acme/web", "1.1.0");
    // Not asked for: the last scan lies in the future, which says nothing about how old it is.
    place.own(&["patch", "imagerepository/web", "--type=merge", "-p", r#"{"spec":{"interval":"6m"}}"#], "");
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/web.yaml"), "1.1.0");
    place.until("imagerepository/web", ".status.lastScanResult.tagCount", "2");
    assert!(place.get("imagerepository/web", ".status.lastScanResult.scanTime") < ahead, "{ahead}");

    // The Leases are renewed by the new time, and are still ours to give back.
    let renewed = ".items[0].spec.renewTime";
    while place.get("leases", renewed) > ahead {}
    signal("TERM", controller.id());
    controller.end().expect(0);
    assert_eq!(place.get("leases", ".items[*].spec.holderIdentity").trim(), "");
}
