//! The registry's promises, asked by hand and through the product's own client.

use super::*;
use crate::demo::image;
use jiff::Timestamp;
use std::time::{Duration, Instant};
use tagalong_model::ImageName;
use tagalong_registry::{Access, ManifestKind, Options, Registry};

struct Shop {
    _dir: tempfile::TempDir,
    storage: Storage,
    web: Name,
}

/// A registry with an image of `count` tags, 0 to count-1.
fn shop(count: usize) -> Shop {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::new(dir.path().to_owned());
    let web = Name::parse("shop/web").unwrap();
    for number in 0..count {
        image::push(&storage, &web, &number.to_string().parse().unwrap(), Timestamp::UNIX_EPOCH).unwrap();
    }
    Shop { _dir: dir, storage, web }
}

impl Shop {
    fn ask(&self, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
        let uri: Uri = path.parse().unwrap();
        answer(&self.storage, method, &uri, body).unwrap_or_else(Refusal::response)
    }

    fn get(&self, path: &str) -> Response<Body> {
        self.ask(&Method::GET, path, b"")
    }
}

fn header(response: &Response<Body>, name: impl axum::http::header::AsHeaderName) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn body(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_listing_comes_in_pages_that_name_the_next() {
    let shop = shop(5);
    let check = async |query: &str, tags: &str, link: &str| {
        let response = shop.get(&format!("/v2/shop/web/tags/list{query}"));
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        assert_eq!(header(&response, LINK), link, "{query}");
        assert_eq!(body(response).await, format!(r#"{{"name":"shop/web","tags":[{tags}]}}"#), "{query}");
    };
    check("", r#""0","1","2","3","4""#, "").await;
    check("?n=2", r#""0","1""#, r#"</v2/shop/web/tags/list?n=2&last=1>; rel="next""#).await;
    check("?n=2&last=1", r#""2","3""#, r#"</v2/shop/web/tags/list?n=2&last=3>; rel="next""#).await;
    check("?n=2&last=3", r#""4""#, "").await;
    check("?n=5", r#""0","1","2","3","4""#, "").await;
    check("?last=25", r#""3","4""#, "").await;
    check("?n=0", "", "").await;
    check("?last=9", "", "").await;
    assert_eq!(shop.get("/v2/shop/web/tags/list?n=x").status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn head_and_get_of_tag_and_digest_say_the_same() {
    let shop = shop(1);
    let digest = shop.storage.resolve(&shop.web, &"0".parse().unwrap()).unwrap().unwrap();
    let bytes = shop.storage.blob(&digest).unwrap().unwrap();
    for reference in ["0", digest.as_str()] {
        for method in [Method::GET, Method::HEAD] {
            let response = shop.ask(&method, &format!("/v2/shop/web/manifests/{reference}"), b"");
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(header(&response, DIGEST), digest.as_str());
            assert_eq!(header(&response, CONTENT_TYPE), MANIFEST);
            assert_eq!(body(response).await.as_bytes(), bytes);
        }
    }
    assert_eq!(digest, Digest::sha256(&bytes));
}

#[tokio::test]
async fn a_manifest_that_is_put_is_there_under_tag_and_digest() {
    let shop = shop(1);
    let index = r#"{"schemaVersion":2,"manifests":[]}"#;
    let digest = Digest::sha256(index.as_bytes());
    let put = shop.ask(&Method::PUT, "/v2/shop/web/manifests/1.0.0", index.as_bytes());
    assert_eq!(put.status(), StatusCode::CREATED);
    assert_eq!(header(&put, LOCATION), format!("/v2/shop/web/manifests/{digest}"));
    assert_eq!(shop.storage.tags(&shop.web).unwrap().unwrap(), ["0", "1.0.0"]);
    for reference in ["1.0.0", digest.as_str()] {
        let response = shop.get(&format!("/v2/shop/web/manifests/{reference}"));
        assert_eq!(header(&response, CONTENT_TYPE), INDEX);
        assert_eq!(body(response).await, index);
    }
    let check = |path: &str, body: &str, expected: StatusCode| {
        assert_eq!(shop.ask(&Method::PUT, path, body.as_bytes()).status(), expected, "{path}");
    };
    check(&format!("/v2/shop/web/manifests/{digest}"), index, StatusCode::CREATED);
    check(&format!("/v2/shop/web/manifests/{digest}"), "{}", StatusCode::BAD_REQUEST);
    check("/v2/shop/web/manifests/2.0.0", "no json", StatusCode::BAD_REQUEST);
    check("/v2/shop/web/manifests/-", index, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_not_there_says_so_in_the_specifications_codes() {
    let shop = shop(1);
    let check = async |method: Method, path: &str, status: StatusCode, code: &str| {
        let response = shop.ask(&method, path, b"");
        assert_eq!(response.status(), status, "{path}");
        let text = body(response).await;
        assert!(text.contains(&format!(r#""code":"{code}""#)), "{path}: {text}");
    };
    let missing = Digest::sha256(b"missing");
    check(Method::GET, "/v2/shop/api/tags/list", StatusCode::NOT_FOUND, "NAME_UNKNOWN").await;
    check(Method::GET, "/v2/shop/web/manifests/9", StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN").await;
    let path = format!("/v2/shop/web/blobs/{missing}");
    check(Method::GET, &path, StatusCode::NOT_FOUND, "BLOB_UNKNOWN").await;
    for path in [
        "/",
        "/v1/",
        "/v2x",
        "/v2/x",
        "/v2/../../etc/passwd",
        "/v2/shop/%2e%2e/manifests/1",
        "/v2//tags/list",
    ] {
        check(Method::GET, path, StatusCode::NOT_FOUND, "NAME_UNKNOWN").await;
    }
    check(Method::DELETE, "/v2/shop/web/manifests/0", StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED").await;
    assert_eq!(shop.get("/v2/").status(), StatusCode::OK);
}

#[tokio::test]
async fn the_products_own_client_reads_it() {
    _ = rustls::crypto::ring::default_provider().install_default().is_ok();
    let shop = shop(PAGE + 5);
    let listener = listen(None).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(listen(Some(port)).await.unwrap_err().to_string().contains(&format!("localhost:{port}")));
    let mut server = tokio::task::JoinSet::new();
    server.spawn(serve(listener, shop.storage.clone()));

    let image: ImageName = format!("localhost:{port}/shop/web").parse().unwrap();
    let registry = Registry::new(Options::default()).unwrap();
    let (access, deadline) = (Access::default(), Instant::now() + Duration::from_secs(30));
    let list = registry.list_tags(&image, &access, deadline).await.unwrap();
    assert_eq!((list.tags.len(), list.pages, list.dropped), (PAGE + 5, 2, 0));

    // Several first questions at once all find out that the registry speaks plain http.
    let tags: Vec<Tag> = (0..4).map(|tag: u8| tag.to_string().parse().unwrap()).collect();
    for _ in 0..20 {
        let fresh = Registry::new(Options::default()).unwrap();
        let asked = tags.iter().map(|tag| fresh.exists(&image, tag, &access, deadline));
        for found in futures::future::join_all(asked).await {
            assert!(found.unwrap());
        }
    }

    let tag: Tag = "7".parse().unwrap();
    assert!(registry.exists(&image, &tag, &access, deadline).await.unwrap());
    assert!(!registry.exists(&image, &"x".parse().unwrap(), &access, deadline).await.unwrap());
    let digest = registry.digest(&image, &tag, &access, deadline).await.unwrap();
    assert_eq!(Some(digest.clone()), shop.storage.resolve(&shop.web, &tag).unwrap());
    let manifest = registry.manifest(&image, (&tag).into(), &access, deadline).await.unwrap();
    assert_eq!((manifest.digest, manifest.media_type.as_str()), (digest, MANIFEST));
    assert!(matches!(manifest.kind, ManifestKind::Image { .. }));
    let platforms = registry.platforms(&image, (&tag).into(), &access, deadline).await.unwrap();
    assert_eq!(platforms.iter().map(ToString::to_string).collect::<Vec<_>>(), ["linux/amd64"]);
}
