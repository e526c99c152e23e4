//! What a controller shows: probes, metrics, events to an address; and `--dry-run`, which shows and does nothing.

use super::place::Place;
use crate::running::Running;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// The address that a line of the log names.
pub(super) fn address(controller: &mut Running, flag: &str) -> String {
    let line = controller.until(&format!("\"flag\":\"{flag}\""));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    line["address"].as_str().unwrap().to_owned()
}

/// The whole answer to a GET.
pub(super) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn probes_metrics_and_page_are_served() {
    let Some(place) = Place::with_web("probes", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let mut health = place.controller(&["--health-addr=127.0.0.1:0"]);
    let address_of_health = address(&mut health, "--health-addr");
    health.until("pushed commit");
    assert!(get(&address_of_health, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(&address_of_health, "/readyz").starts_with("HTTP/1.1 200"));
    drop(health);
    let mut metrics = place.controller(&["--metrics-addr=127.0.0.1:0"]);
    let address_of_metrics = address(&mut metrics, "--metrics-addr");
    metrics.until("turning 1 ImageRepositories");
    assert!(
        get(&address_of_metrics, "/metrics")
            .contains("tagalong_objects{kind=\"ImagePolicy\",ready=\"True\"} 1")
    );
    assert!(get(&address_of_metrics, "/").contains(&format!("ImagePolicy/{}/web", place.namespace)));
}

#[test]
fn a_dry_run_says_what_it_would_push_and_writes_nothing_anywhere() {
    let Some(place) = Place::with_web("dry", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let versions = ".items[*]['metadata.resourceVersion']";
    let kinds = "imagerepositories,imagepolicies,imageupdateautomations,gitrepositories";
    let before = place.get(kinds, versions);
    let mut controller = place.controller(&["--dry-run", "--enable-leader-election"]);
    let line = controller.until("would");
    assert!(line.contains("ImageUpdateAutomation"), "{line}");
    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");
    assert_eq!(place.get(kinds, versions), before);
    let others = place.own(&["get", "events,leases", "-o=name"], "");
    assert_eq!(others, "");
}

#[test]
fn a_dry_run_shows_what_it_decided_beside_what_another_controller_wrote() {
    let Some(place) = Place::with_web("beside", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let namespace = &place.namespace;
    let image = place.estate.registry.image("acme/web");
    let wrote = |tag: &str| {
        let status = serde_json::json!({"status": {
            "latestRef": {"name": image, "tag": tag}, "observedGeneration": 1,
            "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "m",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        }});
        let patch = ["patch", "imagepolicy/web", "--subresource=status", "--type=merge", "-p"];
        place.own(&[&patch[..], &[&status.to_string()]].concat(), "");
    };
    wrote("1.0.0");
    let mut controller = place.controller(&["--dry-run", "--metrics-addr=127.0.0.1:0"]);
    let address = address(&mut controller, "--metrics-addr");
    controller.until("would be written");
    // It is shown a moment after it is said.
    let mut answers = (0..1000).map(|_| get(&address, "/observe?format=json"));
    let answer = answers.find(|answer| answer.contains(":1.0.0 -> ")).unwrap();
    let shown: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let policy = &shown["policies"][0];
    assert_eq!(policy["object"], format!("ImagePolicy/{namespace}/web"));
    assert_eq!(policy["ours"]["decided"], format!("{image}:1.1.0"));
    assert_eq!(policy["theirs"]["decided"], format!("{image}:1.0.0"));
    assert_eq!(policy["same"], false);
    let push = &shown["wouldHavePushed"][0];
    assert_eq!(push["automation"], format!("{namespace}/fleet"));
    assert!(push["edits"][0].as_str().unwrap().contains(":1.0.0 -> "), "{push}");

    // The other one comes to the same answer, and what we decided stays ours.
    wrote("1.1.0");
    let both = format!("ImagePolicy/{namespace}/web: both {image}:1.1.0");
    // The watch brings the write a moment after `kubectl` made it.
    let seen = (0..1000).find(|_| get(&address, "/observe").contains(&both));
    assert!(seen.is_some(), "{}", get(&address, "/observe"));
    wrote("1.0.0");
    let ours = format!("web: ours {image}:1.1.0; theirs {image}:1.0.0");
    let seen = (0..1000).find(|_| get(&address, "/observe").contains(&ours));
    assert!(seen.is_some(), "{}", get(&address, "/observe"));
    assert_eq!(place.tag("apps/web.yaml"), "1.0.0");
}

#[test]
fn events_are_posted_to_the_address_and_nothing_waits_for_it() {
    let Some(place) = Place::with_web("events", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--events-addr=http://{}/", listener.local_addr().unwrap());
    // Nobody accepts yet: the push happens all the same.
    let mut controller = place.controller(&[&flag]);
    controller.until("pushed commit");
    let mut posted = Vec::new();
    while !posted.iter().any(|body: &String| body.contains("pushed commit")) {
        let (mut stream, _) = listener.accept().unwrap();
        posted.push(body(&mut stream));
        stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    }
    let push: serde_json::Value = serde_json::from_str(posted.last().unwrap()).unwrap();
    assert_eq!(push["involvedObject"]["kind"], "ImageUpdateAutomation");
    assert_eq!(push["severity"], "info");
}

/// The body of one request.
fn body(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).unwrap();
        text.extend_from_slice(&part[..read]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if read == 0 || body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            return body.to_owned();
        }
    }
}
