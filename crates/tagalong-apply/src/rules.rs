//! What a Kustomization says of its objects beyond themselves: when those of a kind are healthy. Held by a
//! [`Cluster`](crate::Cluster), so that every part of an apply judges alike.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tagalong_cel::{HealthExpressions, Verdict};

use crate::health::{self, Health, State};
use crate::id::ObjectId;
use crate::ignore;
use crate::object::{split_version, text};
use crate::stage::Wanted;
use crate::standing::Standing;

/// How healthy objects of a kind look, whatever their version.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthRule {
    /// The group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// What says so, over the fields of an object.
    pub expressions: HealthExpressions,
}

/// The rules for one set of objects. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Of the kinds whose health is judged by expressions; all others are judged as kstatus does.
    pub health: Arc<[HealthRule]>,
    /// JSON pointers of fields that are left as they stand, by object.
    pub ignore: Arc<HashMap<ObjectId, Vec<String>>>,
    /// Canaries whose target was written, and when: what they say counts once they have moved since.
    pub unseen: Arc<HashMap<ObjectId, Timestamp>>,
}

impl Rules {
    /// The object as it is sent where some of its fields are left as they stand.
    pub(crate) fn leave(&self, wanted: &Wanted, live: Option<&Value>) -> Option<Wanted> {
        let object = ignore::leave(&wanted.object, live?, self.ignore.get(&wanted.entry.id)?)?;
        Some(Wanted { entry: wanted.entry.clone(), object })
    }

    /// How an object stands that was just applied; what is left as it stands is nobody's drift.
    pub(crate) fn standing(&self, id: &ObjectId, object: &Value) -> Standing {
        let left = self.ignore.get(id).map_or(&[][..], Vec::as_slice);
        Standing::leaving(object, left)
    }

    /// The health of an object that is there.
    pub(crate) fn health(&self, object: &Value, now: Timestamp) -> Health {
        let (group, kind) = (split_version(text(object, "/apiVersion")).0, text(object, "/kind"));
        match self.health.iter().find(|rule| rule.group == group && rule.kind == kind) {
            Some(rule) => judged(&rule.expressions, object),
            None => match Health::of(object, now) {
                Health { state: State::Current | State::Failed, .. } if self.is_stale(object) => {
                    Health::in_progress("Flagger has not seen what its target is now")
                }
                health => health,
            },
        }
    }

    /// Whether it says how the release before fared.
    fn is_stale(&self, object: &Value) -> bool {
        if self.unseen.is_empty() {
            return false;
        }
        let since = ObjectId::of(object).and_then(|id| self.unseen.get(&id));
        since.is_some_and(|since| !health::has_moved(object, *since))
    }
}

/// A generation that was not seen yet is on its way, whatever the expressions say of it; so is what they say nothing of.
fn judged(expressions: &HealthExpressions, object: &Value) -> Health {
    if let Some(health) = health::leaving(object).or_else(|| health::unobserved(object)) {
        return health;
    }
    match expressions.judge(object) {
        Ok(Verdict::InProgress) => Health::in_progress(""),
        Ok(Verdict::Failed) => Health::failed("healthCheckExprs: failed holds"),
        Ok(Verdict::Current) => Health::current("healthCheckExprs: current holds"),
        Err((field, error)) => Health::new(State::InProgress, format!("healthCheckExprs: {field}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tagalong_cel::Expression;

    fn rules() -> Rules {
        let parse = |text| Expression::parse(text, None).unwrap();
        let expressions = HealthExpressions {
            in_progress: None,
            failed: Some(parse("status.phase == 'Broken'")),
            current: parse("status.phase == 'Done'"),
        };
        let rule = HealthRule { group: "acme.dev".to_owned(), kind: "Widget".to_owned(), expressions };
        Rules { health: [rule].into(), ..Rules::default() }
    }

    fn check(object: &Value, expected: State, message: &str) {
        let health = rules().health(object, Timestamp::UNIX_EPOCH);
        assert_eq!((health.state, health.message.as_str()), (expected, message), "{object}");
    }

    #[test]
    fn what_a_canary_says_counts_once_it_has_moved_since_its_target_was_written() {
        let canary = |phase: &str, moved: &str| {
            json!({"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web", "namespace": "apps"},
                "status": {"phase": phase, "lastTransitionTime": moved}})
        };
        let id = ObjectId::of(&canary("", "")).unwrap();
        let written = Timestamp::from_second(100).unwrap();
        let rules = Rules { unseen: Arc::new(HashMap::from([(id, written)])), ..Rules::default() };
        let state = |phase: &str, moved: &str| rules.health(&canary(phase, moved), written).state;
        for phase in ["Initialized", "Succeeded", "Failed", "Progressing"] {
            assert_eq!(state(phase, "1970-01-01T00:01:40Z"), State::InProgress, "{phase}");
        }
        assert_eq!(state("Failed", ""), State::InProgress);
        assert_eq!(state("Failed", "1970-01-01T00:01:41Z"), State::Failed);
        assert_eq!(state("Succeeded", "1970-01-01T00:01:41Z"), State::Current);
        let rules = Rules::default();
        assert_eq!(rules.health(&canary("Failed", ""), written).state, State::Failed);
    }

    #[test]
    fn expressions_judge_their_kind_in_every_version_and_no_other() {
        let widget = |version: &str, status: Value| {
            json!({"apiVersion": format!("acme.dev/{version}"), "kind": "Widget", "metadata": {"generation": 2},
                "status": status})
        };
        let done = json!({"phase": "Done"});
        check(&widget("v1", done.clone()), State::Current, "healthCheckExprs: current holds");
        check(&widget("v2", done.clone()), State::Current, "healthCheckExprs: current holds");
        check(&widget("v1", json!({"phase": "Broken"})), State::Failed, "healthCheckExprs: failed holds");
        check(&widget("v1", json!({"phase": "Other"})), State::InProgress, "");
        check(&widget("v1", json!({})), State::InProgress, "healthCheckExprs: failed: there is no 'phase'");
        let behind = json!({"phase": "Done", "observedGeneration": 1});
        check(
            &widget("v1", behind),
            State::InProgress,
            "Widget generation is 2, but latest observed generation is 1",
        );
        let ready =
            json!({"conditions": [{"type": "Ready", "status": "False", "message": "no"}], "phase": "Done"});
        check(&widget("v1", ready.clone()), State::Current, "healthCheckExprs: current holds");
        let other = json!({"apiVersion": "acme.dev/v1", "kind": "Gadget", "status": ready});
        check(&other, State::InProgress, "no");
        let leaving = json!({"apiVersion": "acme.dev/v1", "kind": "Widget", "status": done,
            "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        check(&leaving, State::Terminating, "Resource scheduled for deletion");
    }
}
