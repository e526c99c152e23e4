//! `run --listen`: health, readiness, metrics and a page, for whoever looks after the process. Everything shown is
//! read from the desk when it is asked for; only counters are kept.
//!
//! ```text
//! GET /healthz   200 while the process turns
//! GET /readyz    200 when every object is Ready, else 503 and the ones that are not
//! GET /metrics   Prometheus text
//! GET /          the objects, what is held and why
//! ```

mod metrics;
mod page;

use crate::print;
use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::Counters;
use std::net::SocketAddr;
use std::sync::Arc;
use tagalong_engine::Desk;
use tagalong_files::FilesDesk;

#[derive(Clone)]
struct Shown {
    desk: FilesDesk,
    counters: Arc<Counters>,
}

/// Serves on `address` for as long as the future is polled.
///
/// # Errors
/// When the address cannot be had.
pub(crate) async fn serve(address: SocketAddr, desk: FilesDesk) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener =
        listener.with_context(|| format!("cannot listen on {address}; choose another with --listen"))?;
    let counters = Arc::new(Counters::default());
    let mut findings = desk.listen();
    let shown = Shown { desk, counters: Arc::clone(&counters) };
    let app = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/", get(page))
        .with_state(shown);
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "listening");
    }
    let counting = async {
        while let Some(finding) = findings.recv().await {
            counters.count(&finding);
        }
    };
    tokio::select! {
        served = axum::serve(listener, app) => served.context("the listener stopped"),
        () = counting => Ok(()),
    }
}

async fn readyz(State(shown): State<Shown>) -> Response {
    let waiting = print::objects::not_ready(shown.desk.kinds());
    if waiting.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, waiting.join("\n") + "\n").into_response()
}

async fn metrics(State(shown): State<Shown>) -> Response {
    let text = shown.counters.text(&shown.desk);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

async fn page(State(shown): State<Shown>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, page::html(&shown.desk)).into_response()
}
