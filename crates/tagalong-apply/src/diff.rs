//! What an apply would change, without changing anything: each object as it stands beside what the API server would make
//! of it. Called by `tagalong diff`.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::compare::compare;
use crate::error::{self, ApplyError};
use crate::id::ObjectId;
use crate::inventory::Entry;
use crate::kinds::Served;
use crate::object::split_version;
use crate::owner::Owner;
use crate::prepare::prepare;
use crate::secret::Hidden;
use crate::stage::{AT_ONCE, Wanted, clearing};
use crate::{anew, mark, secret, takeover};

/// Metadata that the API server keeps for itself.
const BOOKKEEPING: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// One object that an apply would write or delete. Values of a Secret read `***`.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The object.
    pub id: ObjectId,
    /// As it stands; `None` where it is to be made.
    pub live: Option<Value>,
    /// As it would be; `None` where it is to be deleted.
    pub wanted: Option<Value>,
}

impl Difference {
    /// The same without any value of the object, whatever its kind: its fields alone are told.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        for side in [&mut self.live, &mut self.wanted].into_iter().flatten() {
            let named = |key: &String| !["apiVersion", "kind", "metadata"].contains(&key.as_str());
            let fields = side.as_object_mut().into_iter().flatten();
            fields.filter(|(key, _)| named(key)).for_each(|(_, value)| seal(value));
            side.pointer_mut("/metadata/annotations").into_iter().for_each(seal);
        }
        self
    }
}

impl Cluster {
    /// What applying `objects` for an owner and pruning `gone` would change, in the order in which they are given. What
    /// holds `hidden` values reads `***`, and so does what stands in its place.
    ///
    /// # Errors
    /// Each object that could not be tried, beside the differences of the others.
    pub async fn diff(
        &self,
        owner: &Owner,
        objects: Vec<Value>,
        gone: &[Entry],
        hidden: &Hidden,
    ) -> (Vec<Difference>, Vec<ApplyError>) {
        let (mut differences, mut failures) = (Vec::new(), Vec::new());
        let prepared: Vec<_> = objects.into_iter().map(|object| prepare(owner, object)).collect();
        let tries = prepared.into_iter().map(|wanted| async { self.difference(wanted?).await });
        let tried: Vec<_> = stream::iter(tries).buffered(AT_ONCE).collect().await;
        let leaving: Vec<_> =
            stream::iter(gone).map(|entry| self.leaving(owner, entry)).buffered(AT_ONCE).collect().await;
        for result in tried.into_iter().chain(leaving) {
            match result {
                Ok(difference) => differences.extend(difference.map(|found| hiding(found, hidden))),
                Err(failure) => failures.push(failure.hiding(hidden)),
            }
        }
        (differences, failures)
    }

    async fn difference(&self, wanted: Wanted) -> Result<Option<Difference>, ApplyError> {
        let id = wanted.entry.id.clone();
        let made = |object: &Value| {
            let made = shown(object.clone());
            Some(Difference { id: id.clone(), live: None, wanted: Some(masked(made, None)) })
        };
        let served = match self.find(&id, &wanted.entry.api_version()).await {
            Ok(served) => served,
            // Its definition may come in the same set.
            Err(ApplyError::NoSuchKind { .. }) => return Ok(made(&wanted.object)),
            Err(failure) => return Err(failure),
        };
        let live = self.get(&served, &id).await?;
        if mark::skipped(&wanted.object, live.as_ref()) {
            return Ok(None);
        }
        let wanted = self.rules.leave(&wanted, live.as_ref()).unwrap_or(wanted);
        let tried = self.patch(&served, &id, &wanted.object, true).await;
        match (live, tried) {
            (None, Ok(tried)) => Ok(made(&tried)),
            // Its namespace may come in the same set.
            (None, Err(failure)) if error::code(&failure) == 404 => Ok(made(&wanted.object)),
            (Some(live), Ok(mut tried)) => {
                if clearing(&wanted, &live).is_some() {
                    self.take_over(&served, &wanted, &live, &mut tried).await;
                } else if compare(&live, &tried).is_empty() {
                    return Ok(None);
                }
                let (live, tried) = (shown(live), shown(tried));
                if live == tried {
                    return Ok(None);
                }
                let wanted = Some(masked(tried.clone(), Some(&live)));
                Ok(Some(Difference { id, live: Some(masked(live, Some(&tried))), wanted }))
            }
            (_, Err(failure)) => Err(crate::stage::refusal(&wanted, "dry-run", &failure)),
        }
    }

