//! The strict check of a document against the schema of its kind: the one that the CustomResourceDefinition is made
//! from. Every problem is found in one pass, each with its place. Used by `load`.

use crate::{
    kind::NAME_PATTERN,
    problem::{Code, Finding, Place},
    secret::is_reference,
    yaml::{Entry, Node, Value},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use tagalong_api::{DURATION_PATTERN, TIMEOUT_PATTERN};
use tagalong_model::parse_duration;

/// How many values one document may have once its aliases are followed.
const VALUE_LIMIT: usize = 100_000;
/// How alike two words must be for one to be meant by the other; 1 is equal.
const ALIKE: f64 = 0.6;

/// Checks `root` and turns it into JSON, typed by the schema: text stays as written where text is wanted. Null is as
/// absent. What has no schema is left out.
pub(crate) fn check(root: &Node, schema: &Json, findings: &mut Vec<Finding>) -> Json {
    let mut checker = Checker { findings, values: 0 };
    let json = checker.value(root, root.place, schema, "").unwrap_or(Json::Null);
    findings.sort_by_key(|finding| finding.place);
    json
}

struct Checker<'a> {
    findings: &'a mut Vec<Finding>,
    values: usize,
}

impl Checker<'_> {
    fn report(&mut self, place: Place, code: Code, message: String) {
        self.findings.push(Finding::new(place, code, message));
    }

    /// `at` is where a problem of a whole map or list is shown: at its key, as its own first line says nothing about it.
    fn value(&mut self, node: &Node, at: Place, schema: &Json, path: &str) -> Option<Json> {
        self.values += 1;
        if self.values == VALUE_LIMIT {
            self.report(
                node.place,
                Code::Yaml,
                "the document's aliases unfold to too many values; write less of them".into(),
            );
        }
        if self.values >= VALUE_LIMIT || node.is_null() {
            return None;
        }
        match (schema["type"].as_str(), &node.value) {
            (Some("object"), Value::Map(entries)) => Some(self.map(entries, at, schema, path)),
            (Some("array"), Value::List(items)) => {
                self.limit(at, items.len(), &schema["maxItems"], path, "entries");
                let items = items.iter().enumerate().filter_map(|(index, item)| {
                    self.value(item, item.place, &schema["items"], &format!("{path}[{index}]"))
                });
                Some(Json::Array(items.collect()))
            }
            (Some("string"), Value::Scalar { text, .. }) => Some(self.text(node, text, schema, path)),
            (Some("boolean"), Value::Scalar { text, plain: true }) => {
                self.parsed::<bool>(node, text, path, "true or false")
            }
            (Some("integer"), Value::Scalar { text, plain: true }) => {
                self.parsed::<i64>(node, text, path, "a whole number")
            }
            (Some(wanted), value) => {
                let wanted = match wanted {
                    "object" => "a map",
                    "array" => "a list",
                    "string" => "text",
                    "boolean" => "true or false, without quotes",
                    _ => "a number, without quotes",
                };
                let found = match value {
                    Value::Map(_) => "a map",
                    Value::List(_) => "a list",
                    Value::Scalar { .. } => "text",
                };
                self.report(node.place, Code::BadValue, format!("{path} must be {wanted}, not {found}"));
                None
            }
            (None, _) => None,
        }
    }

    fn map(&mut self, entries: &[Entry], at: Place, schema: &Json, path: &str) -> Json {
        let mut result = Map::new();
        let mut seen: HashMap<&str, Place> = HashMap::new();
        let fields = schema["properties"].as_object();
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        for entry in entries {
            let key = entry.key.as_str();
            if let Some(first) = seen.insert(key, entry.place) {
                let message = format!(
                    "{} is given twice, first in line {}; remove one",
                    child(path, key, fields),
                    first.line
                );
                self.report(entry.place, Code::DuplicateField, message);
                continue;
            }
            let value = match (fields.and_then(|fields| fields.get(key)), others) {
                (Some(field), _) => self.value(&entry.value, entry.place, field, &format!("{path}.{key}")),
                (None, Some(other)) => {
                    self.value(&entry.value, entry.place, other, &format!("{path}[{key}]"))
                }
                (None, None) => {
                    if let Some(fields) = fields {
                        self.report(entry.place, Code::UnknownField, unknown(path, key, fields));
                    }
                    None
                }
            };
            value.map(|value| result.insert(key.to_owned(), value));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let absent = entries
                .iter()
                .rev()
                .find(|entry| entry.key == name)
                .is_none_or(|entry| entry.value.is_null());
            if absent {
                self.report(at, Code::MissingField, format!("{path}.{name} is missing; add it"));
            }
        }
        Json::Object(result)
    }

    fn text(&mut self, node: &Node, text: &str, schema: &Json, path: &str) -> Json {
        self.limit(node.place, text.chars().count(), &schema["maxLength"], path, "characters");
        if text.is_empty() && schema["minLength"].as_u64().is_some_and(|least| least > 0) {
            let message = format!("{path} is empty; give it a value, or leave it out");
            self.report(node.place, Code::BadValue, message);
        }
        let allowed: Vec<&str> =
            schema["enum"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        if !allowed.is_empty() && !allowed.contains(&text) {
            let advice =
                nearest(text, &allowed).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            let message =
                format!("{path} must be one of {}, not '{}'{advice}", allowed.join(", "), shorten(text));
            self.report(node.place, Code::BadValue, message);
        }
        let wrong = match (schema["pattern"].as_str(), schema["format"].as_str()) {
            (Some(pattern), _) => wrong_text(pattern, text),
            (None, Some("byte")) if !is_reference(text) => {
                let text: String = text.split_ascii_whitespace().collect();
                match BASE64_STANDARD.decode(&text) {
                    Ok(_) => return Json::String(text),
                    Err(_) => Some("is not base64; put plain text under stringData".to_owned()),
                }
            }
            (None, Some("date-time")) => {
                let time = text.parse::<jiff::Timestamp>();
                time.err().map(|_| "is no time; expected RFC 3339, such as 2026-01-31T12:00:00Z".to_owned())
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.report(node.place, Code::BadValue, format!("{path} {wrong}"));
        }
        Json::String(text.to_owned())
    }

    fn limit(&mut self, at: Place, count: usize, limit: &Json, path: &str, what: &str) {
        if let Some(limit) = limit.as_u64().filter(|limit| count as u64 > *limit) {
            self.report(
                at,
                Code::BadValue,
                format!("{path} has {count} {what}; at most {limit} are allowed"),
            );
        }
    }

    /// Reads a scalar as YAML spells values of type `T`, such as `yes` for `true`.
    fn parsed<T: serde::de::DeserializeOwned + Into<Json>>(
        &mut self,
        node: &Node,
        text: &str,
        path: &str,
        wanted: &str,
    ) -> Option<Json> {
        let value = serde_saphyr::from_str::<T>(text).ok();
        if value.is_none() {
            self.report(
                node.place,
                Code::BadValue,
                format!("{path} must be {wanted}, not '{}'", shorten(text)),
            );
        }
        value.map(Into::into)
    }
}

/// The path of an entry: `.key` for a field, `[key]` in a map whose keys are free.
fn child(path: &str, key: &str, fields: Option<&Map<String, Json>>) -> String {
    if fields.is_some() { format!("{path}.{key}") } else { format!("{path}[{key}]") }
}

fn unknown(path: &str, key: &str, fields: &Map<String, Json>) -> String {
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    let field = format!("{path}.{}", shorten(key));
    nearest(key, &names).map_or_else(
        || format!("{field} is no field; there are {}", names.join(", ")),
        |near| format!("{field} is no field; did you mean {near}?"),
    )
}

/// The word that was probably meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = |known: &&'a str| {
        let alike = strsim::normalized_damerau_levenshtein(&word.to_lowercase(), &known.to_lowercase());
        (alike, *known)
    };
    let best = known.iter().map(alike).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}

/// An address on the web.
pub(crate) const WEB_PATTERN: &str = "^https?://";

/// What is wrong with a text that has to match a pattern of our schemas.
fn wrong_text(pattern: &str, text: &str) -> Option<String> {
    match pattern {
        NAME_PATTERN => (!is_name(text)).then(|| {
            "is no object name; use lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
                .to_owned()
        }),
        TIMEOUT_PATTERN if text.contains('h') && parse_duration(text).is_ok() => {
            Some(format!("'{}' must not use hours; write 60m instead of 1h", shorten(text)))
        }
        DURATION_PATTERN | TIMEOUT_PATTERN => parse_duration(text).err().map(|error| format!("must be a duration: {error}")),
        WEB_PATTERN => {
            let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
            (!is_web).then(|| format!("'{}' must begin with https://", shorten(text)))
        }
        _ => None,
    }
}

/// A DNS subdomain as RFC 1123 has it.
fn is_name(text: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.iter().all(|b| alnum(*b) || *b == b'-')
            && bytes.first().is_some_and(|b| alnum(*b))
            && bytes.last().is_some_and(|b| alnum(*b))
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Text of a file as it may stand in a message.
fn shorten(text: &str) -> String {
    let shown: String = text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
