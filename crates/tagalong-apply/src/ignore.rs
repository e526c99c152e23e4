//! Fields of an object that are somebody else's business (`spec.ignore`): what stands there is neither reported nor
//! written. Pure; called before an object is tried.
//!
//! Where the field differs, the object is sent as if it wanted what stands: without the field where another applier
//! holds it, else with the value that stands, so that the field stays ours and nobody's change is lost.

use serde_json::{Map, Value};

use crate::cluster::MANAGER;
use crate::managed::{self, Entry};

/// The object with the fields at these JSON pointers as they stand; none where nothing has to be left alone.
pub(crate) fn leave(object: &Value, live: &Value, pointers: &[String]) -> Option<Value> {
    let entries = managed::entries(live);
    let mut sent: Option<Value> = None;
    for pointer in pointers {
        let (wanted, stands) = (object.pointer(pointer), live.pointer(pointer));
        if wanted == stands {
            continue;
        }
        let held = |ours: bool| {
            let applied =
                entries.iter().filter(|entry| entry.operation == "Apply" && entry.subresource.is_empty());
            applied
                .filter(|entry| (entry.manager == MANAGER) == ours)
                .any(|entry| holds(entry, live, pointer))
        };
        // What Git does not say, and we do not hold from before, is not ours to send.
        if wanted.is_none() && !held(true) {
            continue;
        }
        let sent = sent.get_or_insert_with(|| object.clone());
        match stands {
            Some(value) if !held(false) => put(sent, pointer, value.clone()),
            _ => take(sent, pointer),
        }
    }
    sent
}

fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
}

/// Whether an entry of `managedFields` holds what stands at a pointer.
fn holds(entry: &Entry<'_>, live: &Value, pointer: &str) -> bool {
    path(entry, live, pointer).is_some()
}

/// Where an entry of `managedFields` holds what stands at a pointer: there, or further up, where that is one value.
pub(crate) fn path(entry: &Entry<'_>, live: &Value, pointer: &str) -> Option<Vec<String>> {
    let (mut tree, mut stands, mut path) = (entry.fields(), Some(live), Vec::new());
    for step in steps(pointer) {
        let fields = tree?.as_object()?;
        // Held as one value further up.
        if fields.is_empty() {
            return Some(path);
        }
        let here = stands;
        stands = match here {
            Some(Value::Array(items)) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            other => other.and_then(|value| value.get(&step)),
        };
        let (key, held) = match here {
            Some(Value::Array(_)) => of_item(fields, stands?)?,
            _ => fields.get_key_value(&format!("f:{step}"))?,
        };
        path.push(key.clone());
        tree = Some(held);
    }
    tree.map(|_| path)
}

/// The entry of a list item, by the keys that tell items apart or by its value.
fn of_item<'t>(fields: &'t Map<String, Value>, item: &Value) -> Option<(&'t String, &'t Value)> {
    let fits = |step: &str| match (step.strip_prefix("k:"), step.strip_prefix("v:")) {
        (Some(key), _) => serde_json::from_str::<Map<String, Value>>(key)
            .is_ok_and(|key| key.iter().all(|(name, value)| item.get(name) == Some(value))),
        (_, Some(value)) => serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item),
        _ => false,
    };
    fields.iter().find(|(step, _)| fits(step))
}

fn put(object: &mut Value, pointer: &str, value: Value) {
    let steps: Vec<String> = steps(pointer).collect();
    let Some((last, above)) = steps.split_last() else { return };
    let mut at = object;
    for step in above {
        let next = match at {
            Value::Object(fields) => fields.entry(step.clone()).or_insert_with(|| Value::Object(Map::new())),
            Value::Array(items) => match step.parse::<usize>().ok().and_then(|place| items.get_mut(place)) {
                Some(item) => item,
                None => return,
            },
            _ => return,
        };
        at = next;
    }
    match at {
        Value::Object(fields) => drop(fields.insert(last.clone(), value)),
        Value::Array(items) => {
            if let Some(item) = last.parse::<usize>().ok().and_then(|place| items.get_mut(place)) {
                *item = value;
            }
        }
        _ => {}
    }
}

