//! Secrets: written in the form in which the API server keeps them, and never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::object::mapping;

/// What stands in place of a value.
pub(crate) const MASK: &str = "***";

/// The fields of an object that hold no value of its own.
pub(crate) const SHOWN: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Whether its values are never shown.
pub(crate) fn is(object: &Value) -> bool {
    object.get("kind").is_some_and(|kind| kind == "Secret")
        && object.get("apiVersion").is_some_and(|v| v == "v1")
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

/// A message about an object without the object's values: the API server quotes what it refuses.
pub(crate) fn scrub(object: &Value, confidential: bool, message: String) -> String {
    if !confidential {
        return message;
    }
    let fields = object.as_object().into_iter().flatten();
    let is_secret = is(object);
    let hidden = |name: &str| match is_secret {
        true => matches!(name, "data" | "stringData"),
        false => !SHOWN.contains(&name),
    };
    let mut values: Vec<String> = Vec::new();
    for (_, value) in fields.filter(|(name, _)| hidden(name)) {
        gather(value, &mut values);
    }
    // A longer value first: it may hold a shorter one.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.iter().filter(|value| !value.is_empty()).fold(message, |text, value| text.replace(value, MASK))
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
        assert_eq!(scrub(&secret, true, message), "bad: *** *** *** ***");
        let map = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "bad"}});
        assert_eq!(scrub(&map, false, "bad".to_owned()), "bad");
        assert_eq!(scrub(&map, true, "ConfigMap a: bad".to_owned()), "ConfigMap a: ***");
    }
}
