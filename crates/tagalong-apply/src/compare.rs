//! Which fields of an object differ from what a dry run answered, and who holds each. Pure.
//!
//! Status and the metadata that the API server keeps are no drift. List items are matched by the keys that
//! `managedFields` shows for their list, so that an item moved is not every item changed.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::change::{FieldDrift, Holder};
use crate::cluster::MANAGER;
use crate::managed::{self, Entry};
use crate::secret::{self, MASK};

/// A longer value is cut.
const LONGEST: usize = 80;
/// The metadata that a manifest says.
const METADATA: [&str; 4] = ["labels", "annotations", "finalizers", "ownerReferences"];

/// Every field that differs.
pub(crate) fn compare(live: &Value, wanted: &Value) -> Vec<FieldDrift> {
    let entries = managed::entries(live);
    let mut walk = Walk { secret: secret::is(live), found: Vec::new() };
    let root: Vec<Held<'_>> =
        entries.iter().map(|entry| Held { entry, tree: entry.fields(), whole: false }).collect();
    for key in keys(Some(live), Some(wanted)) {
        match key.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                let held = down(&root, "f:metadata");
                for part in METADATA {
                    let side = |object: &'_ Value| object.pointer(&format!("/metadata/{part}")).cloned();
                    let (live, wanted) = (side(live), side(wanted));
                    walk.pair(
                        &format!("metadata.{part}"),
                        filled(live.as_ref()),
                        filled(wanted.as_ref()),
                        &down(&held, &format!("f:{part}")),
                    );
                }
            }
            _ => walk.pair(&key, live.get(&key), wanted.get(&key), &down(&root, &format!("f:{key}"))),
        }
    }
    walk.found
}

/// An empty map or list of metadata is none.
fn filled(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    })
}

/// What a manager holds at the place where the walk is.
#[derive(Clone, Copy)]
struct Held<'a> {
    entry: &'a Entry<'a>,
    tree: Option<&'a Value>,
    /// Held as one value further up.
    whole: bool,
}

impl<'a> Held<'a> {
    fn holds(&self) -> bool {
        self.whole || self.tree.is_some()
    }

    /// At an item of the list here.
    fn item(&self, tree: Option<&'a Value>) -> Self {
        Self { tree, whole: self.whole || self.is_leaf(), ..*self }
    }

    /// Whether the value here is held as one.
    fn is_leaf(&self) -> bool {
        self.tree.and_then(Value::as_object).is_some_and(Map::is_empty)
    }
}

fn down<'a>(held: &[Held<'a>], step: &str) -> Vec<Held<'a>> {
    held.iter().map(|held| held.item(held.tree.and_then(|tree| tree.get(step)))).collect()
}

struct Walk {
    secret: bool,
    found: Vec<FieldDrift>,
}

impl Walk {
    fn pair(&mut self, path: &str, live: Option<&Value>, wanted: Option<&Value>, held: &[Held<'_>]) {
        if live == wanted {
            return;
        }
        match (live, wanted) {
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                for key in keys(live, wanted) {
                    self.pair(
                        &member(path, &key),
                        one.get(&key),
                        other.get(&key),
                        &down(held, &format!("f:{key}")),
                    );
                }
            }
            (Some(Value::Array(one)), Some(Value::Array(other))) => self.lists(path, one, other, held),
            _ => self.report(path, live, wanted, held),
        }
    }

    fn lists(&mut self, path: &str, live: &[Value], wanted: &[Value], held: &[Held<'_>]) {
        let before = self.found.len();
        if let Some(names) = key_names(held) {
            let (mine, theirs) = (by_key(live, &names), by_key(wanted, &names));
            let trees: Vec<HashMap<String, &Value>> = held.iter().map(|held| trees(held, &names)).collect();
            let mut seen = HashSet::new();
            for item in wanted.iter().chain(live) {
                let key = key(item, &names);
                if !seen.insert(key.clone()) {
                    continue;
                }
                let shown: Vec<String> = names.iter().filter_map(|name| item.get(name)).map(plain).collect();
                let held = held.iter().zip(&trees).map(|(held, trees)| held.item(trees.get(&key).copied()));
                self.pair(
                    &format!("{path}[{}]", shown.join(",")),
                    mine.get(&key).copied(),
                    theirs.get(&key).copied(),
                    &held.collect::<Vec<_>>(),
                );
            }
        }
        // No keys, or the same items in another order.
        if self.found.len() == before {
            let list = |items: &[Value]| Value::Array(items.to_vec());
            self.report(path, Some(&list(live)), Some(&list(wanted)), held);
        }
    }

    fn report(&mut self, path: &str, live: Option<&Value>, wanted: Option<&Value>, held: &[Held<'_>]) {
        // What a Secret is called and labelled may be read; all else could hold a value.
        let masked =
            self.secret && !path.starts_with("metadata.labels") && path != "type" && path != "immutable";
        let show =
            |value: Option<&Value>| value.map(|value| if masked { MASK.to_owned() } else { short(value) });
        self.found.push(FieldDrift {
            path: path.to_owned(),
            live: show(live),
            wanted: show(wanted),
            by: live.and_then(|_| holder(held)),
        });
    }
}

/// Whoever else holds a field that is not ours; the last to write, where there are several.
fn holder(held: &[Held<'_>]) -> Option<Holder> {
    let holding: Vec<&Entry<'_>> = held.iter().filter(|held| held.holds()).map(|held| held.entry).collect();
    if holding.iter().any(|entry| entry.manager == MANAGER && entry.operation == "Apply") {
        return None;
    }
    let last = holding.into_iter().max_by_key(|entry| entry.time)?;
    Some(Holder { manager: last.manager.to_owned(), time: last.time.to_owned() })
}

fn keys(one: Option<&Value>, other: Option<&Value>) -> BTreeSet<String> {
    [one, other]
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|map| map.keys().cloned())
        .collect()
}

/// The names of the fields that tell the items of a list apart.
fn key_names(held: &[Held<'_>]) -> Option<Vec<String>> {
    let trees = held.iter().filter_map(|held| held.tree?.as_object());
    let key = trees.flat_map(Map::keys).find_map(|key| key.strip_prefix("k:"))?;
    let Ok(Value::Object(key)) = serde_json::from_str(key) else { return None };
    Some(key.keys().cloned().collect())
}

/// What tells an item apart, as text.
fn key(item: &Value, names: &[String]) -> String {
    let values = names.iter().map(|name| item.get(name).map(ToString::to_string).unwrap_or_default());
    values.collect::<Vec<_>>().join("\n")
}

/// The items of a list; the first, where several have one key.
fn by_key<'a>(items: &'a [Value], names: &[String]) -> HashMap<String, &'a Value> {
    items.iter().rev().map(|item| (key(item, names), item)).collect()
}

/// What a manager holds of the items of a list.
fn trees<'a>(held: &Held<'a>, names: &[String]) -> HashMap<String, &'a Value> {
    let steps = held.tree.and_then(Value::as_object).into_iter().flatten();
    let item = |(step, tree): (&'a String, &'a Value)| {
        let item: Value = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
        Some((key(&item, names), tree))
    };
    steps.filter_map(item).collect()
}

fn member(path: &str, key: &str) -> String {
    if key.contains(['.', '/', '[']) { format!("{path}[\"{key}\"]") } else { format!("{path}.{key}") }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
