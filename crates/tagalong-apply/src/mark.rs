//! What an object says about its own handling: labels or annotations `kustomize.toolkit.fluxcd.io/<key>`, compared
//! without regard to case. Read from the wanted object, the one in the cluster, or either, as Flux reads each.

use serde_json::Value;

use crate::object::marked;

fn says(object: &Value, key: &str, value: &str) -> bool {
    marked(object, &format!("{}/{key}", crate::owner::GROUP), value)
}

fn either(wanted: &Value, live: Option<&Value>, key: &str, value: &str) -> bool {
    says(wanted, key, value) || live.is_some_and(|live| says(live, key, value))
}

/// Left alone: `reconcile: disabled` or `ssa: Ignore` on either, or `ssa: IfNotPresent` on one that is there.
pub fn skipped(wanted: &Value, live: Option<&Value>) -> bool {
    either(wanted, live, "reconcile", "disabled")
        || either(wanted, live, "ssa", "Ignore")
        || (live.is_some() && says(wanted, "ssa", "IfNotPresent"))
}

/// Fields that kubectl wrote stay kubectl's: `ssa: Merge` on either.
pub(crate) fn merged(wanted: &Value, live: &Value) -> bool {
    either(wanted, Some(live), "ssa", "Merge")
}

/// Deleted and made anew where a field cannot change: `force: enabled` on either.
pub(crate) fn forced(wanted: &Value, live: &Value) -> bool {
    either(wanted, Some(live), "force", "enabled")
}

/// Stays encrypted: `decrypt: disabled`.
pub(crate) fn sealed(object: &Value) -> bool {
    says(object, "decrypt", "disabled")
}

/// Never pruned: `prune: disabled` or `reconcile: disabled` on the one in the cluster.
pub fn kept(live: &Value) -> bool {
    says(live, "prune", "disabled") || says(live, "reconcile", "disabled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn annotated(key: &str, value: &str) -> Value {
        json!({"metadata": {"annotations": {format!("kustomize.toolkit.fluxcd.io/{key}"): value}}})
    }

    #[test]
    fn an_object_says_how_it_is_handled() {
        let plain = json!({"metadata": {}});
        let rows = [
            ("reconcile", "disabled", true, true, true),
            ("reconcile", "Disabled", true, true, true),
            ("reconcile", "enabled", false, false, false),
            ("ssa", "Ignore", true, true, true),
            ("ssa", "IfNotPresent", false, true, false),
            ("ssa", "Merge", false, false, false),
            ("prune", "disabled", false, false, false),
        ];
        for (key, value, new, present, live) in rows {
            let object = annotated(key, value);
            assert_eq!(skipped(&object, None), new, "{key}: {value}, new");
            assert_eq!(skipped(&object, Some(&plain)), present, "{key}: {value}, present");
            assert_eq!(skipped(&plain, Some(&object)), live, "{key}: {value}, on the live one");
        }
        assert!(merged(&plain, &annotated("ssa", "merge")) && merged(&annotated("ssa", "Merge"), &plain));
        assert!(
            forced(&plain, &annotated("force", "enabled")) && !forced(&plain, &annotated("force", "true"))
        );
        assert!(kept(&annotated("prune", "disabled")) && kept(&annotated("reconcile", "disabled")));
        assert!(!kept(&plain) && !kept(&annotated("ssa", "Ignore")));
    }

    #[test]
    fn a_label_says_the_same() {
        let object = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}});
        assert!(kept(&object));
    }
}
