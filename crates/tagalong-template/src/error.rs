//! What can go wrong with a template. Every message names the line, for whoever wrote the template.

use thiserror::Error;

/// Why a template could not be read or rendered. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// The template is not well formed.
    #[error("line {line} of the template: {problem}")]
    Syntax {
        /// Where.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A function that neither Go templates nor sprig have.
    #[error("line {line} of the template: there is no function `{name}`")]
    UnknownFunction {
        /// Where.
        line: usize,
        /// The name as written.
        name: String,
    },
    /// A function that exists in sprig and is left out here on purpose.
    #[error("line {line} of the template: function `{name}` is known but not supported here: {reason}")]
    UnsupportedFunction {
        /// Where.
        line: usize,
        /// The name as written.
        name: String,
        /// Why it is left out.
        reason: &'static str,
    },
    /// A field that the structure does not have.
    #[error("line {line} of the template: there is no field `{field}` in {structure}")]
    MissingField {
        /// Where.
        line: usize,
        /// The field as written.
        field: String,
        /// The structure's type name.
        structure: String,
    },
    /// The template is well formed and failed while it was rendered.
    #[error("line {line} of the template: {problem}")]
    Failed {
        /// Where.
        line: usize,
        /// What went wrong.
        problem: String,
    },
    /// One of the bounds that keep a template from taking the process with it.
    #[error("line {line} of the template: {bound}")]
    Bound {
        /// Where.
        line: usize,
        /// Which bound, with its size.
        bound: String,
    },
}

/// What a function reports; the place is added by the caller, who knows the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A mistake in the template or its data.
    Problem(String),
    /// A bound was reached.
    Bound(String),
    /// A field that the structure does not have.
    MissingField { field: String, structure: String },
}

impl Failure {
    pub(crate) fn at(self, line: usize) -> TemplateError {
        match self {
            Self::Problem(problem) => TemplateError::Failed { line, problem },
            Self::Bound(bound) => TemplateError::Bound { line, bound },
            Self::MissingField { field, structure } => TemplateError::MissingField { line, field, structure },
        }
    }

    /// The same failure, saying which function met it.
    pub(crate) fn in_function(self, name: &str) -> Self {
        match self {
            Self::Problem(problem) => Self::Problem(format!("{name}: {problem}")),
            other => other,
        }
    }
}

impl From<String> for Failure {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}

impl From<&str> for Failure {
    fn from(problem: &str) -> Self {
        Self::Problem(problem.to_owned())
    }
}
