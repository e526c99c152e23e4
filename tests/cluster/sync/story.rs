//! The whole story in one process: a tag is pushed, and the Deployment in the cluster changes.

use super::super::place::Place;
use super::place::{APPS, deployment};

#[test]
fn a_tag_that_is_pushed_ends_in_a_changed_deployment() {
    let Some(place) = Place::new("story") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    let marker = format!("\n    # {{\"$imagepolicy\": \"{}:web\"}}", place.namespace);
    let marked = deployment("web", "IMAGE:1.0.0").replace(
        "    spec: {containers: [{name: app, image: \"IMAGE:1.0.0\"}]}\n",
        &format!(
            "    spec:\n      containers:\n      - name: app\n        image: IMAGE:1.0.0 {}\n",
            marker.trim()
        ),
    );
    place.estate.commit(&[("apps/web.yaml", &marked)]);
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    place.apply(&place.estate.automation(""));
    place.open_sync();
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.until_ready("imageupdateautomation/fleet");
    place.estate.git.take_requests();
    place.estate.registry.push_tag("acme/web", "1.1.0");
    place.request("imagerepository/web", "1");
    let image = place.estate.registry.image("acme/web");
    let held = ".spec.template.spec.containers[0].image";
    place.until("deployment/web", held, &format!("{image}:1.1.0"));
    let head = place.estate.repo.rev("main").unwrap();
    place.until_applied(APPS, &format!("main@sha1:{head}"));
    // The automation's look and its push; what is built is what was pushed.
    assert_eq!(place.estate.git.take_requests().len(), 4);
}
