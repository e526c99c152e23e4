//! For GitHub Actions: workflow commands that become annotations of a pull request.

use super::relative;
use crate::lint::{Finding, Report, Severity};

/// One command a line.
pub(crate) fn commands(report: &Report) -> String {
    report.findings.iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let (path, _) = relative(&finding.file);
    let mut properties = format!("file={}", property(&path.to_string_lossy()));
    if let Some(place) = finding.place {
        let end = place.column.saturating_add(place.length);
        properties.push_str(&format!(",line={},col={},endColumn={end}", place.line, place.column));
    }
    format!("::{word} {properties},title={}::{}\n", property(finding.code), data(&finding.message))
}

/// What stands behind `::`. What is escaped is read back as it was; nothing can begin a command of its own.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use tagalong_files::Place;

    #[test]
    fn nothing_in_a_path_or_message_can_begin_a_command() {
        let finding = Finding {
            file: PathBuf::from("./a,b:c%\n::d.yaml"),
            place: Some(Place { line: 3, column: 5, length: 2 }),
            severity: Severity::Error,
            code: "bad-value",
            message: "50% of it\r\n::set-env name=A::b".to_owned(),
        };
        assert_eq!(
            command(&finding),
            "::error file=a%2Cb%3Ac%25%0A%3A%3Ad.yaml,line=3,col=5,endColumn=7,title=bad-value::50%25 of it%0D%0A::set-env name=A::b\n"
        );
        let whole = Finding { place: None, severity: Severity::Note, ..finding };
        assert!(
            command(&whole).starts_with("::notice file=a%2Cb%3Ac%25%0A%3A%3Ad.yaml,title=bad-value::50%25")
        );
    }
}
