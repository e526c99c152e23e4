//! The one error of this crate: what went wrong, in words a user can act on, and of which kind it is.

use std::error::Error as StdError;

/// What kind of failure it was; callers choose reasons, retries and exit codes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Credentials are missing, wrong, or not allowed to do this.
    Auth,
    /// The repository, branch, tag or commit does not exist, or may not be seen.
    NotFound,
    /// The repository has no commit yet.
    EmptyRepository,
    /// The ssh server's key is unknown or differs from the known one.
    HostKey,
    /// The server's certificate, or ours, was not accepted.
    Tls,
    /// The server or proxy could not be reached, or the connection broke.
    Connect,
    /// The remote's `timeout` passed.
    Timeout,
    /// The server refused the request itself (a hook, a protected branch, an unsupported push option).
    Rejected,
    /// The repository uses SHA-256 object names.
    Sha256Unsupported,
    /// The local disk refused a read or a write.
    Disk,
    /// The local mirror holds broken data; it should be put aside and fetched anew.
    Damaged,
    /// The server answered something that is not Git's protocol, or more than we accept.
    Protocol,
    /// The server is overloaded or failing (429, 5xx).
    Unavailable,
    /// A file or object is larger than is accepted.
    TooLarge,
    /// A URL, key, certificate or known_hosts text that cannot be used as given.
    Invalid,
}

/// A Git operation failed. The message says what to do and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GitError {
    kind: ErrorKind,
    message: String,
}

impl GitError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn disk(what: &str, error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Disk, format!("{what}: {error}"))
    }

    pub(crate) fn damaged(error: impl StdError) -> Self {
        Self::new(
            ErrorKind::Damaged,
            format!("the local copy of the repository is damaged: {}", causes(&error)),
        )
    }
}

pub(crate) type Result<T> = std::result::Result<T, GitError>;

/// An error and what caused it, as one line.
pub(crate) fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    clean(&text, 300)
}

/// Text from outside as one bounded line without control characters.
pub(crate) fn clean(text: &str, max: usize) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > max {
            break;
        }
    }
    if out.len() > max {
        let end = (0..=max).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn text_from_outside_is_one_bounded_line() {
        assert_eq!(clean("a\x1b[31m\r\n  b\0c\n", 100), "a [31m b c");
        assert_eq!(clean("äääää", 3), "ä…");
        assert_eq!(clean("", 3), "");
    }
}
