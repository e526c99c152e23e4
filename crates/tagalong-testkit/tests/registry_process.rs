//! The real registries, seen from outside with `curl`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::registry_process::{Access, Image, Options, PASSWORD, Registry, Tls, USER};

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["--silent", "--show-error"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn status(arguments: &[&str]) -> String {
    curl(&[&["--output", "/dev/null", "--write-out", "%{http_code}"], arguments].concat())
}

fn tags(text: &str) -> BTreeSet<String> {
    let value: Value = serde_json::from_str(text).unwrap();
    value["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect()
}

#[test]
fn distribution_pages_through_what_was_pushed() {
    need!(Part::Distribution, Part::Curl);
    let registry = Registry::start(&Options::default()).unwrap();
    let numbers: Vec<String> = (0..250).map(|n| format!("1.0.{n}")).collect();
    registry.push_all("acme/app", &numbers, &Image::single("app")).unwrap();
    let first = curl(&["-i", &format!("{}/v2/acme/app/tags/list?n=100", registry.url())]);
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("link: </v2/acme/app/tags/list?"), "{head}");
    assert_eq!(tags(body).len(), 100);
    let whole = curl(&[&format!("{}/v2/acme/app/tags/list?n=1000", registry.url())]);
    assert_eq!(tags(&whole), numbers.into_iter().collect());
    assert!(registry.log().contains("listening on"), "{}", registry.log());
}

#[test]
fn docker_registry_lists_all_at_once() {
    need!(Part::DockerRegistry, Part::Curl);
    let registry = Registry::start(&Options { part: Part::DockerRegistry, ..Options::default() }).unwrap();
    registry.push_all("app", ["a", "b", "c"], &Image::single("app")).unwrap();
    let listing = curl(&[&format!("{}/v2/app/tags/list?n=1", registry.url())]);
    assert_eq!(tags(&listing), BTreeSet::from(["a", "b", "c"].map(str::to_owned)));
}

#[test]
fn both_serve_the_digest_and_the_platforms_of_an_index() {
    need!(Part::Distribution, Part::DockerRegistry, Part::Curl);
    for part in [Part::Distribution, Part::DockerRegistry] {
        let registry = Registry::start(&Options { part, ..Options::default() }).unwrap();
        let image = Image::index("app", &["linux/amd64", "linux/arm64/v8"]);
        let digest = registry.push("app", "1.0.0", &image).unwrap();
        assert_eq!(digest, image.digest());
        let url = format!("{}/v2/app/manifests/1.0.0", registry.url());
        let accept = "Accept: application/vnd.oci.image.index.v1+json";
        let head = curl(&["--head", "-H", accept, &url]);
        assert!(head.contains(&format!("Docker-Content-Digest: {digest}")), "{part}: {head}");
        let index: Value = serde_json::from_str(&curl(&["-H", accept, &url])).unwrap();
        assert_eq!(index["manifests"][1]["platform"]["variant"], "v8");
        let inner = index["manifests"][0]["digest"].as_str().unwrap();
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
        let url = format!("{}/v2/app/manifests/{inner}", registry.url());
        let manifest: Value = serde_json::from_str(&curl(&["-H", accept, &url])).unwrap();
        let config = manifest["config"]["digest"].as_str().unwrap();
        let config = curl(&["--location", &format!("{}/v2/app/blobs/{config}", registry.url())]);
        assert!(config.contains("\"architecture\":\"amd64\""), "{part}: {config}");
    }
}

#[test]
fn a_tag_moves_and_goes_away() {
    need!(Part::Distribution, Part::Curl);
    let registry = Registry::start(&Options::default()).unwrap();
    let old = registry.push("app", "latest", &Image::single("old")).unwrap();
    let new = registry.push("app", "latest", &Image::single("new")).unwrap();
    assert_ne!(old, new);
    let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
    let url = format!("{}/v2/app/manifests/latest", registry.url());
    assert!(curl(&["--head", "-H", accept, &url]).contains(&new));
    registry.untag("app", "latest").unwrap();
    assert_eq!(status(&["-H", accept, &url]), "404");
}

#[test]
fn basic_access_wants_the_password() {
    need!(Part::Distribution, Part::DockerRegistry, Part::Curl);
    for part in [Part::Distribution, Part::DockerRegistry] {
        let registry =
            Registry::start(&Options { part, access: Access::Basic, ..Options::default() }).unwrap();
        let url = format!("{}/v2/", registry.url());
        assert_eq!(status(&[&url]), "401");
        assert_eq!(status(&["--user", &format!("{USER}:wrong"), &url]), "401");
        assert_eq!(status(&["--user", &format!("{USER}:{PASSWORD}"), &url]), "200");
    }
}

#[test]
fn token_access_takes_the_token_of_its_realm_for_its_scope() {
    need!(Part::Distribution, Part::Curl);
    let registry = Registry::start(&Options { access: Access::Token, ..Options::default() }).unwrap();
    registry.push("acme/app", "1.0.0", &Image::single("app")).unwrap();
    let url = format!("{}/v2/acme/app/tags/list", registry.url());
    let refused = curl(&["-i", &url]);
    let challenge = refused.lines().find(|line| line.to_lowercase().starts_with("www-authenticate")).unwrap();
    let part = |name: &str| {
        let (_before, rest) = challenge.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let ask = format!("{}?service={}&scope={}", part("realm"), part("service"), part("scope"));
    assert_eq!(status(&[&ask]), "401");
    let answer: Value =
        serde_json::from_str(&curl(&["--user", &format!("{USER}:{PASSWORD}"), &ask])).unwrap();
    let bearer = format!("Authorization: Bearer {}", answer["token"].as_str().unwrap());
    assert_eq!(tags(&curl(&["-H", &bearer, &url])), BTreeSet::from(["1.0.0".to_owned()]));
    assert_eq!(status(&["-H", &bearer, &format!("{}/v2/other/tags/list", registry.url())]), "401");
    assert_eq!(registry.tokens_given(), 1);
}

#[test]
fn tls_shows_its_certificate_and_can_ask_for_the_clients() {
    need!(Part::Distribution, Part::Curl);
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let ca = certificate.to_str().unwrap();

    let tls = Tls { certificate: certificate.clone(), key: key.clone(), client_ca: None };
    let registry = Registry::start(&Options { tls: Some(tls), ..Options::default() }).unwrap();
    assert!(registry.url().starts_with("https://127.0.0.1:"), "{}", registry.url());
    assert_eq!(status(&["--cacert", ca, &format!("{}/v2/", registry.url())]), "200");

    let tls = Tls { certificate: certificate.clone(), key, client_ca: Some(certificate.clone()) };
    let registry = Registry::start(&Options { tls: Some(tls), ..Options::default() }).unwrap();
    let url = format!("{}/v2/", registry.url());
    let refused = Command::new("curl").args(["--silent", "--cacert", ca, &url]).output().unwrap();
    assert!(!refused.status.success());
}