    /// Takes from a dry run's answer what goes with kubectl's hold on it. What the object is by default is asked of the
    /// API server; where it will not say, the fields of kubectl are shown as they stand.
    async fn take_over(&self, served: &Served, wanted: &Wanted, live: &Value, tried: &mut Value) {
        let mut other = wanted.object.clone();
        other["metadata"]["name"] = json!(anew::other_name(&wanted.entry.id.name));
        if let Ok(made) = self.rehearse(served, &wanted.entry.id, &other).await {
            takeover::left(tried, live, &wanted.object, &made);
        }
    }

    async fn leaving(&self, owner: &Owner, entry: &Entry) -> Result<Option<Difference>, ApplyError> {
        let served = self.kinds.find_any(&self.client, &entry.id, &entry.api_version()).await?;
        let Some(served) = served else { return Ok(None) };
        let live = self.get(&served, &entry.id).await?;
        let ours = live.filter(|live| owner.owns(live) && !mark::kept(live));
        let shown = |live| masked(shown(live), None);
        Ok(ours.map(|live| Difference { id: entry.id.clone(), live: Some(shown(live)), wanted: None }))
    }
}

/// An object without what only the API server says.
fn shown(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        BOOKKEEPING.iter().for_each(|key| drop(metadata.shift_remove(*key)));
        // An apply clears them away; one of them is a copy of the whole object.
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            takeover::ANNOTATIONS.iter().for_each(|key| drop(annotations.shift_remove(*key)));
            if annotations.is_empty() {
                metadata.shift_remove("annotations");
            }
        }
    }
    object
}

/// The object without the values of a Secret: one that differs from the other's is told apart, and no more.
fn masked(mut object: Value, other: Option<&Value>) -> Value {
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if split_version(version).0.is_empty() && secret::is(&object) {
        // An annotation may be a copy of the values, as that of kubectl is.
        for field in ["/data", "/stringData", "/metadata/annotations"] {
            let before = other.and_then(|other| other.pointer(field));
            match object.pointer_mut(field) {
                Some(Value::Object(values)) => hide(values, before),
                Some(value) => *value = Value::String(secret::MASK.to_owned()),
                None => {}
            }
        }
    }
    object
}

/// Hides every value in it.
fn seal(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| seal(value)),
        Value::Array(items) => items.iter_mut().for_each(seal),
        _ => *value = Value::String(secret::MASK.to_owned()),
    }
}

/// A difference in which no hidden value stands, nor what stood in its place.
fn hiding(mut difference: Difference, hidden: &Hidden) -> Difference {
    if hidden.is_empty() {
        return difference;
    }
    let mut places = BTreeSet::new();
    for side in [&difference.live, &difference.wanted].into_iter().flatten() {
        find(side, hidden, &mut Vec::new(), &mut places);
    }
    let at = |side: &Option<Value>, path: &[String]| {
        side.as_ref().and_then(|side| path.iter().try_fold(side, |value, key| value.get(key))).cloned()
    };
    let (live, wanted) = (&difference.live, &difference.wanted);
    let other =
        |path: &&Vec<String>| at(live, path).zip(at(wanted, path)).is_some_and(|(one, two)| one != two);
    let changed: BTreeSet<Vec<String>> = places.iter().filter(other).cloned().collect();
    difference.live.iter_mut().for_each(|side| blank(side, &places, &BTreeSet::new(), &mut Vec::new()));
    difference.wanted.iter_mut().for_each(|side| blank(side, &places, &changed, &mut Vec::new()));
    difference
}

/// The places of hidden values; those in a list are one place, whatever their order.
fn find(value: &Value, hidden: &Hidden, path: &mut Vec<String>, places: &mut BTreeSet<Vec<String>>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            path.push(key.clone());
            find(value, hidden, path, places);
            path.pop();
        }),
        Value::Array(items) => items.iter().for_each(|item| find(item, hidden, path, places)),
        Value::String(text) if hidden.is_in(text) => drop(places.insert(path.clone())),
        Value::Number(number) if hidden.is_in(&number.to_string()) => drop(places.insert(path.clone())),
        _ => {}
    }
}

