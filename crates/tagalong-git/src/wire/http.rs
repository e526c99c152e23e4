//! Requests over http(s), as `gix` asks for them: one client per mirror, credentials with the first request.
//!
//! A request is sent when the first byte of its answer is read; by then its body is whole, so it always goes with a
//! `Content-Length` (some servers refuse a chunked body).

mod client;
mod failure;
mod session;

pub(crate) use client::{Keyed, build as http_client};

use super::{AGENT, Client, Operation};
use crate::{
    error::{ErrorKind, GitError, Result},
    remote::{Auth, Remote},
};
use failure::unreachable;
use gix::protocol::transport::{
    Protocol,
    client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse, Transport},
};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};
use session::{Asked, Line};
use std::{
    any::Any,
    io::{self, BufRead, Cursor, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(super) fn connect(
    url: &url::Url,
    version: Protocol,
    remote: &Remote,
    client: &Client,
    operation: &Arc<Operation>,
) -> Result<Transport<Wire>> {
    if let Auth::Ssh { .. } = remote.auth {
        return Err(GitError::new(
            ErrorKind::Invalid,
            "an ssh key cannot be used with an http(s) URL; use ssh://, or username and password",
        ));
    }
    let line =
        Line::new(client::shared(client, remote)?, client::authorization(remote)?, Arc::clone(operation));
    let gix_url = gix::url::parse(url.as_str()).map_err(|error| {
        GitError::new(ErrorKind::Invalid, format!("{} is no repository address: {error}", remote.url))
    })?;
    Ok(Transport::new_http(Wire(Arc::new(line)), gix_url, version, false))
}

/// What `gix` asks of an http client.
pub(super) struct Wire(Arc<Line>);

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
        self.0.redirected_base()
    }
}
