//! What an apply would change, without changing anything: each object as it stands beside what the API server would make
//! of it. Called by `tagalong diff`.

use futures::{StreamExt as _, stream};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::compare::compare;
use crate::error::{self, ApplyError};
use crate::id::ObjectId;
use crate::inventory::Entry;
use crate::mark;
use crate::object::split_version;
use crate::owner::Owner;
use crate::prepare::prepare;
use crate::secret;
use crate::stage::{AT_ONCE, Wanted};

/// Metadata that the API server keeps for itself.
const BOOKKEEPING: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

const LAST_APPLIED: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

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

impl Cluster {
    /// What applying `objects` for an owner and pruning `gone` would change, in the order in which they are given.
    ///
    /// # Errors
    /// Each object that could not be tried, beside the differences of the others.
    pub async fn diff(
        &self,
        owner: &Owner,
        objects: Vec<Value>,
        gone: &[Entry],
    ) -> (Vec<Difference>, Vec<ApplyError>) {
        let (mut differences, mut failures) = (Vec::new(), Vec::new());
        let prepared: Vec<_> = objects.into_iter().map(|object| prepare(owner, object)).collect();
        let tries = prepared.into_iter().map(|wanted| async {
            let mut wanted = wanted?;
            wanted.confidential |= self.rules.confidential.contains(&wanted.entry.id);
            self.difference(wanted).await
        });
        let tried: Vec<_> = stream::iter(tries).buffered(AT_ONCE).collect().await;
        let leaving: Vec<_> =
            stream::iter(gone).map(|entry| self.leaving(owner, entry)).buffered(AT_ONCE).collect().await;
        for result in tried.into_iter().chain(leaving) {
            match result {
                Ok(difference) => differences.extend(difference),
                Err(failure) => failures.push(failure),
            }
        }
        (differences, failures)
    }

    async fn difference(&self, wanted: Wanted) -> Result<Option<Difference>, ApplyError> {
        let id = wanted.entry.id.clone();
        let confidential = wanted.confidential;
        let made = |object: &Value| {
            let made = shown(object.clone());
            Some(Difference { id: id.clone(), live: None, wanted: Some(masked(made, None, confidential)) })
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
        let tried = self.patch(&served, &id, &wanted.object, true).await;
        match (live, tried) {
            (None, Ok(tried)) => Ok(made(&tried)),
            // Its namespace may come in the same set.
            (None, Err(failure)) if error::code(&failure) == 404 => Ok(made(&wanted.object)),
            (Some(live), Ok(tried)) if compare(&live, &tried, wanted.confidential).is_empty() => Ok(None),
            (Some(live), Ok(tried)) => {
                let (live, tried) = (shown(live), shown(tried));
                let wanted = Some(masked(tried.clone(), Some(&live), confidential));
                Ok(Some(Difference { id, live: Some(masked(live, Some(&tried), confidential)), wanted }))
            }
            (_, Err(failure)) => Err(crate::stage::refusal(&wanted, "dry-run", &failure)),
        }
    }

    async fn leaving(&self, owner: &Owner, entry: &Entry) -> Result<Option<Difference>, ApplyError> {
        let served = self.kinds.find_any(&self.client, &entry.id, &entry.api_version()).await?;
        let Some(served) = served else { return Ok(None) };
        let live = self.get(&served, &entry.id).await?;
        let ours = live.filter(|live| owner.owns(live) && !mark::kept(live));
        let shown = |live| masked(shown(live), None, false);
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
    }
    object
}

/// The object without the values of a Secret, or of what is as confidential: one that differs from the other's is told
/// apart, and no more.
fn masked(mut object: Value, other: Option<&Value>, confidential: bool) -> Value {
    // kubectl notes there all that it has ever applied.
    if (confidential || secret::is(&object))
        && let Some(noted) = object.pointer_mut(LAST_APPLIED)
    {
        *noted = Value::String(secret::MASK.to_owned());
    }
    if confidential && !secret::is(&object) {
        for (name, value) in object.as_object_mut().into_iter().flatten() {
            if !secret::SHOWN.contains(&name.as_str()) {
                hide(value, other.and_then(|other| other.get(name)));
            }
        }
        return object;
    }
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if split_version(version).0.is_empty() && secret::is(&object) {
        for field in ["data", "stringData"] {
            let before = other.and_then(|other| other.get(field));
            if let Some(values) = object.get_mut(field) {
                hide(values, before);
            }
        }
    }
    object
}

fn hide(value: &mut Value, other: Option<&Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                hide(value, other.and_then(|other| other.get(key)));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                hide(item, other.and_then(|other| other.get(at)));
            }
        }
        Value::Null => {}
        scalar => {
            let same = other.is_none_or(|other| *other == *scalar);
            let length = scalar.as_str().map_or_else(|| scalar.to_string().len(), str::len);
            // The length of what changed says nothing of it, but makes the two lines differ.
            let mark = if same { String::new() } else { format!(" ({length} bytes, other than there)") };
            *scalar = Value::String(format!("{}{mark}", secret::MASK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_a_secret_are_not_shown_and_what_changed_is() {
        let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": value, "b": "c2FtZQ=="}});
        let (old, new) = (secret("b2xk"), secret("bmV3ZXI="));
        let hidden = masked(new.clone(), Some(&old), true);
        assert_eq!(hidden["data"]["b"], "***");
        assert_eq!(hidden["data"]["a"], "*** (8 bytes, other than there)");
        assert!(!hidden.to_string().contains("bmV3ZXI="));
        assert_eq!(masked(new, None, true)["data"]["a"], "***");
    }

    #[test]
    fn of_what_was_encrypted_nothing_is_shown_but_its_metadata() {
        let widget = |value: &str| {
            json!({"apiVersion": "acme.dev/v1", "kind": "Widget", "spec": {"a": [value, 1, null]},
            "metadata": {"name": "w", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": value}}})
        };
        let hidden = masked(widget("newer"), Some(&widget("old")), true);
        assert_eq!(hidden["spec"], json!({"a": ["*** (5 bytes, other than there)", "***", null]}));
        assert_eq!(hidden["metadata"]["name"], "w");
        assert!(!hidden.to_string().contains("newer"));
        assert_eq!(masked(widget("newer"), None, false), widget("newer"));
    }

    #[test]
    fn what_the_server_keeps_is_no_difference() {
        let object = json!({"kind": "A", "metadata": {"name": "a", "uid": "1", "managedFields": []}, "status": {"b": 1}});
        assert_eq!(shown(object), json!({"kind": "A", "metadata": {"name": "a"}}));
    }
}