/// Hides what stands at the places; of those in `changed` it says that the other side has something else.
fn blank(
    value: &mut Value,
    places: &BTreeSet<Vec<String>>,
    changed: &BTreeSet<Vec<String>>,
    path: &mut Vec<String>,
) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| {
            path.push(key.clone());
            blank(value, places, changed, path);
            path.pop();
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, places, changed, path)),
        _ if changed.contains(path) => *value = Value::String(format!("{} (other than there)", secret::MASK)),
        _ if places.contains(path) => *value = Value::String(secret::MASK.to_owned()),
        _ => {}
    }
}

fn hide(values: &mut Map<String, Value>, other: Option<&Value>) {
    for (key, value) in values {
        let same = other.is_none_or(|other| other.get(key) == Some(&*value));
        let length = value.as_str().map_or(0, str::len);
        // The length of what changed says nothing of it, but makes the two lines differ.
        let mark =
            if same { String::new() } else { format!(" ({length} bytes in base64, other than there)") };
        *value = Value::String(format!("{}{mark}", secret::MASK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_secret_are_not_shown_and_what_changed_is() {
        let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": value, "b": "c2FtZQ=="}});
        let (old, new) = (secret("b2xk"), secret("bmV3ZXI="));
        let hidden = masked(new.clone(), Some(&old));
        assert_eq!(hidden["data"]["b"], "***");
        assert_eq!(hidden["data"]["a"], "*** (8 bytes in base64, other than there)");
        assert!(!hidden.to_string().contains("bmV3ZXI="));
        assert_eq!(masked(new, None)["data"]["a"], "***");
    }

    #[test]
    fn annotations_of_a_secret_are_not_shown_and_kubectls_copy_of_any_object_is_not_there() {
        let kubectl = "kubectl.kubernetes.io/last-applied-configuration";
        let object = |kind: &str, copy: &str| {
            let annotations = json!({kubectl: format!("{{\"data\":{{\"a\":\"{copy}\"}}}}"), "note": "b2xk"});
            json!({"apiVersion": "v1", "kind": kind, "metadata": {"annotations": annotations}, "data": {"a": "b2xk"}})
        };
        let secret = masked(shown(object("Secret", "b2xk")), None);
        assert_eq!(secret["metadata"]["annotations"], json!({"note": "***"}));
        assert!(!secret.to_string().contains("b2xk"), "{secret}");
        let map = masked(shown(object("ConfigMap", "b2xk")), None);
        assert_eq!(map["metadata"]["annotations"], json!({"note": "b2xk"}));
        let odd = json!({"apiVersion": "v1", "kind": "Secret", "data": "hush"});
        assert_eq!(masked(odd, None)["data"], "***");
    }

    #[test]
    fn what_came_out_of_a_secret_is_not_shown_nor_what_it_replaces() {
        let object = |password: &str, list: &[&str]| {
            json!({"kind": "Job", "spec": {"password": password, "plain": "p",
            "env": list.iter().map(|value| json!({"name": "n", "value": value})).collect::<Vec<_>>()}})
        };
        let difference = Difference {
            id: ObjectId::parse("a_b_batch_Job").unwrap(),
            live: Some(object("url://older", &["older-2", "x"])),
            wanted: Some(object("url://hunter2", &["x", "y", "aHVudGVyMg=="])),
        };
        let hidden = ["hunter2".to_owned()].into_iter().collect();
        let told = hiding(difference, &hidden);
        assert_eq!(told.live.unwrap(), object("***", &["***", "***"]));
        assert_eq!(told.wanted.unwrap(), object("*** (other than there)", &["***", "***", "***"]));
    }

    #[test]
    fn what_is_sealed_tells_its_fields_alone() {
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "hush"}, "list": [{"b": 1}, true],
            "metadata": {"name": "a", "labels": {"c": "d"}, "annotations": {"e": "hush"}}});
        let difference =
            Difference { id: ObjectId::parse("a_a__ConfigMap").unwrap(), live: Some(live), wanted: None };
        let expected = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "***"}, "list": [{"b": "***"}, "***"],
            "metadata": {"name": "a", "labels": {"c": "d"}, "annotations": {"e": "***"}}});
        assert_eq!(difference.sealed().live, Some(expected));
    }

    #[test]
    fn what_the_server_keeps_is_no_difference() {
        let object = json!({"kind": "A", "metadata": {"name": "a", "uid": "1", "managedFields": []}, "status": {"b": 1}});
        assert_eq!(shown(object), json!({"kind": "A", "metadata": {"name": "a"}}));
    }
}
