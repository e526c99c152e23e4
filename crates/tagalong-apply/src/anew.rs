//! Whether an object that the API server refuses may be deleted and made anew: only where what stands there is in the
//! way. Pure; called by stage.

use kube::core::Status;
use serde_json::Value;

use crate::apply::Options;
use crate::id::ObjectId;
use crate::{mark, order};

/// What API servers say of a field that cannot change.
const IMMUTABLE: [&str; 6] =
    ["immutable", "may not be changed", "may not change", "cannot change", "updates to", "cannot be changed"];

/// Whether it was asked for: by the set's `force`, or by the object's own mark. With a definition or a Namespace go all
/// the objects in it, so that they are made anew by their own mark alone.
pub(crate) fn allowed(id: &ObjectId, wanted: &Value, live: &Value, options: &Options) -> bool {
    let holds_others = order::is_crd(id) || id.is("", "Namespace");
    (options.force && !holds_others) || mark::forced(wanted, live)
}

/// The name under which the object's creation is tried.
pub(crate) fn other_name(name: &str) -> String {
    format!("{name}-x")
}

/// Whether a refusal could be for a field that cannot change; a try of the object's creation tells.
pub(crate) fn may_be_immutable(refused: &Status) -> bool {
    refused.code == 422
        || refused.message.contains("is immutable")
        || refused.message.contains("immutable field")
}

/// Whether what stands there is in the way, where the object could not be created beside it either: the first refusal
/// says that a field cannot change, and the second is for something else, such as a port that is taken. Whatever says
/// nothing of the object's fields (a webhook that fails, a server in need, a missing right) proves nothing.
pub(crate) fn is_immutable(refused: &Status, again: &Status, name: &str) -> bool {
    let (first, second) = (causes(refused, name), causes(again, name));
    let says = |(_, message): &(String, String)| IMMUTABLE.iter().any(|words| message.contains(words));
    matches!(again.code, 409 | 422)
        && !second.is_empty()
        && first.iter().any(says)
        && !second.iter().any(|cause| first.contains(cause))
}

/// The fields that a refusal names, and why; the other name reads as the object's own.
fn causes(status: &Status, name: &str) -> Vec<(String, String)> {
    let details = status.details.iter().flat_map(|details| &details.causes);
    let own = |text: &str| text.replace(&other_name(name), name);
    details.map(|cause| (cause.field.clone(), own(&cause.message))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(code: u16, causes: &[(&str, &str)]) -> Status {
        let causes: Vec<_> = causes
            .iter()
            .map(|(field, message)| json!({"field": field, "message": message, "reason": "x"}))
            .collect();
        serde_json::from_value(json!({"code": code, "message": "invalid", "details": {"causes": causes}}))
            .unwrap()
    }

    #[test]
    fn only_what_stands_there_is_made_anew() {
        let wrong = status(422, &[("spec.replicas", "must be at least 0")]);
        let unchangeable = status(422, &[("spec.selector", "field is immutable")]);
        let denied = status(422, &[("", "policy 'p' denied apps/web: no")]);
        let both = status(422, &[("spec.selector", "field is immutable"), ("spec.x", "no")]);
        let rows = [
            (&unchangeable, status(422, &[("spec.ports[0].nodePort", "already allocated")]), true),
            (&wrong, status(422, &[("spec.x", "no"), ("spec.replicas", "must be at least 0")]), false),
            (&both, status(422, &[("spec.x", "no")]), false),
            // A policy that names the object says other words of the other name.
            (&denied, status(422, &[("", "policy 'p' denied apps/web-x: no")]), false),
            (&denied, status(422, &[("", "another policy")]), false),
            // Nothing is known of the object.
            (&unchangeable, status(422, &[]), false),
            (&unchangeable, status(500, &[]), false),
            (&unchangeable, status(429, &[("spec.y", "too many")]), false),
            (&unchangeable, status(503, &[]), false),
            (&unchangeable, status(403, &[("spec.y", "forbidden")]), false),
        ];
        for (first, again, expected) in rows {
            assert_eq!(is_immutable(first, &again, "web"), expected, "{first:?} {again:?}");
        }
    }

    #[test]
    fn a_refusal_that_is_not_of_the_object_is_not_looked_into() {
        for (code, expected) in [(422, true), (409, false), (403, false), (429, false), (500, false)] {
            assert_eq!(may_be_immutable(&status(code, &[])), expected, "{code}");
        }
        let said: Status =
            serde_json::from_value(json!({"code": 400, "message": "field is immutable"})).unwrap();
        assert!(may_be_immutable(&said));
    }

    #[test]
    fn what_holds_others_is_made_anew_by_its_own_mark_alone() {
        let force = Options { force: true, patience: std::time::Duration::ZERO, slot: None };
        let plain = json!({"metadata": {}});
        let marked = json!({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/force": "enabled"}}});
        let rows = [
            ("apps_web_apps_Deployment", true),
            ("_apps__Namespace", false),
            ("_w.acme.dev_apiextensions.k8s.io_CustomResourceDefinition", false),
        ];
        for (id, by_force) in rows {
            let id = ObjectId::parse(id).unwrap();
            assert_eq!(allowed(&id, &plain, &plain, &force), by_force, "{id}");
            assert!(allowed(&id, &marked, &plain, &force), "{id}");
        }
    }
}
