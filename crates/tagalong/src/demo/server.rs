//! The demo's registry: the part of the OCI distribution specification (1.1) that a client needs to list tags and to
//! ask for manifests, over the files of `storage`. Listens on loopback only. Run by `tagalong demo`.
//!
//! ```text
//! GET       /v2/NAME/tags/list?n=&last=   pages with Link
//! GET HEAD  /v2/NAME/manifests/TAG|DIGEST
//! PUT       /v2/NAME/manifests/TAG        one more tag, as `docker push` ends
//! GET HEAD  /v2/NAME/blobs/DIGEST
//! ```

use super::image::MANIFEST;
use super::storage::{Name, Storage};
use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, LINK, LOCATION};
use axum::http::{HeaderName, Method, Response, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;
use std::net::Ipv4Addr;
use tagalong_model::{Digest, Tag};
use tokio::net::TcpListener;

/// The most tags of one page, as some public registries have it.
const PAGE: usize = 100;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Takes a port of this machine: the one that was used before, since it stands in every image name, or any free one.
///
/// # Errors
/// When it is taken.
pub(crate) async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await {
        Ok(listener) => Ok(listener),
        Err(error) => match port {
            Some(port) => bail!(
                "cannot serve on localhost:{port}, which stands in the image names of this folder: {error}; stop what \
                 listens there, perhaps another `tagalong demo registry`"
            ),
            None => Err(error).context("cannot listen on localhost"),
        },
    }
}

/// Answers until it is dropped.
///
/// # Errors
/// When the listener breaks.
pub(crate) async fn serve(listener: TcpListener, storage: Storage) -> anyhow::Result<()> {
    let router = Router::new().fallback(handle).with_state(storage);
    axum::serve(listener, router).await.context("the registry ended")
}

async fn handle(State(storage): State<Storage>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    answer(&storage, &method, &uri, &body).unwrap_or_else(|refusal| refusal.response())
}

