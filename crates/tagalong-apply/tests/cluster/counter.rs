//! A reverse proxy before the API server that notes each request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use kube::Client;
use tokio::sync::watch;

/// The most that a request of a test may carry.
const LONGEST: usize = 4 << 20;

type Action = Box<dyn FnOnce() + Send>;

#[derive(Clone)]
pub(crate) struct Counter {
    seen: Arc<Mutex<Vec<String>>>,
    writes: watch::Sender<usize>,
    between: Arc<Mutex<Option<Action>>>,
    client: Client,
}

impl Counter {
    /// Starts one on loopback that forwards as `client`.
    pub(crate) async fn start(client: Client) -> (Self, SocketAddr) {
        let counter =
            Self { seen: Arc::default(), writes: watch::channel(0).0, between: Arc::default(), client };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(forward).with_state(counter.clone());
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        (counter, address)
    }

    /// What was asked since the last look: method, `dry-run` where it was one, path.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something before the next write reaches the API server.
    pub(crate) fn before_next_write(&self, action: impl FnOnce() + Send + 'static) {
        *self.between.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(action));
    }

    /// Those that changed something.
    pub(crate) fn take_writes(&self) -> Vec<String> {
        self.take().into_iter().filter(|line| writes(line)).collect()
    }

    /// Returns when this many more writes have arrived.
    pub(crate) async fn until_writes(&self, more: usize) {
        let mut seen = self.writes.subscribe();
        let goal = *seen.borrow() + more;
        seen.wait_for(|count| *count >= goal).await.unwrap();
    }
}

fn writes(line: &str) -> bool {
    !line.starts_with("GET") && !line.contains(" dry-run ")
}

async fn forward(State(counter): State<Counter>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let dry = if query.contains("dryRun=All") { " dry-run" } else { "" };
    let line = format!("{}{dry} {}", parts.method, parts.uri.path());
    let body = axum::body::to_bytes(body, LONGEST).await.unwrap();
    let mut onward = axum::http::Request::builder()
        .method(parts.method)
        .uri(parts.uri.path_and_query().map_or_else(String::new, ToString::to_string));
    for (name, value) in &parts.headers {
        if !matches!(name.as_str(), "host" | "content-length" | "accept-encoding") {
            onward = onward.header(name, value);
        }
    }
    let write = writes(&line);
    counter.seen.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    if write {
        counter.writes.send_modify(|count| *count += 1);
        let action = counter.between.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(action) = action {
            action();
        }
    }
    let request = onward.body(kube::client::Body::from(body.to_vec())).unwrap();
    match counter.client.send(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(_) => Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap(),
    }
}
