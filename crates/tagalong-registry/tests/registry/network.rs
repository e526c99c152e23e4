//! The way there: TLS, certificates, plain http, proxies, hosts that do not answer.

use super::*;
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};
use tagalong_registry::{Proxy, Tls};
use tagalong_testkit::certs::Authority;

fn trusting(authority: &Authority) -> Access {
    let tls = Tls { ca_pem: Some(authority.cert_pem().into()), ..Tls::default() };
    Access { tls, ..Access::default() }
}

async fn list_as(client: &Registry, registry: &FakeRegistry, access: &Access) -> Result<TagList, Error> {
    client.list_tags(&image(registry, "acme/app"), access, soon()).await
}

#[tokio::test]
async fn an_own_authority_is_trusted_by_object_or_by_service_and_not_else() {
    let authority = Authority::new().unwrap();
    let registry = FakeRegistry::builder().tls(&authority).unwrap().start().unwrap();
    registry.push_tag("acme/app", "1.0");
    list_as(&client(), &registry, &trusting(&authority)).await.unwrap();
    let service_wide = client_with(|options| options.extra_ca_pem = Some(authority.cert_pem().into()));
    list_as(&service_wide, &registry, &Access::default()).await.unwrap();
    assert_eq!(registry.take_requests().len(), 2);

    let stranger = Authority::new().unwrap();
    for access in [Access::default(), trusting(&stranger), Access { insecure: true, ..Access::default() }] {
        let (kind, message) = fails(list_as(&client(), &registry, &access).await);
        assert_eq!(kind, ErrorKind::Tls);
        assert!(message.ends_with("its certificate is signed by nobody we trust"), "{message}");
    }
    assert_eq!(registry.take_requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new().unwrap();
    let registry = FakeRegistry::builder().tls_for(&authority, &["example.com"]).unwrap().start().unwrap();
    let (kind, message) = fails(list_as(&client(), &registry, &trusting(&authority)).await);
    assert_eq!(kind, ErrorKind::Tls);
    assert!(message.ends_with("its certificate is for another name"), "{message}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_the_registry() {
    let authority = Authority::new().unwrap();
    let registry = FakeRegistry::builder().mutual_tls(&authority).unwrap().start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let pair = authority.client("tagalong").unwrap();
    let mut access = trusting(&authority);
    assert_eq!(fails(list_as(&client(), &registry, &access).await).0, ErrorKind::Tls);
    access.tls.client_cert_pem = Some(pair.cert_pem.into());
    access.tls.client_key_pem = Some(pair.key_pem.into());
    list_as(&client(), &registry, &access).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_not_shown_to_another_host() {
    let authority = Authority::new().unwrap();
    let start = || {
        let registry = FakeRegistry::builder().mutual_tls(&authority).unwrap().start().unwrap();
        registry.push_tag("acme/app", "1.0");
        registry
    };
    let (registry, elsewhere) = (start(), start());
    let pair = authority.client("tagalong").unwrap();
    let mut access = trusting(&authority);
    access.tls.client_cert_pem = Some(pair.cert_pem.into());
    access.tls.client_key_pem = Some(pair.key_pem.into());
    registry.fail_next(Fault::Redirect(format!("{}/v2/acme/app/tags/list", elsewhere.url())));
    assert_eq!(fails(list_as(&client(), &registry, &access).await).0, ErrorKind::Tls);
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn certificates_that_are_none_are_refused_without_a_request() {
    let registry = FakeRegistry::start().unwrap();
    let authority = Authority::new().unwrap();
    let pair = authority.client("tagalong").unwrap();
    let (cert, key) = (Some(pair.cert_pem.into_bytes()), Some(pair.key_pem.into()));
    for (tls, problem) in [
        (Tls { ca_pem: Some(b"hunter2".to_vec()), ..Tls::default() }, "ca.crt holds no PEM certificate"),
        (Tls { client_cert_pem: cert.clone(), ..Tls::default() }, "tls.crt is there, but tls.key is not"),
        (
            Tls { client_cert_pem: cert, client_key_pem: Some("hunter2".into()), ..Tls::default() },
            "tls.crt and tls.key are no PEM certificate and key",
        ),
        (
            Tls { client_cert_pem: Some(b"hunter2".to_vec()), client_key_pem: key, ..Tls::default() },
            "tls.crt and tls.key are no PEM certificate and key",
        ),
    ] {
        let access = Access { tls, ..Access::default() };
        let (kind, message) = fails(list_as(&client(), &registry, &access).await);
        assert_eq!(kind, ErrorKind::InvalidAccess);
        assert!(message.ends_with(problem), "{message}");
    }
    assert_eq!(registry.requests().len(), 0);
    let options = Options { extra_ca_pem: Some(b"hunter2".to_vec()), ..Options::default() };
    assert_eq!(fails(Registry::new(options).map(|_| ())).0, ErrorKind::InvalidAccess);
}

#[tokio::test]
async fn an_object_with_certificates_never_falls_back_to_plain_http() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let mut access = trusting(&Authority::new().unwrap());
    let (kind, message) = fails(list_as(&client(), &registry, &access).await);
    assert_eq!(kind, ErrorKind::Tls);
    assert!(message.ends_with("it does not speak TLS; plain http needs `insecure: true`"), "{message}");
    access.insecure = true;
    list_as(&client(), &registry, &access).await.unwrap();
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_said_so() {
    let registry = FakeRegistry::start().unwrap();
    let image = image(&registry, "acme/app");
    drop(registry);
    let (kind, message) = fails(client().list_tags(&image, &Access::default(), soon()).await);
    assert_eq!(kind, ErrorKind::Connect);
    assert!(message.ends_with("connection refused"), "{message}");
    let image: ImageName = "registry.invalid/acme/app".parse().unwrap();
    let (kind, message) = fails(client().list_tags(&image, &Access::default(), soon()).await);
    assert_eq!(kind, ErrorKind::Connect);
    assert!(message.ends_with("the host's name cannot be resolved"), "{message}");
}

#[tokio::test]
async fn a_registry_that_comes_back_is_found_again() {
    let registry = FakeRegistry::start().unwrap();
    registry.push_tag("acme/app", "1.0");
    let client = client();
    list(&client, &registry).await.unwrap();
    registry.fail_always(Fault::Cut);
    assert_eq!(list_fails(&client, &registry).await.0, ErrorKind::Connect);
    registry.heal();
    list(&client, &registry).await.unwrap();
}

/// Takes one connection, notes what it is asked, and answers with `answer`.
fn proxy(answer: &'static [u8]) -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut buffer = [0; 4096];
            let Ok(count) = stream.read(&mut buffer) else { continue };
            noting.lock().unwrap().extend_from_slice(&buffer[..count]);
            _ = stream.write_all(answer);
        }
    });
    (address, heard)
}

#[tokio::test]
async fn a_proxy_is_asked_with_its_own_credentials() {
    let (address, heard) = proxy(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    let access = Access {
        proxy: Some(Proxy {
            address: format!("http://{address}"),
            username: Some("me".into()),
            password: Some("hunter2".into()),
        }),
        ..basic("registry", "secret")
    };
    let image: ImageName = "registry.example.com/acme/app".parse().unwrap();
    fails(client().list_tags(&image, &access, soon()).await);
    let heard = String::from_utf8(heard.lock().unwrap().clone()).unwrap().to_ascii_lowercase();
    assert!(heard.starts_with("connect registry.example.com:443 http/1.1"), "{heard}");
    assert!(heard.contains(&"proxy-authorization: basic bWU6aHVudGVyMg==".to_ascii_lowercase()), "{heard}");
    assert!(!heard.contains("\nauthorization"), "{heard}");
}

#[tokio::test]
async fn a_socks_proxy_is_spoken_to_in_its_language() {
    let (address, heard) = proxy(b"\x05\xff");
    let proxy = Proxy { address: format!("socks5://{address}"), username: None, password: None };
    let access = Access { proxy: Some(proxy), ..Access::default() };
    let image: ImageName = "registry.example.com/acme/app".parse().unwrap();
    assert_eq!(fails(client().list_tags(&image, &access, soon()).await).0, ErrorKind::Connect);
    assert_eq!(heard.lock().unwrap()[0], 5);
}

#[tokio::test]
async fn a_proxy_address_that_is_none_is_refused() {
    for address in ["", "proxy:3128", "ftp://proxy", "http://"] {
        let proxy = Proxy { address: address.into(), username: None, password: None };
        let access = Access { proxy: Some(proxy), ..Access::default() };
        let image: ImageName = "registry.example.com/acme/app".parse().unwrap();
        let (kind, _) = fails(client().list_tags(&image, &access, soon()).await);
        assert_eq!(kind, ErrorKind::InvalidAccess, "{address}");
    }
}

#[tokio::test]
async fn a_plain_server_that_cannot_make_sense_of_tls_is_asked_in_plain() {
    // It reads a whole head before it says anything, so that the handshake hangs.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            std::thread::spawn(move || {
                let mut heard = Vec::new();
                let mut buffer = [0; 1024];
                while !heard.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(count) if count > 0 => heard.extend_from_slice(&buffer[..count]),
                        _ => return,
                    }
                }
                _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"tags\":[\"1.0\"]}");
            });
        }
    });
    let image: ImageName = format!("{address}/acme/app").parse().unwrap();
    let client = client_with(|options| options.connect_timeout = Duration::from_millis(800));
    let found = client.list_tags(&image, &Access::default(), soon()).await.unwrap();
    assert_eq!((found.tags, found.requests), (vec!["1.0".to_owned()], 1));
}
