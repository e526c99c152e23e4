//! `metadata.managedFields`: who wrote which field. Read to name who changed a field, and to take fields over.

use serde_json::{Map, Value};

/// One entry: a manager, how it writes, and the tree of its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) raw: &'a Value,
    pub(crate) manager: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) time: &'a str,
}

/// The entries of an object.
pub(crate) fn entries(object: &Value) -> Vec<Entry<'_>> {
    let list = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    list.into_iter().flatten().map(read).collect()
}

fn read(raw: &Value) -> Entry<'_> {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).unwrap_or_default();
    Entry {
        raw,
        manager: text("manager"),
        operation: text("operation"),
        subresource: text("subresource"),
        time: text("time"),
    }
}

impl<'a> Entry<'a> {
    /// The tree of its fields.
    pub(crate) fn fields(&self) -> Option<&'a Value> {
        self.raw.get("fieldsV1")
    }
}

/// The fields of two trees. A field that is itself held and has held children says so with `.`.
pub(crate) fn union(one: &Value, other: &Value) -> Value {
    match (one.as_object(), other.as_object()) {
        (Some(one), Some(other)) => Value::Object(union_maps(one, other)),
        (Some(_), None) => one.clone(),
        _ => other.clone(),
    }
}

fn union_maps(one: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let mut result = one.clone();
    for (key, theirs) in other {
        match result.get_mut(key) {
            None => {
                result.insert(key.clone(), theirs.clone());
            }
            Some(ours) => *ours = union_field(ours, theirs),
        }
    }
    result
}

fn union_field(one: &Value, other: &Value) -> Value {
    let leaf = |tree: &Value| tree.as_object().is_none_or(Map::is_empty);
    let mut joined = union(one, other);
    if leaf(one) != leaf(other)
        && let Some(map) = joined.as_object_mut()
    {
        map.entry(".").or_insert_with(|| Value::Object(Map::new()));
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_trees_become_one() {
        let rows = [
            (json!({}), json!({"f:a": {}}), json!({"f:a": {}})),
            (
                json!({"f:a": {"f:b": {}}}),
                json!({"f:a": {"f:c": {}}}),
                json!({"f:a": {"f:b": {}, "f:c": {}}}),
            ),
            (json!({"f:a": {}}), json!({"f:a": {"f:c": {}}}), json!({"f:a": {"f:c": {}, ".": {}}})),
            (json!({"f:a": {".": {}, "f:b": {}}}), json!({"f:a": {}}), json!({"f:a": {".": {}, "f:b": {}}})),
            (json!({"f:a": {}}), json!({"f:a": {}}), json!({"f:a": {}})),
        ];
        for (one, other, both) in rows {
            assert_eq!(union(&one, &other), both);
            assert_eq!(union(&other, &one), both);
        }
    }
}
