//! `run --listen` and `controller`: health, readiness, metrics and a page, for whoever looks after the process.
//! Everything shown is read from the desk when it is asked for; only counters are kept.
//!
//! ```text
//! GET /healthz   200 while the process turns
//! GET /readyz    run: 200 when every object is Ready; controller: 200 when every watch stands; else 503 and what is not
//! GET /metrics   Prometheus text
//! GET /          the objects, what is held and why
//! ```
//!
//! `run` serves all of it on one address; `controller` on two, as Flux does: probes on one, the rest on the other.
//! The artifacts of GitRepositories are served on a third (`artifacts`).

pub(crate) mod artifacts;
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
use tagalong_cluster::Health;
use tagalong_engine::{Kinds, Record};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Shown {
    kinds: Kinds,
    record: Record,
    counters: Arc<Counters>,
}

/// What a controller serves, and where.
pub(crate) struct Listeners {
    /// Metrics and the page.
    pub(crate) metrics: Option<SocketAddr>,
    /// The probes.
    pub(crate) health: Option<SocketAddr>,
    pub(crate) kinds: Kinds,
    pub(crate) record: Record,
    pub(crate) watches: Health,
}

/// Serves on `address` for as long as the future is polled.
///
/// # Errors
/// When the address cannot be had.
pub(crate) async fn serve(address: SocketAddr, kinds: Kinds, record: Record) -> anyhow::Result<()> {
    let shown = Shown { kinds, record, counters: Arc::default() };
    let app = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(all_ready))
        .route("/metrics", get(metrics))
        .route("/", get(page))
        .with_state(shown.clone());
    tokio::select! {
        served = on(address, "--listen", app) => served,
        () = shown.count() => Ok(()),
    }
}

/// Serves what a controller shows, for as long as the future is polled.
///
/// # Errors
/// When an address cannot be had.
pub(crate) async fn serve_controller(listeners: Listeners) -> anyhow::Result<()> {
    let Listeners { metrics: metrics_address, health, kinds, record, watches } = listeners;
    let shown = Shown { kinds, record, counters: Arc::default() };
    let probes =
        Router::new().route("/healthz", get(healthz)).route("/readyz", get(watched)).with_state(watches);
    let figures =
        Router::new().route("/metrics", get(metrics)).route("/", get(page)).with_state(shown.clone());
    let somewhere = async |address: Option<SocketAddr>, flag: &str, app: Router| match address {
        Some(address) => on(address, flag, app).await,
        None => std::future::pending().await,
    };
    tokio::select! {
        served = somewhere(metrics_address, "--metrics-addr", figures) => served,
        served = somewhere(health, "--health-addr", probes) => served,
        () = shown.count() => Ok(()),
    }
}

async fn on(address: SocketAddr, flag: &str, app: Router) -> anyhow::Result<()> {
    axum::serve(bind(address, flag).await?, app).await.context("the listener stopped")
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.with_context(|| format!("cannot listen on {address}; choose another with {flag}"))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, flag, "listening");
    }
    Ok(listener)
}

impl Shown {
    async fn count(&self) {
        let mut findings = self.record.listen();
        while let Some(finding) = findings.recv().await {
            self.counters.count(&finding);
        }
    }
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn all_ready(State(shown): State<Shown>) -> Response {
    ready(&print::objects::not_ready(&shown.kinds))
}

async fn watched(State(watches): State<Health>) -> Response {
    ready(&watches.problems())
}

fn ready(waiting: &[String]) -> Response {
    if waiting.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, waiting.join("\n") + "\n").into_response()
}

async fn metrics(State(shown): State<Shown>) -> Response {
    let text = shown.counters.text(&shown.kinds, &shown.record);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

async fn page(State(shown): State<Shown>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, page::html(&shown.kinds, &shown.record)).into_response()
}