/// Why a question is not answered, in the specification's codes.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn response(self) -> Response<Body> {
        let body = json!({"errors": [{"code": self.code, "message": self.message}]}).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"));
        response
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", format!("{error:#}"))
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<axum::http::Error> for Refusal {
    fn from(error: axum::http::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

type Answer = Result<Response<Body>, Refusal>;

fn answer(storage: &Storage, method: &Method, uri: &Uri, body: &[u8]) -> Answer {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let path = uri.path().strip_prefix("/v2").unwrap_or_default();
    if reads && matches!(path, "" | "/") && uri.path().starts_with("/v2") {
        return Ok(Response::builder().header(CONTENT_TYPE, "application/json").body(Body::from("{}"))?);
    }
    let unknown =
        || Refusal::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", format!("nothing is at {}", uri.path()));
    let path = path.strip_prefix('/').ok_or_else(unknown)?;
    let name = |text: &str| Name::parse(text).ok_or_else(unknown);
    if let Some(image) = path.strip_suffix("/tags/list").filter(|_| reads) {
        return tags(storage, &name(image)?, uri);
    }
    let (front, reference) = path.rsplit_once('/').ok_or_else(unknown)?;
    match (front.rsplit_once('/').ok_or_else(unknown)?, method) {
        ((image, "manifests"), &Method::PUT) => put_manifest(storage, &name(image)?, reference, body),
        ((image, "manifests"), _) if reads => manifest(storage, &name(image)?, reference),
        ((image, "blobs"), _) if reads => blob(storage, &name(image)?, reference),
        ((_, "manifests" | "blobs"), _) => {
            let refusal =
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", format!("no {method} here"));
            let mut response = refusal.response();
            response.headers_mut().insert(ALLOW, axum::http::HeaderValue::from_static("GET, HEAD, PUT"));
            Ok(response)
        }
        _ => Err(unknown()),
    }
}

#[derive(Deserialize)]
struct PageQuery {
    n: Option<usize>,
    last: Option<String>,
}

/// One page of tags in the order of bytes, and where the next one is.
fn tags(storage: &Storage, name: &Name, uri: &Uri) -> Answer {
    let Query(query) = Query::<PageQuery>::try_from_uri(uri)
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", "n is no number"))?;
    let tags = storage.tags(name)?.ok_or_else(|| name_unknown(name))?;
    let size = query.n.unwrap_or(PAGE).min(PAGE);
    let begin = query.last.map_or(0, |last| tags.partition_point(|tag| *tag <= last));
    let rest = tags.get(begin..).unwrap_or_default();
    let page = rest.get(..size.min(rest.len())).unwrap_or_default();
    let body = json!({"name": name.as_str(), "tags": page}).to_string();
    let mut response = Response::builder().header(CONTENT_TYPE, "application/json");
    if let Some(last) = page.last().filter(|_| page.len() < rest.len()) {
        let next = format!("</v2/{}/tags/list?n={size}&last={last}>; rel=\"next\"", name.as_str());
        response = response.header(LINK, next);
    }
    Ok(response.body(Body::from(body))?)
}

fn name_unknown(name: &Name) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", format!("there is no image {}", name.as_str()))
}

/// A HEAD is answered like a GET; the server leaves the body out and its length in.
fn manifest(storage: &Storage, name: &Name, reference: &str) -> Answer {
    let unknown = || {
        let text = format!("{} has no manifest {reference}", name.as_str());
        Refusal::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", text)
    };
    let digest = match (reference.parse::<Digest>(), reference.parse::<Tag>()) {
        (Ok(digest), _) => digest,
        (_, Ok(tag)) => storage.resolve(name, &tag)?.ok_or_else(unknown)?,
        _ => return Err(unknown()),
    };
    let bytes = storage.blob(&digest)?.ok_or_else(unknown)?;
    let response = Response::builder().header(DIGEST, digest.as_str());
    Ok(response.header(CONTENT_TYPE, media_type(&bytes)?).body(Body::from(bytes))?)
}

/// What the document says it is, else what it looks like.
fn media_type(bytes: &[u8]) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let shape: Shape = serde_json::from_slice(bytes).map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "the manifest is no JSON object")
    })?;
    Ok(shape
        .media_type
        .unwrap_or_else(|| if shape.manifests.is_some() { INDEX } else { MANIFEST }.to_owned()))
}

fn put_manifest(storage: &Storage, name: &Name, reference: &str, body: &[u8]) -> Answer {
    let invalid = |message| Refusal::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message);
    media_type(body)?;
    let digest = Digest::sha256(body);
    match (reference.parse::<Digest>(), reference.parse::<Tag>()) {
        (Ok(stated), _) if stated != digest => {
            return Err(invalid("the manifest is not the one its digest names"));
        }
        (Ok(_), _) => _ = storage.put_blob(body)?,
        (_, Ok(tag)) => {
            storage.put_blob(body)?;
            storage.put_tag(name, &tag, &digest)?;
        }
        _ => return Err(invalid("the reference is neither a tag nor a digest")),
    }
    let location = format!("/v2/{}/manifests/{digest}", name.as_str());
    let response = Response::builder().status(StatusCode::CREATED).header(LOCATION, location);
    Ok(response.header(DIGEST, digest.as_str()).body(Body::empty())?)
}

fn blob(storage: &Storage, name: &Name, digest: &str) -> Answer {
    let unknown = || {
        Refusal::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", format!("{} has no blob {digest}", name.as_str()))
    };
    let digest: Digest = digest.parse().map_err(|_| unknown())?;
    let bytes = storage.blob(&digest)?.ok_or_else(unknown)?;
    let response = Response::builder().header(DIGEST, digest.as_str());
    Ok(response.header(CONTENT_TYPE, "application/octet-stream").body(Body::from(bytes))?)
}

#[cfg(test)]
mod tests;
