//! Sending one request, and following redirects no further than is safe.

use super::failure::{bad_redirect, never_sent, refused, unreachable};
use crate::{error::Result, stats::Counters, wire::Operation};
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MAX_REDIRECTS: usize = 5;
/// How often a request is tried whose connection closed before it was sent.
const TRIES: usize = 3;

/// A request to be sent; `url` begins with `base`.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) base: String,
    pub(super) headers: HeaderMap,
}

/// What a redirect may change for the requests that follow.
struct Session {
    authorization: Option<HeaderValue>,
    base: Option<String>,
}

pub(super) struct Line {
    client: reqwest::Client,
    pub(super) operation: Arc<Operation>,
    session: Mutex<Session>,
}

impl Line {
    pub(super) fn new(
        client: reqwest::Client,
        authorization: Option<HeaderValue>,
        operation: Arc<Operation>,
    ) -> Self {
        Self { client, operation, session: Mutex::new(Session { authorization, base: None }) }
    }

    /// Where a redirect has led, for the requests that follow.
    pub(super) fn redirected_base(&self) -> Option<String> {
        self.session().base.clone()
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request, again where it was never sent: the server closed the connection in that moment, and on a fresh
    /// one it says why, if it has a reason.
    fn once(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<reqwest::Response> {
        let mut tries = 1;
        loop {
            let sent = self.operation.deadline.wait(self.request(method, url, headers, body).send())?;
            match sent {
                Err(error) if tries < TRIES && never_sent(&error) => tries += 1,
                sent => return sent.map_err(|error| unreachable(&error)),
            }
        }
    }

    fn request(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> reqwest::RequestBuilder {
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
        request
    }

    /// Sends a request, following redirects of the first one only, as `git` does.
    pub(super) fn send(&self, asked: &Asked, body: &[u8]) -> Result<reqwest::Response> {
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
