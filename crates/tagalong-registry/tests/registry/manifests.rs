//! Digests, existence, manifests and platforms.

use super::*;
use tagalong_registry::{Manifest, ManifestKind, Reference};

async fn manifest(registry: &FakeRegistry, reference: Reference<'_>) -> Result<Manifest, Error> {
    client().manifest(&image(registry, "acme/app"), reference, &Access::default(), soon()).await
}

async fn digest(registry: &FakeRegistry, name: &str) -> Result<String, Error> {
    let found = client().digest(&image(registry, "acme/app"), &tag(name), &Access::default(), soon()).await?;
    Ok(found.to_string())
}

#[tokio::test]
async fn a_digest_costs_one_head_where_the_registry_states_it() {
    let registry = FakeRegistry::start().unwrap();
    let pushed = registry.push_tag("acme/app", "1.0");
    assert_eq!(digest(&registry, "1.0").await.unwrap(), pushed);
    assert_eq!(shown(&registry.take_requests()), "HEAD /v2/acme/app/manifests/1.0");
    registry.hide_digests();
    assert_eq!(digest(&registry, "1.0").await.unwrap(), pushed);
    assert_eq!(
        shown(&registry.take_requests()),
        "HEAD /v2/acme/app/manifests/1.0\nGET /v2/acme/app/manifests/1.0"
    );
    let moved = registry.push_tag("acme/app", "1.0");
    assert_ne!(moved, pushed);
    assert_eq!(digest(&registry, "1.0").await.unwrap(), moved);
}

#[tokio::test]
async fn a_tag_that_is_not_there_is_not_found() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let (kind, message) = fails(digest(&registry, "2.0").await);
    assert_eq!(kind, ErrorKind::NotFound);
    assert_eq!(
        message,
        format!("{}: not found, or hidden from these credentials (404)", registry.image("acme/app"))
    );
}

#[tokio::test]
async fn existence_is_one_head() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let (client, image) = (client(), image(&registry, "acme/app"));
    for (name, there) in [("1.0", true), ("2.0", false)] {
        assert_eq!(client.exists(&image, &tag(name), &Access::default(), soon()).await.unwrap(), there);
        assert_eq!(shown(&registry.take_requests()), format!("HEAD /v2/acme/app/manifests/{name}"));
    }
    registry.fail_always(Fault::Status(403));
    let result = client.exists(&image, &tag("1.0"), &Access::default(), soon()).await;
    assert_eq!(fails(result).0, ErrorKind::Forbidden);
}

#[tokio::test]
async fn where_head_is_not_allowed_get_answers() {
    let registry = FakeRegistry::start().unwrap();
    let pushed = registry.push_tag("acme/app", "1.0");
    registry.fail_next(Fault::Status(405));
    assert_eq!(digest(&registry, "1.0").await.unwrap(), pushed);
    registry.fail_next(Fault::Status(405));
    let (client, image) = (client(), image(&registry, "acme/app"));
    assert!(!client.exists(&image, &tag("2.0"), &Access::default(), soon()).await.unwrap());
}

#[tokio::test]
async fn a_head_that_is_limited_never_becomes_a_get() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    registry.fail_always(Fault::Status(429));
    assert!(matches!(fails(digest(&registry, "1.0").await).0, ErrorKind::RateLimited { .. }));
    assert!(registry.requests().iter().all(|request| request.method == "HEAD"));
}

#[tokio::test]
async fn an_index_names_its_platforms_without_attestations() {
    let registry = FakeRegistry::start().unwrap();
    let pushed = registry.push_index("acme/app", "1.0", &["linux/amd64", "linux/arm/v7"]);
    let found = manifest(&registry, (&tag("1.0")).into()).await.unwrap();
    assert_eq!(found.digest.as_str(), pushed);
    assert_eq!(found.media_type, "application/vnd.oci.image.index.v1+json");
    let ManifestKind::Index { platforms } = found.kind else { panic!("no index") };
    let names: Vec<String> = platforms.iter().map(|entry| entry.platform.to_string()).collect();
    assert_eq!(names, ["linux/amd64", "linux/arm/v7"]);
    let one = manifest(&registry, (&platforms[0].digest).into()).await.unwrap();
    assert!(matches!(one.kind, ManifestKind::Image { .. }));
}

#[tokio::test]
async fn platforms_of_a_single_image_stand_in_its_config() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "single");
    registry.push_index("acme/app", "index", &["linux/arm64"]);
    let (client, image) = (client(), image(&registry, "acme/app"));
    for (name, platform, requests) in [("single", "linux/amd64", 2), ("index", "linux/arm64", 1)] {
        let reference = tag(name);
        let found = client.platforms(&image, (&reference).into(), &Access::default(), soon()).await.unwrap();
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [platform]);
        assert_eq!(registry.take_requests().len(), requests);
    }
}

#[tokio::test]
async fn a_manifest_that_is_not_what_its_digest_names_is_refused() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    for lie in [format!("sha256:{}", "0".repeat(64)), format!("sha512:{}", "0".repeat(128))] {
        registry.claim_digest(&lie);
        let (kind, message) = fails(manifest(&registry, (&tag("1.0")).into()).await);
        assert_eq!(kind, ErrorKind::BadResponse);
        assert!(message.ends_with("the manifest is not the one its digest names"), "{message}");
    }
    registry.claim_digest("nonsense");
    assert!(
        manifest(&registry, (&tag("1.0")).into()).await.is_ok(),
        "a header that says nothing is passed over"
    );
}

#[tokio::test]
async fn what_is_no_manifest_is_said_to_be_none() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    for body in
        ["", "<html>", "{}", r#"{"schemaVersion":1,"fsLayers":[]}"#, r#"{"schemaVersion":2,"manifests":7}"#]
    {
        registry.fail_next(Fault::Body(body.into()));
        assert_eq!(
            fails(manifest(&registry, (&tag("1.0")).into()).await).0,
            ErrorKind::BadResponse,
            "{body}"
        );
    }
    registry.fail_next(Fault::Body(vec![b' '; 5 << 20]));
    assert_eq!(fails(manifest(&registry, (&tag("1.0")).into()).await).0, ErrorKind::TooLarge);
}
