//! What identifies an object: group, version, kind, name and namespace, as kustomize compares them.

/// Kinds of Kubernetes 1.21.2 that live outside namespaces, as `apiVersion/kind`.
const CLUSTER_SCOPED: &[&str] = &[
    "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1beta1/MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1beta1/ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
    "apiextensions.k8s.io/v1beta1/CustomResourceDefinition",
    "apiregistration.k8s.io/v1/APIService",
    "apiregistration.k8s.io/v1beta1/APIService",
    "certificates.k8s.io/v1/CertificateSigningRequest",
    "certificates.k8s.io/v1beta1/CertificateSigningRequest",
    "flowcontrol.apiserver.k8s.io/v1beta1/FlowSchema",
    "flowcontrol.apiserver.k8s.io/v1beta1/PriorityLevelConfiguration",
    "networking.k8s.io/v1/IngressClass",
    "networking.k8s.io/v1beta1/IngressClass",
    "node.k8s.io/v1/RuntimeClass",
    "node.k8s.io/v1beta1/RuntimeClass",
    "policy/v1beta1/PodSecurityPolicy",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1beta1/ClusterRole",
    "rbac.authorization.k8s.io/v1beta1/ClusterRoleBinding",
    "scheduling.k8s.io/v1/PriorityClass",
    "scheduling.k8s.io/v1beta1/PriorityClass",
    "storage.k8s.io/v1/CSIDriver",
    "storage.k8s.io/v1/CSINode",
    "storage.k8s.io/v1/StorageClass",
    "storage.k8s.io/v1/VolumeAttachment",
    "storage.k8s.io/v1beta1/CSIDriver",
    "storage.k8s.io/v1beta1/CSINode",
    "storage.k8s.io/v1beta1/StorageClass",
    "v1/ComponentStatus",
    "v1/Namespace",
    "v1/Node",
    "v1/NodeProxyOptions",
    "v1/PersistentVolume",
];

/// The namespace that stands for none in the ids that an object had before.
pub(crate) const NO_NAMESPACE: &str = "_non_namespaceable_";

/// Group, version and kind of an object, or of a selector in which an empty part matches all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gvk<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> Gvk<'a> {
    pub(crate) fn new(api_version: &'a str, kind: &'a str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group, version, kind }
    }

    pub(crate) fn is_selected(&self, selector: &Gvk<'_>) -> bool {
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        fits(selector.group, self.group)
            && fits(selector.version, self.version)
            && fits(selector.kind, self.kind)
    }

    fn is_cluster_scoped(&self) -> bool {
        // The kind first: this is asked for every pair of objects, and nearly always the answer is no.
        let of_kind = |known: &&&str| known.strip_suffix(self.kind).is_some_and(|rest| rest.ends_with('/'));
        CLUSTER_SCOPED.iter().filter(of_kind).any(|known| {
            let Some((api_version, kind)) = known.rsplit_once('/') else { return false };
            kind == self.kind && Gvk::new(api_version, kind) == *self
        })
    }
}

/// Equal for ids that are equal.
pub(crate) type Key<'a> = (Gvk<'a>, &'a str, &'a str);

/// Identifies an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id<'a> {
    pub(crate) gvk: Gvk<'a>,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    /// An id that the object had before never counts as cluster-scoped; its namespace says so instead.
    pub(crate) previous: bool,
}

impl<'a> Id<'a> {
    pub(crate) fn is_cluster_scoped(&self) -> bool {
        !self.previous && self.gvk.is_cluster_scoped()
    }

    pub(crate) fn effective_namespace(&self) -> &'a str {
        if self.is_cluster_scoped() {
            NO_NAMESPACE
        } else if self.namespace.is_empty() {
            "default"
        } else {
            self.namespace
        }
    }

    pub(crate) fn same_namespace(&self, other: &Id<'_>) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// What [`Self::equals`] compares, to be looked up by.
    pub(crate) fn key(&self) -> Key<'a> {
        (self.gvk, self.name, self.effective_namespace())
    }

    pub(crate) fn equals(&self, other: &Id<'_>) -> bool {
        self.name == other.name && self.gvk == other.gvk && self.same_namespace(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_have_their_scope() {
        for (api_version, kind, expected) in [
            ("v1", "Namespace", true),
            ("v1", "ConfigMap", false),
            ("storage.k8s.io/v1", "StorageClass", true),
            ("example.com/v1", "Namespace", false),
            ("networking.k8s.io/v1", "IngressClass", true),
        ] {
            assert_eq!(Gvk::new(api_version, kind).is_cluster_scoped(), expected, "{api_version} {kind}");
        }
    }
}
