//! A server between a client and the API server: it notes every request, refuses those that a test names, and cuts
//! what is streaming. Everything else passes through, with the rights of the kubeconfig that it was started with.
//!
//! ```text
//! let proxy = ApiProxy::start(&rights)?;                 // rights: a kubeconfig file
//! proxy.refuse(Refusal { method: "PATCH", part: "/status", code: 409, times: 1 });
//! … a client with proxy.kubeconfig() …
//! assert_eq!(proxy.requests().iter().filter(|asked| asked.code == 409).count(), 1);
//! ```

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Request, Response, Uri, header};
use futures::StreamExt as _;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::access::{self, User};

/// What the API server refuses for a while.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Empty: every method.
    pub method: &'static str,
    /// What stands in the path and query.
    pub part: &'static str,
    /// The status code of the answer.
    pub code: u16,
    /// How many requests are refused so.
    pub times: usize,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// In capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The status code of the answer.
    pub code: u16,
}

struct Shared {
    client: Client,
    refusals: Mutex<Vec<Refusal>>,
    asked: Mutex<Vec<Asked>>,
    cuts: watch::Sender<usize>,
}

/// A running proxy; it ends when this is dropped.
pub struct ApiProxy {
    shared: Arc<Shared>,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ApiProxy {
    /// A proxy whose requests to the API server carry the rights of `kubeconfig`, whatever its clients bring.
    ///
    /// # Errors
    /// When no port can be had or the kubeconfig does not serve.
    pub fn start(kubeconfig: &Path) -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let folder = tempfile::Builder::new().prefix("tagalong-proxy").tempdir()?;
        let user = User::Token("none".to_owned());
        access::write_kubeconfig(&folder.path().join("kubeconfig"), &format!("http://{address}"), "", &user)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
        let (stop, stopped) = oneshot::channel();
        let (ready, shared) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("api-proxy".into()).spawn(move || {
            runtime.block_on(async move {
                let shared = shared_of(kubeconfig).await;
                let serving = shared.as_ref().ok().cloned();
                // Whoever started this waits for it.
                drop(ready.send(shared));
                let (Some(shared), Ok(listener)) = (serving, TcpListener::from_std(listener)) else { return };
                let app = axum::Router::new().fallback(pass).with_state(shared);
                tokio::select! {
                    _ = async { axum::serve(listener, app).await } => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        let shared = shared.recv().context("the proxy ended at once")??;
        Ok(Self { shared, folder, stop: Some(stop), thread: Some(thread) })
    }

    /// A kubeconfig file that leads here.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Refuses requests from now on, until as many were refused.
    pub fn refuse(&self, refusal: Refusal) {
        lock(&self.shared.refusals).push(refusal);
    }

    /// Ends every answer that is streaming, as a load balancer does.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }
}

impl Drop for ApiProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn shared_of(kubeconfig: Kubeconfig) -> Result<Arc<Shared>> {
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Arc::new(Shared {
        client: Client::try_from(config)?,
        refusals: Mutex::default(),
        asked: Mutex::default(),
        cuts: watch::Sender::new(0),
    }))
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answer = match refused(&shared, &method, &uri) {
        Some(code) => Ok(refusal(code)),
        None => forward(&shared, request).await,
    };
    let answer = answer.unwrap_or_else(|_gone| refusal(502));
    let (path, code) = (uri.to_string(), answer.status().as_u16());
    lock(&shared.asked).push(Asked { method: method.to_string(), path, code });
    answer
}

fn refused(shared: &Shared, method: &Method, uri: &Uri) -> Option<u16> {
    let path = uri.to_string();
    let mut refusals = lock(&shared.refusals);
    let due = refusals.iter_mut().find(|refusal| {
        refusal.times > 0
            && (refusal.method.is_empty() || refusal.method == method.as_str())
            && path.contains(refusal.part)
    })?;
    due.times -= 1;
    Some(due.code)
}

async fn forward(shared: &Shared, request: Request<Body>) -> Result<Response<Body>> {
    let (mut head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await?;
    // The client sets its own.
    for name in [header::AUTHORIZATION, header::HOST, header::CONTENT_LENGTH, header::ACCEPT_ENCODING] {
        head.headers.remove(name);
    }
    let answer = shared.client.send(Request::from_parts(head, body.to_vec().into())).await?;
    let (head, body) = answer.into_parts();
    let mut cuts = shared.cuts.subscribe();
    cuts.borrow_and_update();
    let cut = async move {
        // The sender lives as long as the proxy.
        drop(cuts.changed().await);
    };
    let body = Body::new(body).into_data_stream().take_until(Box::pin(cut));
    Ok(Response::from_parts(head, Body::from_stream(body)))
}

/// A refusal in the API server's own form. A version that is too old (410) is told within the stream of a watch, as the
/// API server does; one that is too old to stream lists (422) says so.
fn refusal(code: u16) -> Response<Body> {
    let reason = match code {
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        _ => "ServiceUnavailable",
    };
    let message = if code == 422 { "sendInitialEvents: Forbidden" } else { "refused by the test" };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code,
        "message": message,
    });
    let (code, body) = match code {
        410 => (200, json!({"type": "ERROR", "object": status})),
        code => (code, status),
    };
    let answer = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
    answer.body(Body::from(format!("{body}\n"))).unwrap_or_default()
}
