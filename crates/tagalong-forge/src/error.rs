//! The one error of this crate: what went wrong, in words a user can act on, and of which kind it is.

use std::time::Duration;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was configured cannot be used: no provider, no token, an address that names no repository.
    Invalid,
    /// The host does not know the token.
    Auth,
    /// The token may not do this.
    Forbidden,
    /// The host has no such repository, or the token may not see it.
    NotFound,
    /// The host wants to be left alone for so long.
    RateLimited(Duration),
    /// There was no answer.
    Unreachable,
    /// The host is failing (5xx).
    Unavailable,
    /// The host will not do it: a rule of the repository, or something it does not know.
    Refused,
    /// The answer is not what the host documents.
    Protocol,
}

/// A host did not do what it was asked. The message says what to do and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ForgeError {
    kind: ErrorKind,
    message: String,
}

impl ForgeError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// An answer that is not as documented.
    pub(crate) fn protocol(host: &str, what: &str) -> Self {
        Self::new(ErrorKind::Protocol, format!("{host} answered without {what}; is the provider right?"))
    }

    /// An App at a host that has none.
    pub(crate) fn only_github() -> Self {
        Self::new(ErrorKind::Invalid, "GitHub Apps are GitHub's; this host needs a Secret with 'token'")
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

pub(crate) type Result<T> = std::result::Result<T, ForgeError>;