fn take(object: &mut Value, pointer: &str) {
    let Some((above, _)) = pointer.rsplit_once('/') else { return };
    let Some(last) = steps(pointer).last() else { return };
    match object.pointer_mut(above) {
        Some(Value::Object(fields)) => drop(fields.shift_remove(&last)),
        Some(Value::Array(items)) => {
            if let Some(place) = last.parse::<usize>().ok().filter(|place| *place < items.len()) {
                items.remove(place);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"kind": "Deployment", "spec": {"replicas": 5, "paused": true, "list": [{"name": "a", "image": "x:2"}]},
            "metadata": {"managedFields": [{"manager": manager, "operation": operation, "fieldsV1": fields}]}})
    }

    fn check(wanted: &Value, live: &Value, pointers: &[&str], expected: Option<&Value>) {
        let pointers: Vec<String> = pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
        let object = json!({"kind": "Deployment", "spec": wanted});
        let sent = leave(&object, live, &pointers);
        assert_eq!(sent.map(|sent| sent["spec"].clone()).as_ref(), expected, "{wanted} {pointers:?}");
    }

    #[test]
    fn what_stands_is_wanted_and_what_another_applier_holds_is_not_sent() {
        let replicas = json!({"f:spec": {"f:replicas": {}}});
        let by_hand = live("kubectl", "Update", &replicas);
        let applied = live("autoscaler", "Apply", &replicas);
        let ours = live(MANAGER, "Apply", &replicas);
        let wanted = json!({"replicas": 1, "other": 1});
        let adopted = json!({"replicas": 5, "other": 1});
        check(&wanted, &by_hand, &["/spec/replicas"], Some(&adopted));
        check(&wanted, &ours, &["/spec/replicas"], Some(&adopted));
        check(&wanted, &applied, &["/spec/replicas"], Some(&json!({"other": 1})));
        check(&json!({"replicas": 5}), &applied, &["/spec/replicas"], None);
        check(&wanted, &by_hand, &["/spec/none", "/x"], None);
        check(&wanted, &by_hand, &[], None);
        // Gone from where it stood, and it stays gone.
        check(&json!({"gone": 1, "other": 1}), &ours, &["/spec/gone"], Some(&json!({"other": 1})));
        // Git never said it, or does not any more.
        check(&json!({"other": 1}), &by_hand, &["/spec/replicas"], None);
        check(&json!({"other": 1}), &ours, &["/spec/replicas"], Some(&adopted_without(&adopted)));
    }

    fn adopted_without(adopted: &Value) -> Value {
        json!({"other": adopted["other"], "replicas": adopted["replicas"]})
    }

    #[test]
    fn items_are_found_by_their_place_and_held_by_their_keys() {
        let fields = json!({"f:spec": {"f:list": {"k:{\"name\":\"a\"}": {"f:image": {}}}}});
        let wanted = json!({"list": [{"name": "a", "image": "x:1"}]});
        let pointer = ["/spec/list/0/image"];
        let adopted = json!({"list": [{"name": "a", "image": "x:2"}]});
        check(&wanted, &live("acme", "Update", &fields), &pointer, Some(&adopted));
        let without = json!({"list": [{"name": "a"}]});
        check(&wanted, &live("acme", "Apply", &fields), &pointer, Some(&without));
        check(&wanted, &live("acme", "Apply", &json!({"f:spec": {"f:list": {}}})), &pointer, Some(&without));
        check(&json!({"list": []}), &live("acme", "Apply", &fields), &pointer, None);
    }

    #[test]
    fn names_with_slashes_are_read() {
        let mut live = live("acme", "Update", &json!({}));
        live["metadata"]["annotations"] = json!({"acme.dev/x~y": "stands"});
        let object = json!({"metadata": {"annotations": {"acme.dev/x~y": "wanted"}}});
        let sent = leave(&object, &live, &["/metadata/annotations/acme.dev~1x~0y".to_owned()]).unwrap();
        assert_eq!(sent["metadata"]["annotations"]["acme.dev/x~y"], "stands");
    }
}
