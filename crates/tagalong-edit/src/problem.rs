//! What a file says that cannot be served, with a place and a reason. Made by `scan` and `apply`, shown by
//! `lint`, `explain`, status and events with the same word.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a marker is not served, a file is left alone or an edit is refused.
///
/// The closed list that logs, status, events and metrics share; [`Problem::message`] is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProblemReason {
    /// The file is not UTF-8.
    NotUtf8,
    /// The file, or the number of markers in it, is beyond what is read.
    TooLarge,
    /// Collections are nested too deeply.
    TooDeep,
    /// The file does not parse as YAML.
    InvalidYaml,
    /// A comment names `$imagepolicy` but is no marker: text around it, bad JSON, bad target.
    InvalidMarker,
    /// A well-formed marker inside a line that is itself commented out.
    MarkerCommentedOut,
    /// What looks like a marker stands inside a string or block scalar, where it is text.
    MarkerInText,
    /// The marker stands where there is no value that it could speak for.
    MarkerWithoutValue,
    /// More than one value could be meant.
    AmbiguousMarker,
    /// The marker speaks for a mapping.
    MarkerOnMapping,
    /// The marker speaks for a sequence.
    MarkerOnSequence,
    /// The marker speaks for an alias; the value is written where its anchor is defined.
    MarkerOnAlias,
    /// The marker speaks for a key, or stands above an entry.
    MarkerOnKey,
    /// The marker speaks for a block scalar (`|` or `>`).
    MarkerOnBlockScalar,
    /// The marker speaks for a scalar that goes over several lines.
    MarkerOnMultilineScalar,
    /// There is no value yet.
    MarkerOnEmptyValue,
    /// The value has a tag, such as `!!int`, that makes it something else than a string.
    MarkerOnTaggedValue,
    /// Line mode: no value was found on the line that the marker speaks for.
    InvalidLine,
    /// The new value cannot stand in this field.
    InvalidValue,
    /// The edited file did not read back as intended; nothing was written.
    VerifyFailed,
}

impl ProblemReason {
    /// The reason as one CamelCase word: status, event and metric label.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotUtf8 => "NotUtf8",
            Self::TooLarge => "TooLarge",
            Self::TooDeep => "TooDeep",
            Self::InvalidYaml => "InvalidYaml",
            Self::InvalidMarker => "InvalidMarker",
            Self::MarkerCommentedOut => "MarkerCommentedOut",
            Self::MarkerInText => "MarkerInText",
            Self::MarkerWithoutValue => "MarkerWithoutValue",
            Self::AmbiguousMarker => "AmbiguousMarker",
            Self::MarkerOnMapping => "MarkerOnMapping",
            Self::MarkerOnSequence => "MarkerOnSequence",
            Self::MarkerOnAlias => "MarkerOnAlias",
            Self::MarkerOnKey => "MarkerOnKey",
            Self::MarkerOnBlockScalar => "MarkerOnBlockScalar",
            Self::MarkerOnMultilineScalar => "MarkerOnMultilineScalar",
            Self::MarkerOnEmptyValue => "MarkerOnEmptyValue",
            Self::MarkerOnTaggedValue => "MarkerOnTaggedValue",
            Self::InvalidLine => "InvalidLine",
            Self::InvalidValue => "InvalidValue",
            Self::VerifyFailed => "VerifyFailed",
        }
    }
}

impl fmt::Display for ProblemReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// One thing that is wrong in a file, and where. The error type of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Problem {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The reason as a word.
    pub reason: ProblemReason,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(line: u32, column: u32, reason: ProblemReason, message: impl Into<String>) -> Self {
        Self { line, column, reason, message: message.into() }
    }

    /// A problem of the file as a whole.
    pub(crate) fn of_file(reason: ProblemReason, message: impl Into<String>) -> Self {
        Self::new(1, 1, reason, message)
    }
}
