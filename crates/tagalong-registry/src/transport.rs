//! One request and its whole answer: redirects, size caps, and errors in our words. Used by `attempt`.
//!
//! Redirects are followed here and not by the HTTP client, because another host gets neither credentials nor
//! the client certificate (rule 25).

use crate::{
    Error, ErrorKind,
    client::Clients,
    endpoint::{Nearness, nearness, same_host},
};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
};
use std::{error::Error as StdError, io};
use url::Url;

const MAX_REDIRECTS: usize = 5;

/// A request as it is to go out.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<HeaderValue>,
    /// Sent as `application/x-www-form-urlencoded`; for token services.
    pub(crate) form: Option<String>,
    /// The most bytes the answer's body may have, unpacked.
    pub(crate) max_bytes: usize,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Another host gave it, after a redirect.
    pub(crate) foreign: bool,
}

/// Why there is no answer.
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) problem: String,
    /// No TLS came about, and not because of a certificate: plain http may work.
    pub(crate) may_be_plain: bool,
}

impl Failure {
    fn new(kind: ErrorKind, problem: impl Into<String>) -> Self {
        Self { kind, problem: problem.into(), may_be_plain: false }
    }

    pub(crate) fn into_error(self, subject: &str) -> Error {
        Error::new(self.kind, subject, self.problem)
    }
}

/// Sends the request and reads the answer whole.
pub(crate) async fn send(clients: &Clients, outgoing: &Outgoing) -> Result<Answer, Failure> {
    let mut url = outgoing.url.clone();
    let mut foreign = false;
    for _ in 0..=MAX_REDIRECTS {
        let response = send_one(clients, outgoing, &url, foreign).await?;
        let Some(next) = redirect(outgoing, &url, &response)? else {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = read(response, outgoing.max_bytes).await?;
            return Ok(Answer { status, headers, body, foreign });
        };
        foreign = foreign || !same_host(&outgoing.url, &next);
        url = next;
    }
    Err(Failure::new(ErrorKind::BadResponse, "it redirects in circles"))
}

async fn send_one(
    clients: &Clients,
    outgoing: &Outgoing,
    url: &Url,
    foreign: bool,
) -> Result<Response, Failure> {
    let client = if foreign { &clients.foreign } else { &clients.own };
    let mut request = client.request(outgoing.method.clone(), url.clone()).header(ACCEPT, outgoing.accept);
    if let Some(authorization) = outgoing.authorization.as_ref().filter(|_| !foreign) {
        request = request.header(AUTHORIZATION, authorization.clone());
    }
    if let Some(form) = &outgoing.form {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.clone());
    }
    request.send().await.map_err(|error| explain(&error))
}

/// Where the answer sends us, if it does and if we may go there.
fn redirect(outgoing: &Outgoing, url: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    let follows = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(LOCATION).filter(|_| follows) else { return Ok(None) };
    let refuse = |problem| Err(Failure::new(ErrorKind::Untrusted, problem));
    let next = location.to_str().ok().and_then(|text| url.join(text).ok());
    let Some(next) = next.filter(|next| matches!(next.scheme(), "https" | "http") && next.has_host()) else {
        return refuse("it redirects to something that is no web address");
    };
    if outgoing.form.is_some() {
        return refuse("it redirects a request that carries a token");
    }
    if url.scheme() == "https" && next.scheme() == "http" {
        return refuse("it redirects from https to plain http");
    }
    match nearness(&next) {
        Nearness::LinkLocal => refuse("it redirects to a link-local address"),
        Nearness::Loopback | Nearness::Private if nearness(&outgoing.url) == Nearness::Public => {
            refuse("it redirects to a private address")
        }
        _ => Ok(Some(next)),
    }
}

async fn read(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let announced = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut body = Vec::with_capacity(announced.min(max_bytes).min(1 << 20));
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
        if body.len() + chunk.len() > max_bytes {
            let problem = format!("the answer is larger than {} KiB", max_bytes >> 10);
            return Err(Failure::new(ErrorKind::TooLarge, problem));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An HTTP client's error in our words; its own would show the URL, and with it cursors.
fn explain(error: &reqwest::Error) -> Failure {
    let tls = chain(error).find_map(|e| e.downcast_ref::<rustls::Error>());
    let io_kind = chain(error).filter_map(|e| e.downcast_ref::<io::Error>()).map(io::Error::kind).last();
    if error.is_timeout() || io_kind == Some(io::ErrorKind::TimedOut) {
        let failure = Failure::new(ErrorKind::Timeout, "no answer in time");
        return Failure { may_be_plain: error.is_connect(), ..failure };
    }
    if let Some(tls) = tls {
        let may_be_plain = matches!(tls, rustls::Error::InvalidMessage(_));
        return Failure { may_be_plain, ..Failure::new(ErrorKind::Tls, explain_tls(tls)) };
    }
    if error.is_decode() {
        return Failure::new(ErrorKind::BadResponse, "the answer's compression is broken");
    }
    let problem = match io_kind {
        _ if error.is_connect() && chain(error).any(|e| e.to_string().contains("dns error")) => {
            "the host's name cannot be resolved"
        }
        Some(io::ErrorKind::ConnectionRefused) => "connection refused",
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            "the network does not reach it"
        }
        _ if error.is_connect() => "no connection",
        _ => "the connection was cut",
    };
    Failure { may_be_plain: error.is_connect(), ..Failure::new(ErrorKind::Connect, problem) }
}

fn explain_tls(error: &rustls::Error) -> String {
    use rustls::{CertificateError as Reason, Error as Tls};
    let why = match error {
        Tls::InvalidCertificate(Reason::UnknownIssuer | Reason::BadSignature) => {
            "its certificate is signed by nobody we trust"
        }
        Tls::InvalidCertificate(Reason::Expired | Reason::ExpiredContext { .. }) => {
            "its certificate has expired"
        }
        Tls::InvalidCertificate(Reason::NotValidForName | Reason::NotValidForNameContext { .. }) => {
            "its certificate is for another name"
        }
        Tls::InvalidCertificate(_) => "its certificate is not valid",
        Tls::AlertReceived(_) => "it refuses our certificate or our kind of TLS",
        Tls::InvalidMessage(_) => "it does not speak TLS; plain http needs `insecure: true`",
        _ => "the TLS handshake failed",
    };
    why.to_owned()
}

/// An error and everything below it; an `io::Error` hides the error it carries from `source`.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| below(*error)).take(20)
}

fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(carried) => Some(carried),
        None => error.source(),
    }
}
