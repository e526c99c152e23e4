//! Two copies that serve sources: the one that stands by gives nothing out, and says that it is not ready; and one that
//! serves sources and nothing else.

use super::archive::{Answer, entries, get};
use super::{Place, READY, SITE, site};
use crate::cluster::observe;
use crate::running::{Running, signal};

fn copy(place: &Place, name: &str) -> Running {
    let storage = format!("--storage-path={name}");
    let args =
        ["--enable-leader-election", "--controllers=image,source", "--health-addr=127.0.0.1:0", &storage];
    let mut command = place.command(&args);
    command.env("POD_NAME", name);
    Running::start(command)
}

#[test]
fn a_copy_that_stands_by_gives_nothing_out_until_it_takes_over() {
    let Some(place) = Place::with_site("copies", "  ref: {branch: main}\n") else { return };
    place.open_leases("all");
    let mut first = copy(&place, "first");
    first.until("holding the leases");
    place.until_ready(SITE);
    let path = place.get(SITE, ".status.artifact.path");

    let mut second = copy(&place, "second");
    let artifacts = observe::address(&mut second, "--storage-addr");
    let health = observe::address(&mut second, "--health-addr");
    second.until("standing by");
    let url = format!("http://{artifacts}/{path}");
    assert_eq!(get("GET", &url).status, 503);
    assert!(observe::get(&health, "/healthz").starts_with("HTTP/1.1 200"));
    let ready = observe::get(&health, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("artifacts: standing by"), "{ready}");

    signal("TERM", first.id());
    first.end().expect(0);
    second.until("holding the leases");
    place.until(SITE, ".status.artifact.url", &url);
    let Answer { status, body, .. } = get("GET", &url);
    assert_eq!(status, 200);
    assert_eq!(entries(&body), ["apps", "apps/web.yaml", "readme.md"]);
    assert!(observe::get(&health, "/readyz").starts_with("HTTP/1.1 200"));
}

#[test]
fn sources_are_served_alone() {
    let Some(place) = Place::with_site("alone", "  ref: {branch: main}\n") else { return };
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    let mut controller = place.controller(&["--controllers=source", "--health-addr=127.0.0.1:0"]);
    let health = observe::address(&mut controller, "--health-addr");
    place.until_ready(SITE);
    assert!(place.get(SITE, &format!("{READY}.message")).starts_with("stored artifact"));
    assert!(observe::get(&health, "/readyz").starts_with("HTTP/1.1 200"));
    // Another controller's objects are left alone, whatever is asked of them.
    place.request("imagerepository/web", "1");
    place.apply(&site(&place, "  ref: {branch: main}\n  ignore: '*.md'\n"));
    place.until(SITE, ".status.observedIgnore", "*.md");
    assert_eq!(place.get("imagerepository/web", ".metadata.finalizers"), "");
    assert_eq!(place.get("imagerepository/web", ".status.conditions"), "");
}
