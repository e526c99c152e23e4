//! What can go wrong with a registry, in our words. Returned by every method of [`crate::Registry`].
//!
//! Rule 25: of an error answer only the status and the registry's error codes are repeated, never its text.

use std::time::Duration;

/// A failed question to a registry.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{subject}: {problem}")]
pub struct Error {
    kind: ErrorKind,
    subject: String,
    problem: String,
}

/// Which way it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// 401, or credentials that cannot answer the registry's challenge.
    Unauthorized,
    /// 403: known, but not allowed.
    Forbidden,
    /// 404: no such repository or tag (or one that is hidden from us).
    NotFound,
    /// 429, or our own budget is used up; not before `retry_after` where that is known.
    RateLimited {
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx and 408: the registry has a problem of its own.
    Server(u16),
    /// Another status: the registry refuses the request.
    Refused(u16),
    /// The deadline passed, or the server fell silent.
    Timeout,
    /// No connection: name not found, refused, cut.
    Connect,
    /// The connection stands, but its certificate or handshake is refused.
    Tls,
    /// A listing that loops, leaves its host or ends in the middle.
    Incomplete,
    /// More bytes or pages than allowed.
    TooLarge,
    /// An answer that breaks the protocol.
    BadResponse,
    /// A token service or redirect that rule 25 forbids.
    Untrusted,
    /// Credentials, certificates or a proxy of ours that cannot be used.
    InvalidAccess,
}

impl ErrorKind {
    /// The way as one word, for figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::Server(_) => "server",
            Self::Refused(_) => "refused",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Incomplete => "incomplete",
            Self::TooLarge => "too_large",
            Self::BadResponse => "bad_response",
            Self::Untrusted => "untrusted",
            Self::InvalidAccess => "invalid_access",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, subject: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), problem: problem.into() }
    }

    /// Which way it went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same question may well be answered later with nothing changed on our side.
    pub fn is_temporary(&self) -> bool {
        use ErrorKind::{Connect, Incomplete, RateLimited, Server, Timeout};
        matches!(self.kind, RateLimited { .. } | Server(_) | Timeout | Connect | Incomplete)
    }

    /// How long the registry, or our own budget for it, asks us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            ErrorKind::RateLimited { retry_after } => retry_after,
            _ => None,
        }
    }

    /// An answer that is no success: `problem` is made of its status and the registry's own error codes.
    pub(crate) fn from_status(
        subject: &str,
        status: u16,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> Self {
        let (kind, meaning) = match status {
            401 => (ErrorKind::Unauthorized, "the registry wants other credentials (401"),
            403 => (ErrorKind::Forbidden, "the credentials are not allowed to read this (403"),
            404 => (ErrorKind::NotFound, "not found, or hidden from these credentials (404"),
            408 => (ErrorKind::Server(408), "the registry gave up waiting (408"),
            429 => (ErrorKind::RateLimited { retry_after }, "the registry asks for fewer requests (429"),
            500.. => (ErrorKind::Server(status), "the registry has a problem of its own (status "),
            _ => (ErrorKind::Refused(status), "the registry refuses the request (status "),
        };
        let mut problem = meaning.to_owned();
        if problem.ends_with(' ') {
            problem.push_str(&status.to_string());
        }
        for code in error_codes(body) {
            problem.push(' ');
            problem.push_str(&code);
        }
        problem.push(')');
        if let (429, Some(wait)) = (status, retry_after) {
            problem.push_str(&format!("; not before {} s from now", wait.as_secs()));
        }
        Self::new(kind, subject, problem)
    }
}

/// The `code`s of a registry's error document ("Error Codes" in the distribution specification), at most three,
/// and only what looks like one: the rest of the body is the registry's to say and not ours to repeat.
fn error_codes(body: &[u8]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Document {
        errors: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        code: String,
    }
    let is_code = |code: &str| code.len() <= 40 && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let Ok(document) = serde_json::from_slice::<Document>(body) else { return Vec::new() };
    document
        .errors
        .into_iter()
        .map(|entry| entry.code)
        .filter(|c| !c.is_empty() && is_code(c))
        .take(3)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_a_kind_and_our_words() {
        let body = br#"{"errors":[{"code":"NAME_UNKNOWN","message":"hunter2"},{"code":"<b>","message":""}]}"#;
        for (status, kind, text) in [
            (401, ErrorKind::Unauthorized, "x.io/a: the registry wants other credentials (401 NAME_UNKNOWN)"),
            (
                404,
                ErrorKind::NotFound,
                "x.io/a: not found, or hidden from these credentials (404 NAME_UNKNOWN)",
            ),
            (
                503,
                ErrorKind::Server(503),
                "x.io/a: the registry has a problem of its own (status 503 NAME_UNKNOWN)",
            ),
            (
                418,
                ErrorKind::Refused(418),
                "x.io/a: the registry refuses the request (status 418 NAME_UNKNOWN)",
            ),
        ] {
            let error = Error::from_status("x.io/a", status, None, body);
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        }
    }

    #[test]
    fn temporary_is_what_time_alone_may_heal() {
        let error = |kind| Error::new(kind, "", "").is_temporary();
        assert!(error(ErrorKind::RateLimited { retry_after: None }));
        assert!(error(ErrorKind::Server(500)) && error(ErrorKind::Connect) && error(ErrorKind::Incomplete));
        assert!(!error(ErrorKind::Refused(400)) && !error(ErrorKind::Unauthorized) && !error(ErrorKind::Tls));
    }
}
