//! What can go wrong with one answer of a fake registry.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Response, StatusCode, header},
};
use futures::{StreamExt as _, stream};
use std::io;

/// A fault of one answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status, with an error document that holds [`Fault::SECRET_BODY`].
    Status(u16),
    /// 429 with or without word of when to come back.
    RateLimited(RetryAfter),
    /// 401 with this `WWW-Authenticate`.
    Challenge(String),
    /// A redirect to this address.
    Redirect(String),
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 with this body, which says of itself that it is packed with gzip.
    Packed(Vec<u8>),
    /// The first half of the true answer, and then the connection is cut.
    Cut,
    /// The first half of the true answer, and then nothing, for ever.
    Stall,
    /// No answer at all, for ever.
    Silence,
}

/// When a 429 says to come back.
#[derive(Debug, Clone)]
pub enum RetryAfter {
    /// It does not say.
    Never,
    /// `Retry-After: 5`.
    Seconds(u64),
    /// `Retry-After: Wed, 21 Oct 2026 07:28:00 GMT`.
    Date(String),
}

impl Fault {
    /// Stands in the body of every faulty answer; a test may look for it in all that we say.
    pub const SECRET_BODY: &'static str = "body-that-nobody-may-repeat";

    /// The true answer with this fault.
    pub(super) async fn spoil(self, truth: Response<Body>) -> Response<Body> {
        match self {
            Self::Status(status) => error(status, &[]),
            Self::RateLimited(RetryAfter::Never) => error(429, &[]),
            Self::RateLimited(RetryAfter::Seconds(s)) => error(429, &[(header::RETRY_AFTER, &s.to_string())]),
            Self::RateLimited(RetryAfter::Date(date)) => error(429, &[(header::RETRY_AFTER, &date)]),
            Self::Challenge(challenge) => error(401, &[(header::WWW_AUTHENTICATE, &challenge)]),
            Self::Redirect(location) => error(307, &[(header::LOCATION, &location)]),
            Self::Body(body) => Response::new(Body::from(body)),
            Self::Packed(body) => {
                let mut response = Response::new(Body::from(body));
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                response
            }
            Self::Cut => half(truth, true).await,
            Self::Stall => half(truth, false).await,
            Self::Silence => std::future::pending().await,
        }
    }
}

/// An error answer as registries make it.
pub(super) fn error(status: u16, headers: &[(header::HeaderName, &str)]) -> Response<Body> {
    let code = match status {
        401 => "UNAUTHORIZED",
        403 => "DENIED",
        404 => "NAME_UNKNOWN",
        429 => "TOOMANYREQUESTS",
        _ => "UNKNOWN",
    };
    let body = serde_json::json!({"errors": [{"code": code, "message": Fault::SECRET_BODY}]});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn half(truth: Response<Body>, cut: bool) -> Response<Body> {
    let (mut parts, body) = truth.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let first = stream::iter([Ok(body.slice(..body.len() / 2))]);
    let body = if cut {
        Body::from_stream(first.chain(stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))])))
    } else {
        Body::from_stream(first.chain(stream::pending::<Result<Bytes, io::Error>>()))
    };
    Response::from_parts(parts, body)
}
