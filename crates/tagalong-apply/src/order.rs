//! In which order objects go into a cluster: three stages, of which the first two have to be ready before the next
//! begins, and within a stage by kind. Prune goes the other way round.

use crate::id::ObjectId;

/// What has to be there before the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// CustomResourceDefinitions, Namespaces, ClusterRoles.
    Definitions,
    /// Kinds whose name ends in `Class`.
    Classes,
    /// All the others.
    Rest,
}

/// Kinds in the order in which a stage is written; those not named come after, webhooks last.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

pub(crate) fn stage(id: &ObjectId) -> Stage {
    if is_crd(id) || id.is("", "Namespace") || id.is("rbac.authorization.k8s.io", "ClusterRole") {
        Stage::Definitions
    } else if id.kind.ends_with("Class") {
        Stage::Classes
    } else {
        Stage::Rest
    }
}

pub(crate) fn is_crd(id: &ObjectId) -> bool {
    id.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// Objects of one rank are written side by side, a lower rank before a higher one.
pub(crate) fn rank(id: &ObjectId) -> usize {
    let place = |kinds: &[&str]| kinds.iter().position(|kind| *kind == id.kind);
    place(&FIRST).or_else(|| place(&LAST).map(|at| FIRST.len() + 1 + at)).unwrap_or(FIRST.len())
}

/// The order of a list of objects: by stage and rank, then by kind, namespace and name.
pub(crate) fn key(id: &ObjectId) -> (Stage, usize, &str, &str, &str, &str) {
    (stage(id), rank(id), &id.group, &id.kind, &id.namespace, &id.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ObjectId {
        ObjectId::parse(text).unwrap()
    }

    #[test]
    fn a_kind_has_its_place() {
        let sorted = [
            "_widgets.acme.dev_apiextensions.k8s.io_CustomResourceDefinition",
            "_apps__Namespace",
            "_view_rbac.authorization.k8s.io_ClusterRole",
            "_fast_storage.k8s.io_StorageClass",
            "_mine_example.com_WidgetClass",
            "_view_rbac.authorization.k8s.io_ClusterRoleBinding",
            "apps_web__ServiceAccount",
            "apps_a__ConfigMap",
            "apps_b__ConfigMap",
            "apps_web__Secret",
            "apps_web_apps_Deployment",
            "apps_web_acme.dev_Widget",
            "apps_web_networking.k8s.io_Ingress",
            "_hook_admissionregistration.k8s.io_MutatingWebhookConfiguration",
            "_hook_admissionregistration.k8s.io_ValidatingWebhookConfiguration",
        ];
        let mut ids: Vec<_> = sorted.iter().rev().map(|text| id(text)).collect();
        ids.sort_by(|a, b| key(a).cmp(&key(b)));
        assert_eq!(ids.iter().map(ObjectId::encode).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn a_namespace_of_another_group_is_one_of_the_rest() {
        assert_eq!(stage(&id("_a_example.com_Namespace")), Stage::Rest);
        assert_eq!(stage(&id("_a_example.com_ClusterRole")), Stage::Rest);
    }
}
