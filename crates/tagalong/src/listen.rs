//! `run --listen` and `controller`: health, readiness, metrics and a page, for whoever looks after the process.
//! What is shown is read from the desk, and from the counters of those who count, when it is asked for.
//!
//! ```text
//! GET /healthz   200 while the process turns
//! GET /readyz    run: 200 when every object is Ready; controller: 200 when every watch stands; else 503 and what is not
//! GET /metrics   OpenMetrics text, as Prometheus reads it
//! GET /          the objects, what is held and why
//! GET /observe   controller --dry-run: what it decided, beside what stands in the objects
//! ```
//!
//! `run` serves all of it on one address; `controller` on two, as Flux does: probes on one, the rest on the other.
//! The artifacts of GitRepositories are served on a third (`artifacts`).

pub(crate) mod artifacts;
mod metrics;
mod observe;
mod page;

use crate::print;
use anyhow::Context as _;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
pub(crate) use metrics::Figures;
pub(crate) use observe::Observer;
use std::net::SocketAddr;
use std::sync::Arc;
use tagalong_cluster::Health;
use tagalong_engine::{Kinds, Record};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Shown {
    kinds: Kinds,
    record: Record,
    figures: Arc<Figures>,
}

/// What a controller serves, and where.
pub(crate) struct Listeners {
    /// Metrics and the page.
    pub(crate) metrics: Option<SocketAddr>,
    /// The probes.
    pub(crate) health: Option<SocketAddr>,
    pub(crate) kinds: Kinds,
    pub(crate) record: Record,
    pub(crate) figures: Figures,
    pub(crate) watches: Health,
    /// With `--dry-run`.
    pub(crate) observer: Option<Observer>,
}

/// Serves on `address` for as long as the future is polled.
///
/// # Errors
/// When the address cannot be had.
pub(crate) async fn serve(
    address: SocketAddr,
    kinds: Kinds,
    record: Record,
    figures: Figures,
) -> anyhow::Result<()> {
    let shown = Shown { kinds, record, figures: Arc::new(figures) };
    let app = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(all_ready))
        .route("/metrics", get(metrics))
        .route("/", get(page))
        .with_state(shown);
    on(address, "--listen", app).await
}

/// Serves what a controller shows, for as long as the future is polled.
///
/// # Errors
/// When an address cannot be had.
pub(crate) async fn serve_controller(listeners: Listeners) -> anyhow::Result<()> {
    let Listeners { metrics: metrics_address, health, kinds, record, figures, watches, observer } = listeners;
    let shown = Shown { kinds, record, figures: Arc::new(figures) };
    let probes =
        Router::new().route("/healthz", get(healthz)).route("/readyz", get(watched)).with_state(watches);
    let mut figures = Router::new().route("/metrics", get(metrics)).route("/", get(page)).with_state(shown);
    if let Some(observer) = observer {
        figures = figures.merge(Router::new().route("/observe", get(observed)).with_state(observer));
    }
    let somewhere = async |address: Option<SocketAddr>, flag: &str, app: Router| match address {
        Some(address) => on(address, flag, app).await,
        None => std::future::pending().await,
    };
    tokio::select! {
        served = somewhere(metrics_address, "--metrics-addr", figures) => served,
        served = somewhere(health, "--health-addr", probes) => served,
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
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], shown.figures.text()).into_response()
}

async fn observed(State(observer): State<Observer>, asked: Query<observe::Asked>) -> Response {
    match observer.answer(&asked) {
        Ok((content_type, text)) => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn page(State(shown): State<Shown>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, page::html(&shown.kinds, &shown.record)).into_response()
}
