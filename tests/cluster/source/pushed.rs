//! One mirror serves the automation and the GitRepository: what the one pushes the other need not fetch.

use super::Place;
use super::archive::{entries, get};

const FLEET: &str = "gitrepository/fleet";

#[test]
fn the_commit_just_pushed_is_the_artifact_without_another_request() {
    let Some(place) = Place::with_web("pushed", "1.x", &["1.0.0"]) else { return };
    let mut controller = place.serving();
    place.until_ready(FLEET);
    place.until_ready("imageupdateautomation/fleet");
    place.estate.git.take_requests();
    place.estate.registry.push_tag("acme/web", "1.1.0");
    place.own(&["annotate", "imagerepository/web", "reconcile.fluxcd.io/requestedAt=now"], "");
    controller.until("pushed commit");
    let head = place.estate.repo.rev("main").unwrap();
    place.until(FLEET, ".status.artifact.revision", &format!("main@sha1:{head}"));
    let requests = place.estate.git.take_requests();
    let services: Vec<&str> = requests.iter().filter_map(|request| request.path.rsplit('/').next()).collect();
    // The automation's look and its push; none for the artifact.
    let expected = [
        "refs?service=git-upload-pack",
        "git-upload-pack",
        "refs?service=git-receive-pack",
        "git-receive-pack",
    ];
    assert_eq!(services, expected);
    let archive = get("GET", &place.get(FLEET, ".status.artifact.url")).body;
    assert_eq!(entries(&archive), ["apps", "apps/web.yaml"]);

    // A push of somebody else is seen by asking.
    let theirs = place.estate.commit(&[("more.yaml", "kind: A\n")]);
    place.own(&["annotate", FLEET, "reconcile.fluxcd.io/requestedAt=now"], "");
    place.until(FLEET, ".status.artifact.revision", &format!("main@sha1:{theirs}"));
}

#[test]
fn a_force_push_is_said_though_the_gitrepository_has_fetched_first() {
    let Some(place) = Place::with_web("rewritten", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let mut controller = place.serving();
    controller.until("pushed commit");
    let bot = place.estate.repo.rev("main").unwrap();
    place.until(FLEET, ".status.artifact.revision", &format!("main@sha1:{bot}"));
    let before = place.estate.repo.rev("main~1").unwrap();
    place.estate.repo.git(&["update-ref", "refs/heads/main", &before]).unwrap();
    place.request(FLEET, "now");
    place.until(FLEET, ".status.artifact.revision", &format!("main@sha1:{before}"));
    place.request("imageupdateautomation/fleet", "now");
    controller.until("HistoryRewritten");
}
