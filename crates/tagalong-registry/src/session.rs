//! A conversation about one image with one access: knows the URLs, answers challenges. Used by `list` and
//! `manifest`.

use crate::{
    Access, Error, ErrorKind, Options,
    attempt::Line,
    auth::{Authenticator, TokenKey},
    host::Host,
    transport::{Answer, Outgoing},
};
use reqwest::{Method, header::HeaderValue};
use std::sync::atomic::{AtomicU32, Ordering};
use tagalong_model::ImageName;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

/// An image, an access, and the way to the registry.
pub(crate) struct Session<'a> {
    pub(crate) image: &'a ImageName,
    pub(crate) access: &'a Access,
    pub(crate) base: Url,
    pub(crate) line: Line<'a>,
    pub(crate) authenticator: Authenticator<'a>,
    pub(crate) requests: AtomicU32,
    /// Our place at the host, held as long as this lives.
    pub(crate) _place: OwnedSemaphorePermit,
}

impl Session<'_> {
    /// `https://HOST/v2/REPOSITORY/` and `rest`.
    pub(crate) fn url(&self, rest: &str) -> Result<Url, Error> {
        self.base
            .join(&format!("{}/{rest}", self.image.repository()))
            .map_err(|_| self.error(ErrorKind::BadResponse, "its name makes no URL"))
    }

    pub(crate) fn options(&self) -> &Options {
        self.line.options
    }

    pub(crate) fn host(&self) -> &Host {
        &self.line.host
    }

    /// Requests to the registry so far, its token service not counted.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// An error about this image.
    pub(crate) fn error(&self, kind: ErrorKind, problem: impl Into<String>) -> Error {
        Error::new(kind, &self.line.subject, problem)
    }

    /// The answer to a GET, which must be a success.
    pub(crate) async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        max_bytes: usize,
    ) -> Result<Answer, Error> {
        self.success(self.ask_get(url, accept, max_bytes).await?)
    }

    /// The answer to a GET, whatever its status, 401 aside.
    pub(crate) async fn ask_get(
        &self,
        url: &Url,
        accept: &'static str,
        max_bytes: usize,
    ) -> Result<Answer, Error> {
        self.ask(Method::GET, url, accept, max_bytes).await
    }

    /// The answer to a HEAD, whatever its status, 401 aside.
    pub(crate) async fn ask_head(&self, url: &Url, accept: &'static str) -> Result<Answer, Error> {
        self.ask(Method::HEAD, url, accept, 0).await
    }

    /// The answer, if it is a success.
    pub(crate) fn success(&self, answer: Answer) -> Result<Answer, Error> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(Error::from_status(&self.line.subject, answer.status.as_u16(), None, &answer.body))
    }

    /// Asks with what is known, and once more with the answer to the registry's challenge. That second try is
    /// also what renews a token that the registry no longer takes.
    async fn ask(
        &self,
        method: Method,
        url: &Url,
        accept: &'static str,
        max_bytes: usize,
    ) -> Result<Answer, Error> {
        let key = self.token_key();
        let mut authorization: Option<HeaderValue> = self.authenticator.known(&key);
        let mut challenged = false;
        loop {
            let outgoing = Outgoing {
                method: method.clone(),
                url: url.clone(),
                accept,
                authorization: authorization.clone(),
                form: None,
                max_bytes: max_bytes.max(64 << 10),
            };
            let answer = self.line.ask(&outgoing, &self.requests).await?;
            if answer.status != 401 {
                return Ok(answer);
            }
            if challenged || answer.foreign {
                return Err(Error::from_status(&self.line.subject, 401, None, &answer.body));
            }
            challenged = true;
            authorization = Some(self.authenticator.answer(&key, self, &answer).await?);
        }
    }

    fn token_key(&self) -> TokenKey {
        (self.image.canonical(), self.access.fingerprint())
    }
}
