//! For people: `file:line:col: error[code]: text`, the line, and the place underlined.

use crate::lint::source::{Sources, visible};
use crate::lint::{Finding, Report, Severity};
use crate::print::plans::count;
use std::fmt::Write as _;

/// Every finding.
pub(crate) fn text(report: &Report) -> String {
    let mut sources = Sources::with(&report.texts);
    let mut out = String::new();
    for finding in &report.findings {
        one(&mut out, finding, &mut sources);
    }
    out
}

fn one(out: &mut String, finding: &Finding, sources: &mut Sources) {
    let Finding { file, place, severity, code, message } = finding;
    let path = line(&file.to_string_lossy());
    let at = place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
    // Writing to a String cannot fail.
    _ = writeln!(out, "{path}{at}: {}[{code}]: {}", severity.as_str(), line(message)).is_ok();
    if let Some(frame) = place.and_then(|place| sources.frame(file, place)) {
        out.push_str(&frame);
    }
}

/// Text from outside on one line.
fn line(text: &str) -> String {
    visible(&text.replace(['\n', '\t'], " "))
}

/// The sum, for stderr.
pub(crate) fn sum(report: &Report) -> String {
    let found: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (report.count(severity), severity.as_str()))
        .filter(|(found, _)| *found > 0)
        .map(|(found, word)| count(found, word))
        .collect();
    let found = if found.is_empty() { "nothing wrong".to_owned() } else { found.join(", ") };
    format!(
        "{found}; looked at {}, {}, {}\n",
        count(report.files, "file"),
        count(report.objects, "object"),
        count(report.markers, "marked field")
    )
}
