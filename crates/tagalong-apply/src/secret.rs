//! Secrets: written in the form in which the API server keeps them, and never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::mark;
use crate::object::mapping;

/// What stands in place of a value.
pub(crate) const MASK: &str = "***";
/// Shorter values than this many bytes are not looked for in texts.
const SHORTEST: usize = 4;

/// Whether its values are never shown.
pub(crate) fn is(object: &Value) -> bool {
    object.get("kind").is_some_and(|kind| kind == "Secret")
        && object.get("apiVersion").is_some_and(|v| v == "v1")
}

/// Whether it is a Secret as SOPS left it, and not meant to stay one.
pub fn is_encrypted(object: &Value) -> bool {
    is(object) && object.get("sops").is_some() && !mark::sealed(object)
}

/// Moves `stringData` into `data`: under server-side apply a key of `stringData` that is taken away would stay in
/// `data` for ever. What is no string stays where it is, for the API server to refuse.
pub(crate) fn normalize(object: &mut Value) {
    if !is(object) {
        return;
    }
    let Some(plain) = object.get_mut("stringData").and_then(Value::as_object_mut) else { return };
    let mut moved = Vec::new();
    plain.retain(|key, value| match value {
        Value::String(text) => {
            moved.push((key.clone(), STANDARD.encode(text.as_bytes())));
            false
        }
        _ => true,
    });
    let done = plain.is_empty();
    if let Some(data) = mapping(object, "data") {
        data.extend(moved.into_iter().map(|(key, value)| (key, Value::String(value))));
    }
    if done && let Some(object) = object.as_object_mut() {
        object.shift_remove("stringData");
    }
}

/// Values that came out of Secrets and went into objects of any kind. They are shown nowhere.
#[derive(Clone, Default)]
pub struct Hidden(Vec<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hidden").finish_non_exhaustive()
    }
}

impl FromIterator<String> for Hidden {
    fn from_iter<I: IntoIterator<Item = String>>(values: I) -> Self {
        Self(values.into_iter().filter(|value| !value.is_empty()).collect())
    }
}

impl Extend<String> for Hidden {
    fn extend<I: IntoIterator<Item = String>>(&mut self, values: I) {
        self.0.extend(values.into_iter().filter(|value| !value.is_empty()));
    }
}

impl Hidden {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text without them. Values of less than four bytes are no secrets, and too many words hold them.
    pub(crate) fn scrub(&self, text: String) -> String {
        replaced(self.0.iter().filter(|value| value.len() >= SHORTEST).cloned(), text)
    }

    /// Whether one of them stands in a text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0
            .iter()
            .any(|value| value.len() >= SHORTEST && forms(value).iter().any(|form| text.contains(form)))
    }
}

/// The forms that a value takes on its way: as it is, in base64, and quoted as Go and JSON do.
fn forms(value: &str) -> Vec<String> {
    let json = Value::String(value.to_owned()).to_string();
    let mut forms = vec![value.to_owned(), STANDARD.encode(value), value.escape_debug().to_string()];
    forms.extend(json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).map(str::to_owned));
    forms
}

/// A text in which each value, in each form, is hidden.
fn replaced(values: impl Iterator<Item = String>, text: String) -> String {
    let mut values: Vec<String> = values.flat_map(|value| forms(&value)).collect();
    // A longer value first: it may hold a shorter one.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.dedup();
    values.iter().filter(|value| !value.is_empty()).fold(text, |text, value| text.replace(value, MASK))
}

/// A message about an object without the object's values: the API server quotes what it refuses.
pub(crate) fn scrub(object: &Value, message: String) -> String {
    if !is(object) {
        return message;
    }
    let mut values: Vec<String> = Vec::new();
    // Whatever stands there: where no map does, the API server quotes it.
    for key in ["data", "stringData"] {
        object.get(key).into_iter().for_each(|value| gather(value, &mut values));
    }
    replaced(values.into_iter(), message)
}

fn gather(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            values.extend(decoded);
            values.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, values)),
        Value::Object(map) => map.values().for_each(|item| gather(item, values)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => values.push(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_values_move_into_data() {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "b2xk", "c": "Yw=="},
            "stringData": {"a": "new", "b": "x"}});
        normalize(&mut secret);
        assert_eq!(
            secret,
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "bmV3", "c": "Yw==", "b": "eA=="}})
        );
        let mut odd = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": 1}});
        normalize(&mut odd);
        assert_eq!(odd["stringData"], json!({"a": 1}));
        let mut other = json!({"apiVersion": "v1", "kind": "ConfigMap", "stringData": {"a": "b"}});
        normalize(&mut other);
        assert_eq!(other["stringData"], json!({"a": "b"}));
    }

    #[test]
    fn a_message_loses_the_values_in_every_form() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "data": {"a": "aHVudGVyMg==", "n": 12345}, "stringData": {"b": {"c": ["s3cret"]}}});
        let message = "bad: aHVudGVyMg== hunter2 12345 s3cret".to_owned();
        assert_eq!(scrub(&secret, message), "bad: *** *** *** ***");
        assert_eq!(scrub(&json!({"kind": "ConfigMap", "data": {"a": "bad"}}), "bad".to_owned()), "bad");
    }

    #[test]
    fn a_message_loses_values_of_a_wrong_shape_and_quoted_ones() {
        let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "data": data});
        let said = ".data: expected map, got &{hunter2}";
        for data in [json!("hunter2"), json!(["hunter2"])] {
            assert_eq!(scrub(&secret(data), said.to_owned()), ".data: expected map, got &{***}");
        }
        let quoted = r#"invalid: "say \"hush\"\tnow""#.to_owned();
        let shown = scrub(&secret(json!({"a": "say \"hush\"\tnow"})), quoted);
        assert_eq!(shown, r#"invalid: "***""#);
    }

    #[test]
    fn hidden_values_are_found_in_every_form_and_short_ones_are_not_looked_for() {
        let hidden: Hidden = ["hunter2", "on", ""].map(str::to_owned).into_iter().collect();
        assert_eq!(hidden.scrub("hunter2 aHVudGVyMg== on".to_owned()), "*** *** on");
        assert!(hidden.is_in("x-aHVudGVyMg==") && !hidden.is_in("on"));
        assert!(!hidden.is_empty() && Hidden::default().is_empty());
        assert!(!format!("{hidden:?}").contains("hunter2"));
    }
}
