//! Reading of objects as plain JSON. Used by every module of this crate.

use serde_json::{Map, Value};

/// The text at a JSON pointer, or nothing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether an object is being deleted.
pub(crate) fn is_leaving(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// Group and version of an `apiVersion`; the core group is empty.
pub(crate) fn split_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// A label or annotation with that key and that value, compared without regard to case, as Flux does.
pub(crate) fn marked(object: &Value, key: &str, value: &str) -> bool {
    ["/metadata/labels", "/metadata/annotations"].iter().any(|pointer| {
        object
            .pointer(pointer)
            .and_then(|map| map.get(key))
            .and_then(Value::as_str)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    })
}

/// The mapping under a key, made if need be; `None` where something else stands there.
pub(crate) fn mapping<'a>(parent: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    let entry = parent.as_object_mut()?.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if entry.is_null() {
        *entry = Value::Object(Map::new());
    }
    entry.as_object_mut()
}
