//! The same promises against real registries: distribution 3, which pages, and docker-registry 2.8, which does not.

use super::*;
use tagalong_registry::{ManifestKind, Tls};
use tagalong_testkit::{
    certs::Authority,
    need,
    parts::Part,
    registry_process::{self as process, Image, Options as Start},
};

fn many(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("1.0.{i:05}")).collect()
}

/// Pushes `count` tags, lists them, and says in how many requests.
async fn list_many(start: &Start, access: &Access, count: usize) -> u32 {
    let registry = process::Registry::start(start).unwrap();
    registry.push_all("acme/app", many(count), &Image::single("app")).unwrap();
    let image: ImageName = registry.image("acme/app").parse().unwrap();
    let mut found = client().list_tags(&image, access, soon()).await.unwrap();
    // docker-registry lists in the order of its folders.
    found.tags.sort();
    assert!(found.tags == many(count));
    found.requests
}

async fn answers(start: &Start) {
    let registry = process::Registry::start(start).unwrap();
    let pushed = registry.push("acme/app", "1.0", &Image::single("app")).unwrap();
    let (client, access) = (client(), Access::default());
    let image: ImageName = registry.image("acme/app").parse().unwrap();
    let one = tag("1.0");
    assert_eq!(client.digest(&image, &one, &access, soon()).await.unwrap().as_str(), pushed);
    assert!(client.exists(&image, &one, &access, soon()).await.unwrap());
    assert!(!client.exists(&image, &tag("2.0"), &access, soon()).await.unwrap());
    let manifest = client.manifest(&image, (&one).into(), &access, soon()).await.unwrap();
    assert!(matches!(manifest.kind, ManifestKind::Image { .. }) && manifest.digest.as_str() == pushed);
    assert_eq!(client.platforms(&image, (&one).into(), &access, soon()).await.unwrap().len(), 1);
    client.check(&image, &access, soon()).await.unwrap();
    let nothing: ImageName = registry.image("acme/nothing").parse().unwrap();
    assert_eq!(fails(client.list_tags(&nothing, &access, soon()).await).0, ErrorKind::NotFound);
    registry.untag("acme/app", "1.0").unwrap();
    assert_eq!(fails(client.digest(&image, &one, &access, soon()).await).0, ErrorKind::NotFound);
}

#[tokio::test]
async fn distribution_3_pages_by_link() {
    need!(Part::Distribution);
    assert_eq!(list_many(&Start::default(), &Access::default(), 2500).await, 3);
    assert_eq!(list_many(&Start::default(), &Access::default(), 2).await, 1);
    answers(&Start::default()).await;
}

#[tokio::test]
async fn docker_registry_2_8_lists_all_at_once() {
    need!(Part::DockerRegistry);
    let start = Start { part: Part::DockerRegistry, ..Start::default() };
    assert_eq!(list_many(&start, &Access::default(), 2500).await, 1);
    // Exactly one page's worth looks like a full page until asked again.
    assert_eq!(list_many(&start, &Access::default(), 1000).await, 2);
    answers(&start).await;
}

#[tokio::test]
async fn names_and_tokens_open_distribution_3() {
    need!(Part::Distribution);
    let access = basic(process::USER, process::PASSWORD);
    for (mode, requests) in [(process::Access::Basic, 4), (process::Access::Token, 4)] {
        let start = Start { access: mode, ..Start::default() };
        assert_eq!(list_many(&start, &access, 2500).await, requests, "{mode:?}");
    }
    for mode in [process::Access::Basic, process::Access::Token] {
        let registry = process::Registry::start(&Start { access: mode, ..Start::default() }).unwrap();
        registry.push("acme/app", "1.0", &Image::single("app")).unwrap();
        let image: ImageName = registry.image("acme/app").parse().unwrap();
        for access in [Access::default(), basic(process::USER, "hunter2")] {
            let (kind, _) = fails(client().list_tags(&image, &access, soon()).await);
            assert_eq!(kind, ErrorKind::Unauthorized, "{mode:?}");
        }
    }
}

#[tokio::test]
async fn tls_and_client_certificates_open_distribution_3() {
    need!(Part::Distribution);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let authority = Authority::new().unwrap();
    let (server, own) = (authority.server().unwrap(), authority.client("tagalong").unwrap());
    let tls = process::Tls {
        certificate: file("server.crt", &server.cert_pem),
        key: file("server.key", &server.key_pem),
        client_ca: Some(file("ca.crt", authority.cert_pem())),
    };
    let access = Access {
        tls: Tls {
            ca_pem: Some(authority.cert_pem().into()),
            client_cert_pem: Some(own.cert_pem.into()),
            client_key_pem: Some(own.key_pem.into()),
        },
        ..Access::default()
    };
    let start = Start { tls: Some(tls), ..Start::default() };
    assert_eq!(list_many(&start, &access, 10).await, 1);
}
