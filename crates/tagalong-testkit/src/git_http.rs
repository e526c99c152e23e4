//! Git over http(s): the real `git http-backend` behind a small bridge in the test's own process.
//!
//! Every request is noted, so that a test can count work and see what was sent along. A test can also put an event in
//! the way of a push, which makes "somebody else was faster" happen at a known moment.

mod cgi;
mod proxy;
mod tls;

pub use proxy::TestProxy;
pub use tls::{Identity, ServerTls, TestAuthority};

use anyhow::{Context as _, Result};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use base64::Engine as _;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Who may use the server.
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Who has this user name and password.
    Basic(String, String),
    /// Who has this token.
    Bearer(String),
}

/// How a server is set up.
#[derive(Debug, Default)]
pub struct Options {
    /// Who may use it.
    pub access: Access,
    /// Speaks https, and asks for a client certificate where that says so.
    pub tls: Option<ServerTls>,
    /// Ignores the client's wish for protocol 2, as old servers do.
    pub old_protocol: bool,
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// Whether the body came with a length rather than in chunks.
    pub has_length: bool,
}

type Event = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Script {
    requests: Vec<Request>,
    before_push: VecDeque<Event>,
    answers: VecDeque<(StatusCode, Option<String>)>,
}

struct Shared {
    root: PathBuf,
    backend: PathBuf,
    access: Access,
    old_protocol: bool,
    script: Mutex<Script>,
    /// How many requests are being worked on, whether or not their clients still live.
    working: Mutex<usize>,
    rests: Condvar,
}

impl Shared {
    fn working(&self) -> MutexGuard<'_, usize> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that is being worked on.
struct Working(Arc<Shared>);

impl Working {
    fn on(shared: &Arc<Shared>) -> Self {
        *shared.working() += 1;
        Self(Arc::clone(shared))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        *self.0.working() -= 1;
        self.0.rests.notify_all();
    }
}

/// A running server; it ends when this is dropped.
pub struct GitHttp {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl GitHttp {
    /// Serves every repository below `root`.
    ///
    /// # Errors
    /// If `git http-backend` is missing or no port can be had.
    pub fn start(root: &Path, options: Options) -> Result<Self> {
        let backend = crate::parts::find(crate::parts::Part::GitHttpBackend)?;
        let shared = Arc::new(Shared {
            root: root.to_path_buf(),
            backend,
            access: options.access,
            old_protocol: options.old_protocol,
            script: Mutex::default(),
            working: Mutex::default(),
            rests: Condvar::new(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let acceptor = options.tls.as_ref().map(ServerTls::acceptor).transpose()?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let app = axum::Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("git-http".into()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let until = async { drop(stopped.await) };
                let ended = match acceptor {
                    Some(acceptor) => tokio::select! {
                        ended = axum::serve(tls::Listener::new(listener, acceptor), app).into_future() => ended,
                        () = until => Ok(()),
                    },
                    None => tokio::select! {
                        ended = axum::serve(listener, app).into_future() => ended,
                        () = until => Ok(()),
                    },
                };
                drop(ended);
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, address, scheme, stop: Some(stop), thread: Some(thread) })
    }

    /// The URL of a repository by its folder below the root.
    pub fn url(&self, repository: &str) -> String {
        format!("{}://{}/{repository}", self.scheme, self.address)
    }

    /// The URL with `localhost` in it, which a client takes for another host.
    pub fn other_url(&self, repository: &str) -> String {
        format!("{}://localhost:{}/{repository}", self.scheme, self.address.port())
    }

    /// All requests since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.script().requests)
    }

    /// Runs `event` once, after the next push has been sent and before Git sees it.
    pub fn before_push(&self, event: impl FnOnce() + Send + 'static) {
        self.script().before_push.push_back(Box::new(event));
    }

    /// Waits until nothing is being worked on: a push goes on when its client is killed.
    pub fn until_it_rests(&self) {
        let working = self.shared.working();
        drop(self.shared.rests.wait_while(working, |working| *working > 0));
    }

    /// Answers the next request with `status` and nothing else.
    pub fn answer_next(&self, status: u16) {
        self.script().answers.push_back((StatusCode::from_u16(status).unwrap_or_default(), None));
    }

    /// Redirects the next request.
    pub fn redirect_next(&self, location: &str) {
        self.script().answers.push_back((StatusCode::FOUND, Some(location.to_owned())));
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for GitHttp {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _sent = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let working = Working::on(&shared);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let authorization = text(header::AUTHORIZATION);
    let planned = {
        let mut script = shared.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.requests.push(Request {
            method: method.to_string(),
            path: uri.to_string(),
            authorization: authorization.clone(),
            has_length: headers.contains_key(header::CONTENT_LENGTH),
        });
        script.answers.pop_front()
    };
    if let Some((status, location)) = planned {
        return plain(status, location.map(|to| (header::LOCATION, to)));
    }
    if !allowed(&shared.access, authorization.as_deref()) {
        return plain(
            StatusCode::UNAUTHORIZED,
            Some((header::WWW_AUTHENTICATE, "Basic realm=\"git\"".to_owned())),
        );
    }
    let Ok(body) = axum::body::to_bytes(body, 1 << 30).await else {
        return plain(StatusCode::BAD_REQUEST, None);
    };
    let worked = tokio::task::spawn_blocking(move || {
        if method == Method::POST && uri.path().ends_with("git-receive-pack") {
            let event = shared.script.lock().unwrap_or_else(PoisonError::into_inner).before_push.pop_front();
            if let Some(event) = event {
                event();
            }
        }
        let answered = answer(&shared, &method, &uri, &headers, &body);
        drop(working);
        answered
    });
    match worked.await.context("the bridge stopped").and_then(|answered| answered) {
        Ok(response) => response,
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Body>> {
    let protocol = if shared.old_protocol {
        None
    } else {
        headers.get("git-protocol").and_then(|value| value.to_str().ok())
    };
    let reply = cgi::run(&cgi::Call {
        program: &shared.backend,
        root: &shared.root,
        method: method.as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        content_type: headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default(),
        encoding: headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()),
        protocol,
        body,
    })?;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Body::from(reply.body))?)
}

fn allowed(access: &Access, authorization: Option<&str>) -> bool {
    let wanted = match access {
        Access::Open => return true,
        Access::Basic(user, password) => {
            format!(
                "Basic {}",
                base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
            )
        }
        Access::Bearer(token) => format!("Bearer {token}"),
    };
    authorization == Some(wanted.as_str())
}

fn plain(status: StatusCode, extra: Option<(header::HeaderName, String)>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Some((name, value)) = extra
        && let Ok(value) = value.parse()
    {
        response.headers_mut().insert(name, value);
    }
    response
}
