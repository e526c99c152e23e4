//! One thing that `lint` has to say, and how much it weighs.

use std::path::{Path, PathBuf};
use tagalong_files::{Place, Problem};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Something will not work as written: exit status 1.
    Error,
    /// Something that is probably not meant.
    Warning,
    /// Something that is as it should be, but worth knowing.
    Note,
}

impl Severity {
    /// The word in text, JSON and SARIF.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One finding. The order of fields is the order in which findings are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, as it was reached from the given path.
    pub(crate) file: PathBuf,
    /// Where in it; `None` for the file as a whole.
    pub(crate) place: Option<Place>,
    /// How much it weighs.
    pub(crate) severity: Severity,
    /// One word for the sort of finding: the reason that status, events and plans use, where there is one.
    pub(crate) code: &'static str,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

impl Finding {
    /// A finding at a place.
    pub(crate) fn at(
        file: &Path,
        place: Place,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { file: file.to_owned(), place: Some(place), severity, code, message: message.into() }
    }

    /// A problem of the loader.
    pub(crate) fn of(problem: Problem, severity: Severity) -> Self {
        let Problem { file, place, code, message } = problem;
        Self { file, place, severity, code: code.as_str(), message }
    }
}
