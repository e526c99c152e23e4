//! What a failed request means: statuses, TLS, and connections as errors a user can act on. Bodies of error answers
//! are never shown (RULES 25).

use crate::{
    error::{ErrorKind, GitError},
    wire::chain,
};
use reqwest::StatusCode;
use std::{error::Error as StdError, io};

pub(super) fn bad_redirect(why: &str) -> GitError {
    GitError::new(ErrorKind::Protocol, format!("{why}; use the repository's final URL"))
}

pub(super) fn refused(status: StatusCode, url: &str) -> GitError {
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

pub(super) fn deepest(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(|cause| crate::error::clean(&cause.to_string(), 200)).unwrap_or_default()
}

/// Whether the TLS handshake failed, and why. The library wraps its error in I/O errors, which do not name what they
/// hold as their source.
fn tls_reason(error: &(dyn StdError + 'static)) -> Option<String> {
    chain(error).find_map(|cause| {
        let mut cause = cause;
        while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            cause = inner;
        }
        cause.downcast_ref::<rustls::Error>().map(ToString::to_string)
    })
}

/// Whether the connection was closed before the request was on its way. The library gives no other sign of it.
pub(super) fn never_sent(error: &reqwest::Error) -> bool {
    deepest(error).ends_with("connection was not ready")
}

pub(super) fn unreachable(error: &reqwest::Error) -> GitError {
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
    let host = host(error);
    let what = if error.is_connect() {
        format!("cannot connect to {host}")
    } else {
        format!("the connection to {host} broke")
    };
    GitError::new(ErrorKind::Connect, format!("{what}: {why}"))
}

/// Where the request went, without what else its address holds.
fn host(error: &reqwest::Error) -> String {
    let host = error.url().and_then(|url| Some((url.host_str()?, url.port())));
    match host {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => "the server".to_owned(),
    }
}
