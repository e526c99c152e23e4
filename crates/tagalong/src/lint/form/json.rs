//! For programs: one document with every finding.

use crate::lint::Report;
use serde::Serialize;

/// `lint -o json`.
#[derive(Serialize)]
pub(crate) struct Document {
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    file: String,
    /// From 1; null for the file as a whole.
    line: Option<u32>,
    column: Option<u32>,
    severity: &'static str,
    code: &'static str,
    message: String,
}

/// The document.
pub(crate) fn document(report: &Report) -> Document {
    let problems = report.findings.iter().map(|finding| Problem {
        file: finding.file.to_string_lossy().into_owned(),
        line: finding.place.map(|place| place.line),
        column: finding.place.map(|place| place.column),
        severity: finding.severity.as_str(),
        code: finding.code,
        message: finding.message.clone(),
    });
    Document { problems: problems.collect() }
}
