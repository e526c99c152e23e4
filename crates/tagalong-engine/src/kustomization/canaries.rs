//! Flagger's Canaries. One bears no generation of its target: right after the target was written it still says how the
//! release before fared. So what it says counts once it has moved since. Held by `Syncing`, called by `act`.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tagalong_apply::{Action, Change, Health, ObjectId, State};
use tagalong_model::ObjectKey;

/// When the target of each Canary was last written.
pub(super) type Written = Arc<HashMap<ObjectId, Timestamp>>;

/// What Canaries have yet to look at, by Kustomization; until a turn ends well.
#[derive(Debug, Clone, Default)]
pub(super) struct Canaries(Arc<Mutex<HashMap<ObjectKey, Written>>>);

/// A Canary and what it is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Aim {
    canary: ObjectId,
    kind: String,
    name: String,
}

/// The Canaries of a set. One that is suspended never moves.
pub(super) fn aims(objects: &[Value]) -> Vec<Aim> {
    let aim = |object: &Value| {
        let canary = ObjectId::of(object).filter(|id| id.group == "flagger.app" && id.kind == "Canary")?;
        let text = |pointer: &str| object.pointer(pointer)?.as_str().map(ToOwned::to_owned);
        let moves = object.pointer("/spec/suspend") != Some(&Value::Bool(true));
        moves.then_some(Aim {
            canary,
            kind: text("/spec/targetRef/kind")?,
            name: text("/spec/targetRef/name")?,
        })
    };
    objects.iter().filter_map(aim).collect()
}

impl Aim {
    fn is_at(&self, target: &ObjectId) -> bool {
        (&self.kind, &self.name, &self.canary.namespace) == (&target.kind, &target.name, &target.namespace)
    }
}

impl Canaries {
    /// Notes which targets were written `at` that moment; what is to be waited for stands in `changes` as on its way.
    pub(super) fn note(
        &self,
        key: &ObjectKey,
        aims: &[Aim],
        changes: &mut [Change],
        at: Timestamp,
    ) -> Written {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.remove(key).unwrap_or_default();
        let since = |aim: &Aim| {
            let new = changes.iter().any(|change| aim.is_at(&change.entry.id) && has_new_template(change));
            let since = if new { at } else { *before.get(&aim.canary)? };
            Some((aim.canary.clone(), since))
        };
        let written: Written = Arc::new(aims.iter().filter_map(since).collect());
        if !written.is_empty() {
            all.insert(key.clone(), Arc::clone(&written));
        }
        for change in changes.iter_mut().filter(|change| written.contains_key(&change.entry.id)) {
            let message = "Flagger may not have seen what its target is now".to_owned();
            change.health = Health { state: State::InProgress, message };
        }
        written
    }

    /// All have moved, or nobody waits for them any more.
    pub(super) fn forget(&self, key: &ObjectKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Whether Flagger has something to look at: it compares what Pods are made from.
fn has_new_template(change: &Change) -> bool {
    change.action == Action::Configured
        && change.fields.iter().any(|field| field.path.starts_with("spec.template"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tagalong_apply::{Entry, FieldDrift};

    fn canary(name: &str, suspend: bool) -> Value {
        json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": name, "namespace": "apps"},
            "spec": {"suspend": suspend, "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
        })
    }

    fn change(id: ObjectId, fields: &[&str]) -> Change {
        let field = |path: &&str| FieldDrift { path: (*path).to_owned(), live: None, wanted: None, by: None };
        Change {
            entry: Entry { id, version: "v1".to_owned() },
            action: if fields.is_empty() { Action::Unchanged } else { Action::Configured },
            fields: fields.iter().map(field).collect(),
            health: Health { state: State::Current, message: String::new() },
            standing: None,
        }
    }

    fn changes(fields: &[&str]) -> Vec<Change> {
        let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "apps"}});
        let ids = [ObjectId::of(&web).unwrap(), ObjectId::of(&canary("web", false)).unwrap()];
        let [web, own] = ids;
        vec![change(web, fields), change(own, &[])]
    }

    #[test]
    fn what_is_waited_for_is_a_new_template_until_a_turn_ends_well() {
        let (canaries, key) = (Canaries::default(), ObjectKey::new("apps", "apps"));
        let aims = aims(&[canary("web", false), json!({"kind": "ConfigMap"})]);
        let at = |second| Timestamp::from_second(second).unwrap();
        let note = |fields: &[&str], second| {
            let mut changes = changes(fields);
            let written = canaries.note(&key, &aims, &mut changes, at(second));
            let waits = changes.iter().filter(|change| change.health.state == State::InProgress).count();
            assert_eq!(waits, written.len());
            written.values().next().copied()
        };
        assert_eq!(note(&["metadata.labels.team"], 1), None);
        assert_eq!(note(&["spec.replicas", "spec.template.spec.containers[app].image"], 2), Some(at(2)));
        // The turn was ended for a newer one, which finds nothing to write.
        assert_eq!(note(&[], 3), Some(at(2)));
        canaries.forget(&key);
        assert_eq!(note(&[], 4), None);
    }

    #[test]
    fn a_suspended_canary_is_not_waited_for() {
        assert!(aims(&[canary("web", true)]).is_empty());
    }
}
