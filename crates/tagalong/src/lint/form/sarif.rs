//! For code scanning: SARIF 2.1.0 (OASIS), one run with its rules and results.

use super::relative;
use crate::lint::{Finding, Report};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The log file.
pub(crate) fn log(report: &Report) -> Json {
    let codes: BTreeSet<&'static str> = report.findings.iter().map(|finding| finding.code).collect();
    let codes: Vec<&'static str> = codes.into_iter().collect();
    let rules: Vec<Json> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<Json> = report.findings.iter().map(|finding| result(finding, &codes)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "tagalong", "version": crate::version::VERSION, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str) -> Json {
    json!({"id": code, "shortDescription": {"text": words(code)}})
}

/// The code as words: `unknown-field` and `UnknownField` are both `Unknown field`.
fn words(code: &str) -> String {
    let mut words = String::with_capacity(code.len() + 4);
    let mut before = '-';
    for c in code.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        match c {
            '-' => words.push(' '),
            _ if words.is_empty() => words.push(c.to_ascii_uppercase()),
            _ if begins => words.extend([' ', c.to_ascii_lowercase()]),
            _ => words.push(c),
        }
        before = c;
    }
    words
}

fn result(finding: &Finding, codes: &[&'static str]) -> Json {
    let mut location = json!({"artifactLocation": artifact(&finding.file)});
    if let Some(place) = finding.place {
        location["region"] = json!({
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.line,
            "endColumn": place.column.saturating_add(place.length),
        });
    }
    json!({
        "ruleId": finding.code,
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": finding.severity.as_str(),
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": location}],
    })
}

fn artifact(file: &Path) -> Json {
    let (path, relative) = relative(file);
    let encoded = encode(path);
    if relative {
        json!({"uri": encoded, "uriBaseId": "%SRCROOT%"})
    } else {
        json!({"uri": format!("file://{encoded}")})
    }
}

/// A path as part of a URI (RFC 3986); bytes that are no text survive.
fn encode(path: &Path) -> String {
    let mut uri = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_paths_are_written_as_sarif_wants_them() {
        for (code, expected) in [
            ("unknown-field", "Unknown field"),
            ("NoDigest", "No digest"),
            ("MarkerOnMapping", "Marker on mapping"),
            ("NotUtf8", "Not utf8"),
            ("yaml", "Yaml"),
        ] {
            assert_eq!(words(code), expected);
        }
        assert_eq!(artifact(Path::new("./a b/ä:1.yaml"))["uri"], "a%20b/%C3%A4%3A1.yaml");
        assert_eq!(artifact(Path::new("/elsewhere/x.yaml")), json!({"uri": "file:///elsewhere/x.yaml"}));
        let here = std::env::current_dir().unwrap().join("x.yaml");
        assert_eq!(artifact(&here), json!({"uri": "x.yaml", "uriBaseId": "%SRCROOT%"}));
    }
}
