//! Requests over http(s): one client per mirror, credentials with the first request, redirects judged here.
//!
//! A request is sent when the first byte of its answer is read; by then its body is whole, so it always goes with a
//! `Content-Length` (some servers refuse a chunked body).

use super::{AGENT, Client, Operation};
use crate::{
    error::{ErrorKind, GitError, Result},
    remote::{Proxy, Remote, Tls},
    stats::Counters,
};
use base64::Engine as _;
use gix::protocol::transport::{
    Protocol,
    client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse, Transport},
};
use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT},
};
use secrecy::ExposeSecret;
use std::{
    any::Any,
    collections::hash_map::DefaultHasher,
    error::Error as StdError,
    hash::{Hash, Hasher},
    io::{self, BufRead, Cursor, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const MAX_REDIRECTS: usize = 5;

/// A client and what it was made of.
pub(crate) struct Keyed {
    key: u64,
    client: reqwest::Client,
}

pub(super) fn connect(
    url: &url::Url,
    version: Protocol,
    remote: &Remote,
    client: &Client,
    operation: &Arc<Operation>,
) -> Result<Transport<Wire>> {
    if let crate::Auth::Ssh { .. } = remote.auth {
        return Err(GitError::new(
            ErrorKind::Invalid,
            "an ssh key cannot be used with an http(s) URL; use ssh://, or username and password",
        ));
    }
    let client = shared(client, remote)?;
    let session = Session { authorization: authorization(remote)?, base: None };
    let line = Line { client, operation: Arc::clone(operation), session: Mutex::new(session) };
    let gix_url = gix::url::parse(url.as_str()).map_err(|error| {
        GitError::new(ErrorKind::Invalid, format!("{} is no repository address: {error}", remote.url))
    })?;
    Ok(Transport::new_http(Wire(Arc::new(line)), gix_url, version, false))
}

fn authorization(remote: &Remote) -> Result<Option<HeaderValue>> {
    let text = match &remote.auth {
        crate::Auth::Bearer(token) => format!("Bearer {}", token.expose_secret()),
        _ => match remote.basic() {
            Some((user, password)) => {
                format!(
                    "Basic {}",
                    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
                )
            }
            None => return Ok(None),
        },
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        GitError::new(ErrorKind::Invalid, "the bearer token holds characters that no HTTP header may have")
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn shared(slot: &Client, remote: &Remote) -> Result<reqwest::Client> {
    let mut hasher = DefaultHasher::new();
    let Tls { ca_pem, client_cert_pem, client_key_pem } = &remote.tls;
    (ca_pem, client_cert_pem, client_key_pem.as_ref().map(ExposeSecret::expose_secret)).hash(&mut hasher);
    if let Some(Proxy { address, username, password }) = &remote.proxy {
        (address, username, password.as_ref().map(ExposeSecret::expose_secret)).hash(&mut hasher);
    }
    let key = hasher.finish();
    let mut slot = slot.http.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = slot.as_ref().filter(|kept| kept.key == key) {
        return Ok(kept.client.clone());
    }
    let client = build(remote)?;
    *slot = Some(Keyed { key, client: client.clone() });
    Ok(client)
}

fn build(remote: &Remote) -> Result<reqwest::Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race to another installer is as good as winning it.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let invalid = |what: &str, error: &reqwest::Error| {
        GitError::new(ErrorKind::Invalid, format!("{what} cannot be used: {}", deepest(error)))
    };
    let mut builder =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).tcp_nodelay(true);
    if let Some(ca) = &remote.tls.ca_pem {
        let roots = reqwest::Certificate::from_pem_bundle(ca.as_bytes())
            .map_err(|error| invalid("the certificate authority (ca.crt)", &error))?;
        if roots.is_empty() {
            return Err(GitError::new(
                ErrorKind::Invalid,
                "the certificate authority (ca.crt) holds no PEM certificate",
            ));
        }
        builder = builder.tls_certs_merge(roots);
    }
    match (&remote.tls.client_cert_pem, &remote.tls.client_key_pem) {
        (Some(cert), Some(key)) => {
            let pem = format!("{cert}\n{}", key.expose_secret());
            builder = builder.identity(
                reqwest::Identity::from_pem(pem.as_bytes())
                    .map_err(|error| invalid("the client certificate (tls.crt, tls.key)", &error))?,
            );
        }
        (None, None) => {}
        _ => {
            return Err(GitError::new(
                ErrorKind::Invalid,
                "a client certificate needs both tls.crt and tls.key",
            ));
        }
    }
    if let Some(proxy) = &remote.proxy {
        let mut through =
            reqwest::Proxy::all(&proxy.address).map_err(|error| invalid("the proxy's address", &error))?;
        if let Some(user) = &proxy.username {
            through = through.basic_auth(
                user,
                proxy.password.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default(),
            );
        }
        builder = builder.no_proxy().proxy(through);
    }
    builder.build().map_err(|error| invalid("the TLS settings", &error))
}

/// What a redirect may change for the requests that follow.
struct Session {
    authorization: Option<HeaderValue>,
    base: Option<String>,
}

struct Line {
    client: reqwest::Client,
    operation: Arc<Operation>,
    session: Mutex<Session>,
}

impl Line {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn once(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<reqwest::Response> {
        let mut request = self.client.request(method.clone(), url).headers(headers.clone());
        if let Some(value) = self.session().authorization.clone() {
            request = request.header(AUTHORIZATION, value);
        }
        if *method == Method::POST {
            request = request.body(body.to_vec());
        }
        let counters = &self.operation.counters;
        Counters::add(&counters.requests, 1);
        Counters::add(&counters.bytes_sent, body.len());
        self.operation.deadline.wait(request.send())?.map_err(|error| unreachable(&error))
    }

    /// Sends a request, following redirects of the first one only, as `git` does.
    fn send(&self, asked: &Asked, body: &[u8]) -> Result<reqwest::Response> {
        let mut url = asked.url.clone();
        let tail = asked.url.strip_prefix(&asked.base).unwrap_or_default().to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.once(&asked.method, &url, &asked.headers, body)?;
            let status = response.status();
            if !status.is_redirection() {
                return if status.is_success() { Ok(response) } else { Err(refused(status, &url)) };
            }
            if asked.method != Method::GET {
                return Err(bad_redirect("the server redirects a request that carries data"));
            }
            url = self.redirected(&url, &tail, response.headers().get(LOCATION))?;
        }
        Err(bad_redirect("the server redirects without end"))
    }

    /// Judges a redirect: never to weaker TLS, never to another path below the repository, and without credentials
    /// when the host differs (RULES 25).
    fn redirected(&self, from: &str, tail: &str, location: Option<&HeaderValue>) -> Result<String> {
        let from = url::Url::parse(from).map_err(|_| bad_redirect("the server redirects from nowhere"))?;
        let to = location
            .and_then(|value| value.to_str().ok())
            .and_then(|value| from.join(value).ok())
            .ok_or_else(|| bad_redirect("the server redirects to no address"))?;
        if to.scheme() != from.scheme() && to.scheme() != "https" {
            return Err(bad_redirect("the server redirects from https to an address that is not https"));
        }
        let mut session = self.session();
        if to.host_str() != from.host_str()
            || to.port_or_known_default() != from.port_or_known_default() && to.scheme() == from.scheme()
        {
            session.authorization = None;
        }
        let mut target = to.clone();
        if !target.username().is_empty() || target.password().is_some() {
            return Err(bad_redirect("the server redirects to an address with a user name"));
        }
        target.set_fragment(None);
        let base = target
            .as_str()
            .strip_suffix(tail)
            .ok_or_else(|| bad_redirect("the server redirects to something that is no repository"))?;
        session.base = Some(base.to_owned());
        Ok(target.to_string())
    }
}

fn bad_redirect(why: &str) -> GitError {
    GitError::new(ErrorKind::Protocol, format!("{why}; use the repository's final URL"))
}

fn refused(status: StatusCode, url: &str) -> GitError {
    let code = status.as_u16();
    let pushing = url.contains("git-receive-pack");
    match status {
        StatusCode::UNAUTHORIZED => GitError::new(
            ErrorKind::Auth,
            "the server wants other credentials (401); check the Secret's username and password or bearerToken",
        ),
        StatusCode::FORBIDDEN if pushing => GitError::new(
            ErrorKind::Auth,
            "these credentials may not push here (403); give them write access",
        ),
        StatusCode::FORBIDDEN => GitError::new(
            ErrorKind::Auth,
            "these credentials may not read this repository (403); give them access",
        ),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            GitError::new(ErrorKind::Auth, "the proxy wants other credentials (407); check its Secret")
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => GitError::new(
            ErrorKind::NotFound,
            format!(
                "the server knows no such repository ({code}); check the URL, and whether the credentials may see it"
            ),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            GitError::new(ErrorKind::Rejected, "the server refuses a push of this size (413)")
        }
        _ if code == 429 || status.is_server_error() => GitError::new(
            ErrorKind::Unavailable,
            format!("the server cannot answer now ({code}); it is tried again later"),
        ),
        _ => GitError::new(
            ErrorKind::Protocol,
            format!("the server answered {code}; check that the URL is a Git repository"),
        ),
    }
}

fn deepest(error: &(dyn StdError + 'static)) -> String {
    super::chain(error).last().map(|cause| crate::error::clean(&cause.to_string(), 200)).unwrap_or_default()
}

/// Whether the TLS handshake failed, and why. The library wraps its error in I/O errors, which do not name what they
/// hold as their source.
fn tls_reason(error: &(dyn StdError + 'static)) -> Option<String> {
    super::chain(error).find_map(|cause| {
        let mut cause = cause;
        while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            cause = inner;
        }
        cause.downcast_ref::<rustls::Error>().map(ToString::to_string)
    })
}

fn unreachable(error: &reqwest::Error) -> GitError {
    if let Some(why) = tls_reason(error) {
        return GitError::new(
            ErrorKind::Tls,
            format!(
                "TLS failed: {}; check ca.crt, and tls.crt where the server asks for one",
                crate::error::clean(&why, 200)
            ),
        );
    }
    let why = deepest(error);
    if why.contains("407") || why.contains("proxy auth") {
        return refused(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "");
    }
    let what = if error.is_connect() { "cannot connect" } else { "the connection broke" };
    GitError::new(ErrorKind::Connect, format!("{what}: {why}"))
}

/// What `gix` asks of an http client.
pub(super) struct Wire(Arc<Line>);

struct Asked {
    method: Method,
    url: String,
    base: String,
    headers: HeaderMap,
}

enum State {
    Asked(Asked),
    Answered(Box<reqwest::Response>),
    Over,
}

struct Exchange {
    line: Arc<Line>,
    body: Vec<u8>,
    state: State,
}

type Shared = Arc<Mutex<Exchange>>;

impl Exchange {
    /// Sends the request if that has not happened, and gives the answer's header lines.
    fn answer(&mut self) -> io::Result<Vec<u8>> {
        let asked = match std::mem::replace(&mut self.state, State::Over) {
            State::Asked(asked) => asked,
            state => {
                self.state = state;
                return Ok(Vec::new());
            }
        };
        let body = std::mem::take(&mut self.body);
        let response = self.line.send(&asked, &body).map_err(|error| self.line.operation.fail(error))?;
        let mut lines = Vec::new();
        for (name, value) in response.headers() {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(b':');
            lines.extend_from_slice(value.as_bytes());
            lines.push(b'\n');
        }
        self.state = State::Answered(Box::new(response));
        Ok(lines)
    }

    fn chunk(&mut self) -> io::Result<Vec<u8>> {
        self.answer()?;
        let operation = &self.line.operation;
        let State::Answered(response) = &mut self.state else { return Ok(Vec::new()) };
        let chunk = match operation
            .deadline
            .wait(response.chunk())
            .map(|chunk| chunk.map_err(|error| unreachable(&error)))
        {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => {
                self.state = State::Over;
                return Ok(Vec::new());
            }
            Ok(Err(error)) | Err(error) => return Err(operation.fail(error)),
        };
        operation.receive(chunk.len())?;
        Ok(chunk.into())
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Exchange> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer's headers, one per line.
pub(super) struct Head {
    exchange: Shared,
    lines: Option<Cursor<Vec<u8>>>,
}

impl BufRead for Head {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let lines = match self.lines.take() {
            Some(lines) => lines,
            None => Cursor::new(lock(&self.exchange).answer()?),
        };
        self.lines.insert(lines).fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(lines) = &mut self.lines {
            lines.consume(amount);
        }
    }
}

impl Read for Head {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

/// The answer's body as it arrives.
pub(super) struct Body {
    exchange: Shared,
    chunk: Cursor<Vec<u8>>,
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.fill_buf()?.is_empty() {
            self.chunk = Cursor::new(lock(&self.exchange).chunk()?);
        }
        self.chunk.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.chunk.consume(amount);
    }
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

/// The request's body, gathered until the answer is read.
pub(super) struct Post(Shared);

impl Write for Post {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        lock(&self.0).body.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire {
    fn ask(
        &self,
        method: Method,
        url: &str,
        base: &str,
        lines: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> PostResponse<Head, Body, Post> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let Some((name, value)) = line.as_ref().split_once(':') else { continue };
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value.trim())) {
                headers.insert(name, value);
            }
        }
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let asked = Asked { method, url: url.to_owned(), base: base.to_owned(), headers };
        let exchange = Exchange { line: Arc::clone(&self.0), body: Vec::new(), state: State::Asked(asked) };
        let exchange = Arc::new(Mutex::new(exchange));
        PostResponse {
            post_body: Post(Arc::clone(&exchange)),
            headers: Head { exchange: Arc::clone(&exchange), lines: None },
            body: Body { exchange, chunk: Cursor::default() },
        }
    }
}

impl Http for Wire {
    type Headers = Head;
    type ResponseBody = Body;
    type PostBody = Post;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Head, Body>> {
        Ok(self.ask(Method::GET, url, base_url, headers).into())
    }

    fn post(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Head, Body, Post>> {
        Ok(self.ask(Method::POST, url, base_url, headers))
    }

    fn configure(&mut self, _: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.0.session().base.clone()
    }
}
