//! What a render refuses, and where.

use std::fmt;

/// Where something stands: a file of the tree, and the line from 1 when it is known.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// The path inside the tree.
    pub file: String,
    /// From 1.
    pub line: Option<u32>,
}

impl Place {
    pub(crate) fn new(file: &str, line: u32) -> Self {
        Self { file: file.to_owned(), line: (line > 0).then_some(line) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}", self.file),
            None => out.write_str(&self.file),
        }
    }
}

/// Why there are no objects. Nothing is rendered in part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KustomizeError {
    /// kustomize knows this; Tagalong does not render it.
    #[error("{place}: {field}: {why}")]
    Unsupported {
        /// The line of the field.
        place: Place,
        /// The field, such as `vars`.
        field: String,
        /// What to do instead.
        why: String,
    },
    /// What kustomize refuses as well.
    #[error("{place}: {message}")]
    Invalid {
        /// The file that is wrong, or the kustomization file that asked for it.
        place: Place,
        /// What is wrong, beginning with the field where there is one.
        message: String,
    },
    /// The tree is larger, deeper or more repetitive than what is rendered.
    #[error("{place}: {message}")]
    TooLarge {
        /// The file at which the limit was met.
        place: Place,
        /// Which limit.
        message: String,
    },
}

/// A refusal inside the crate, before it is known which file it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) unsupported: bool,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), unsupported: false }
    }

    /// kustomize would go on here.
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self { message: message.into(), unsupported: true }
    }

    pub(crate) fn under(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// The refusal with its place; `field` is what the kustomization file calls the part that failed.
    pub(crate) fn at(self, place: Place, field: &str) -> KustomizeError {
        if self.unsupported {
            KustomizeError::Unsupported { place, field: field.to_owned(), why: self.message }
        } else {
            KustomizeError::Invalid { place, message: format!("{field}: {}", self.message) }
        }
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;
