//! Whether an object may refer to one in another namespace: Flux's `accessFrom` rule and its messages.

use crate::{Reason, validate::Invalid};
use std::collections::BTreeMap;
use tagalong_model::ObjectKey;

/// Decides whether an ImagePolicy in `namespace`, whose Namespace carries `labels`, may refer to the ImageRepository
/// `target` with this `access_from` (the `matchLabels` of each selector; see
/// [`crate::validate::ValidRepository::access_from`]).
///
/// The same namespace is always allowed. Otherwise the namespace must carry all labels of one selector; an empty selector
/// matches every namespace. A namespace that is not known has no labels.
///
/// # Errors
/// [`Invalid`] with [`Reason::AccessDenied`] and Flux's message. It does not stall: labels may change.
pub fn check(
    namespace: &str,
    labels: &BTreeMap<String, String>,
    target: &ObjectKey,
    access_from: Option<&[BTreeMap<String, String>]>,
) -> Result<(), Invalid> {
    if namespace == target.namespace {
        return Ok(());
    }
    let Some(selectors) = access_from else {
        return Err(denied(&format!(
            "'{target}' can't be accessed due to missing ACL labels on 'accessFrom'"
        )));
    };
    let carries_all =
        |selector: &BTreeMap<_, _>| selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    if selectors.iter().any(carries_all) {
        return Ok(());
    }
    Err(denied(&format!(
        "'{target}' can't be accessed due to ACL labels mismatch on namespace '{namespace}'"
    )))
}

fn denied(why: &str) -> Invalid {
    Invalid {
        reason: Reason::AccessDenied,
        message: format!("failed to get the referred ImageRepository: access denied: {why}"),
        stalled: false,
        field: ".spec.imageRepositoryRef".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_own_namespace_and_matching_labels_are_let_in() {
        let target = ObjectKey::new("registry", "app");
        let selectors = [map(&[("team", "a"), ("stage", "prod")]), map(&[("trusted", "yes")])];
        let check = |namespace: &str, labels: &[(&str, &str)], access: Option<&[_]>| {
            super::check(namespace, &map(labels), &target, access).map_err(|invalid| invalid.message)
        };
        let prefix = "failed to get the referred ImageRepository: access denied: 'registry/app' can't be accessed due to";
        let missing = Err(format!("{prefix} missing ACL labels on 'accessFrom'"));
        let mismatch = Err(format!("{prefix} ACL labels mismatch on namespace 'apps'"));
        assert_eq!(check("registry", &[], None), Ok(()));
        assert_eq!(check("apps", &[("team", "a")], None), missing);
        assert_eq!(check("apps", &[], Some(&[])), mismatch);
        assert_eq!(check("apps", &[("team", "a")], Some(&selectors)), mismatch);
        assert_eq!(check("apps", &[("team", "a"), ("stage", "prod"), ("x", "y")], Some(&selectors)), Ok(()));
        assert_eq!(check("apps", &[("trusted", "yes")], Some(&selectors)), Ok(()));
        assert_eq!(check("apps", &[("trusted", "no")], Some(&selectors)), mismatch);
        assert_eq!(check("apps", &[], Some(&[map(&[])])), Ok(()));
    }
}
