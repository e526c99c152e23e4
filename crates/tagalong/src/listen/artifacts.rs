//! The artifacts of GitRepositories over http, for kustomize-controller and whoever else follows a status to its `url`.
//!
//! Only GET and HEAD, only the path of an archive as it stands in a status: nothing is listed, nothing is decoded, no
//! link is followed.

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use tagalong_store::{ArtifactPath, Artifacts};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Takes the address, so that it can be told to others before anything is served.
///
/// # Errors
/// When it cannot be had.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    super::bind(address, "--storage-addr").await
}

/// Where others reach a listener: as told, else by the name of this machine where it listens on every interface.
pub(crate) fn advertised(listener: &TcpListener, told: Option<&str>) -> anyhow::Result<String> {
    if let Some(told) = told.filter(|told| !told.is_empty()) {
        return Ok(told.to_owned());
    }
    let address = listener.local_addr().context("the listener has no address")?;
    if !address.ip().is_unspecified() {
        return Ok(address.to_string());
    }
    let host = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    Ok(format!("{}:{}", host.unwrap_or_else(|| "localhost".to_owned()), address.port()))
}

/// Serves for as long as the future is polled. Until `leading`, another copy has the artifacts, and this one says so.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve(
    listener: TcpListener,
    artifacts: Arc<Artifacts>,
    leading: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let app = Router::new().route("/{*path}", get(artifact)).with_state(Served { artifacts, leading });
    axum::serve(listener, app).await.context("the listener of --storage-addr stopped")
}

#[derive(Clone)]
struct Served {
    artifacts: Arc<Artifacts>,
    leading: watch::Receiver<bool>,
}

async fn artifact(State(served): State<Served>, uri: Uri) -> Response {
    if !*served.leading.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "standing by: another copy serves artifacts\n")
            .into_response();
    }
    let path = uri.path().trim_start_matches('/').parse::<ArtifactPath>();
    let Some((file, length)) = path.ok().and_then(|path| open(&served.artifacts, &path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers =
        [(header::CONTENT_TYPE, "application/gzip".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    let stream = ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK);
    (headers, Body::from_stream(stream)).into_response()
}

fn open(artifacts: &Artifacts, path: &ArtifactPath) -> Option<(File, u64)> {
    let file = artifacts.read(path).ok()?;
    let length = file.metadata().ok()?.len();
    Some((file, length))
}
