//! The finalizer that Flux's controllers set, by the same name, so that an object passes from them to us and back.
//! Pure; used by the desk before each turn.

use kube::ResourceExt;
use serde_json::{Value, json};
use tagalong_api::FINALIZER;

/// What an object needs before its turn.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing: turn it.
    Turn,
    /// This patch sets the finalizer; then turn it.
    Set(Value),
    /// It is being deleted and this patch lets it go.
    Remove(Value),
    /// It is being deleted and does not wait for us.
    Leave,
}

/// Looks at an object as it is now.
pub(crate) fn step(object: &impl ResourceExt) -> Step {
    let finalizers = object.finalizers();
    let ours = finalizers.iter().any(|name| name == FINALIZER);
    let patch = |finalizers: Vec<&str>| json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    let others = finalizers.iter().map(String::as_str).filter(|name| *name != FINALIZER);
    match (object.meta().deletion_timestamp.is_some(), ours) {
        (false, true) => Step::Turn,
        (false, false) => Step::Set(patch(others.chain([FINALIZER]).collect())),
        (true, true) => Step::Remove(patch(others.collect())),
        (true, false) => Step::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_api::ImageRepository;

    fn object(metadata: &Value) -> ImageRepository {
        serde_json::from_value(json!({"metadata": metadata, "spec": {"image": "a/b", "interval": "1m"}}))
            .unwrap()
    }

    #[test]
    fn a_new_object_gets_it_beside_those_of_others() {
        let other = object(&json!({"name": "a", "resourceVersion": "3", "finalizers": ["x.io/y"]}));
        let patch = json!({"metadata": {"resourceVersion": "3", "finalizers": ["x.io/y", FINALIZER]}});
        assert_eq!(step(&other), Step::Set(patch));
        assert_eq!(step(&object(&json!({"name": "a", "finalizers": [FINALIZER]}))), Step::Turn);
    }

    #[test]
    fn a_deleted_object_loses_ours_alone() {
        let gone = "2026-01-01T00:00:00Z";
        let ours =
            object(&json!({"name": "a", "deletionTimestamp": gone, "finalizers": [FINALIZER, "x.io/y"]}));
        let patch = json!({"metadata": {"resourceVersion": null, "finalizers": ["x.io/y"]}});
        assert_eq!(step(&ours), Step::Remove(patch));
        let theirs = object(&json!({"name": "a", "deletionTimestamp": gone, "finalizers": ["x.io/y"]}));
        assert_eq!(step(&theirs), Step::Leave);
    }
}
