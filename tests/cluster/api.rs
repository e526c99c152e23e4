//! An API server that refuses, cuts and forgets, in front of the real one; and how much is asked of it.

use super::place::Place;
use crate::running::{Running, signal};
use std::collections::HashSet;
use tagalong_testkit::control_plane::{ApiProxy, Asked, Refusal};

/// A controller of this place that reaches the API server through a proxy; what `refusals` name is refused from the
/// beginning.
pub(super) fn behind_proxy(place: &Place, refusals: &[Refusal], args: &[&str]) -> (ApiProxy, Running) {
    let proxy = ApiProxy::start(super::place::installed(place.plane)).unwrap();
    for refusal in refusals {
        proxy.refuse(*refusal);
    }
    let mut command = place.command(args);
    command.env("KUBECONFIG", proxy.kubeconfig());
    (proxy, Running::start(command))
}

pub(super) fn refusal(method: &'static str, part: &'static str, code: u16, times: usize) -> Refusal {
    Refusal { method, part, code, times }
}

fn commits(place: &Place) -> usize {
    place.estate.repo.log("main").unwrap().len()
}

#[test]
fn an_api_server_that_refuses_for_a_while_gets_everything_in_the_end() {
    let Some(place) = Place::with_web("refused", "1.x", &["1.0.0", "1.1.0"]) else { return };
    // Too many requests, no service, somebody was faster: at every kind of write.
    let refusals = [
        refusal("PATCH", "/imagerepositories/", 503, 3),
        refusal("PATCH", "/imagerepositories/web/status", 409, 2),
        refusal("PATCH", "/imagepolicies/web/status", 429, 3),
        refusal("PATCH", "/imageupdateautomations/fleet/status", 503, 3),
        refusal("PATCH", "/imageupdateautomations/fleet/status", 409, 2),
        refusal("POST", "/events", 503, 2),
    ];
    let (proxy, mut controller) = behind_proxy(&place, &refusals, &["--min-retry-delay=50ms"]);
    controller.until("pushed commit");
    for object in ["imagerepository/web", "imagepolicy/web", "imageupdateautomation/fleet"] {
        place.until_ready(object);
    }
    let head = place.estate.repo.rev("main").unwrap();
    place.until("imageupdateautomation/fleet", ".status.lastPushCommit", &head);
    assert_eq!(commits(&place), 2, "one commit, however often its status was refused");
    let refused = |asked: &Asked| [409, 429, 503].contains(&asked.code);
    assert!(proxy.requests().iter().filter(|asked| refused(asked)).count() >= 13);
}

#[test]
fn a_watch_that_is_cut_and_whose_version_is_forgotten_begins_anew() {
    let Some(place) = Place::with_web("cut", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let (proxy, mut controller) = behind_proxy(&place, &[], &[]);
    controller.until("pushed commit");
    place.until_ready("imageupdateautomation/fleet");
    // Cut, and begun again where it ended.
    proxy.cut();
    place.estate.registry.push_tag("acme/web", "1.2.0");
    place.request("imagerepository/web", "1");
    controller.until("pushed commit");
    // Cut, and the API server will never again know where that was; meanwhile an object came and another went.
    proxy.refuse(refusal("GET", "allowWatchBookmarks=true&resourceVersion=", 410, usize::MAX));
    place.commit("apps/late.yaml", "late", "1.0.0");
    let late = place.estate.image_and_policy("late", "1.x").replace("acme/late", "acme/web");
    proxy.cut();
    place.apply(&late);
    place.until_ready("imagepolicy/late");
    place.delete("imagepolicy/web");
    place.request("imageupdateautomation/fleet", "2");
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/late.yaml"), "1.2.0");
}

/// How many objects got their status before their finalizer.
fn ready_first(asked: &[Asked]) -> usize {
    let path = |asked: &Asked| asked.path.split('?').next().unwrap_or_default().to_owned();
    let patched = asked.iter().filter(|asked| asked.method == "PATCH").map(path);
    let mut ready = HashSet::new();
    patched.fold(0, |count, path| match path.strip_suffix("/status") {
        Some(object) => {
            ready.insert(object.to_owned());
            count
        }
        None => count + usize::from(ready.contains(&path)),
    })
}

#[test]
fn an_object_costs_three_writes_at_most() {
    const OBJECTS: usize = 500;
    let Some(place) = Place::new("many") else { return };
    let (proxy, mut controller) = behind_proxy(&place, &[], &["--concurrent=16"]);
    controller.until("turning 0 ImageRepositories");
    let mut objects = Vec::new();
    for number in 0..OBJECTS {
        let name = format!("app-{number}");
        place.estate.registry.push_tags(&format!("acme/{name}"), ["1.0.0", "1.1.0"]);
        objects.push(place.estate.image_and_policy(&name, "1.x"));
    }
    place.own(&["create", "-f", "-"], &objects.join("---\n"));
    for kind in ["imagerepositories", "imagepolicies"] {
        place.own(&["wait", kind, "--all", "--for=condition=Ready", "--timeout=60s"], "");
        let all = ["finalizers.fluxcd.io"; OBJECTS].join(" ");
        place.until_says(kind, ".items[*].metadata.finalizers[0]", &all);
    }
    signal("TERM", controller.id());
    controller.end().expect(0);
    let asked = proxy.requests();
    let writes = asked.iter().filter(|asked| asked.method != "GET").count();
    // The finalizer, the status, the event.
    assert!(writes <= 3 * 2 * OBJECTS, "{writes} writes for {} objects", 2 * OBJECTS);
    let reads = asked.len() - writes;
    assert!(reads < 20, "{reads} reads: nothing is read object by object");
    assert!(ready_first(&asked) > 0, "finalizers of objects that leave nothing behind wait for statuses");
}
