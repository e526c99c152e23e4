//! Which object: group, kind, namespace, name. In a message it reads as Flux says it, in an inventory as Flux stores it.

use std::fmt;

use serde_json::Value;

use crate::object;

/// Kinds of this group may have `:` in their names, which an inventory writes as `__`.
const RBAC: &str = "rbac.authorization.k8s.io";
const RBAC_KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

/// One object of a cluster, whatever the version it is read in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Empty for an object of the cluster.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// Empty for the core group.
    pub group: String,
    /// Such as `Deployment`.
    pub kind: String,
}

impl ObjectId {
    /// The id of an object; `None` without kind, version or name.
    pub fn of(object: &Value) -> Option<Self> {
        let text = |pointer| object::text(object, pointer);
        let (kind, name, version) = (text("/kind"), text("/metadata/name"), text("/apiVersion"));
        if kind.is_empty() || name.is_empty() || version.is_empty() {
            return None;
        }
        Some(Self {
            namespace: text("/metadata/namespace").to_owned(),
            name: name.to_owned(),
            group: object::split_version(version).0.to_owned(),
            kind: kind.to_owned(),
        })
    }

    /// Reads `<namespace>_<name>_<group>_<kind>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, rest) = text.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        let name = name.replace("__", ":");
        if name.is_empty() || name.contains('_') || kind.is_empty() {
            return None;
        }
        Some(Self { namespace: namespace.to_owned(), name, group: group.to_owned(), kind: kind.to_owned() })
    }

    /// Writes what [`Self::parse`] reads.
    pub fn encode(&self) -> String {
        let Self { namespace, name, group, kind } = self;
        let rbac = group == RBAC && RBAC_KINDS.contains(&kind.as_str());
        let name = if rbac { name.replace(':', "__") } else { name.clone() };
        format!("{namespace}_{name}_{group}_{kind}")
    }

    /// Whether it is of that group and kind.
    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name, kind, .. } = self;
        if namespace.is_empty() { write!(f, "{kind}/{name}") } else { write!(f, "{kind}/{namespace}/{name}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(object: &Value, encoded: &str, shown: &str) {
        let id = ObjectId::of(object).unwrap();
        assert_eq!(id.encode(), encoded);
        assert_eq!(id.to_string(), shown);
        assert_eq!(ObjectId::parse(encoded), Some(id));
    }

    #[test]
    fn an_id_is_written_as_flux_stores_it() {
        let meta = json!({"name": "podinfo", "namespace": "apps"});
        check(
            &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta}),
            "apps_podinfo_apps_Deployment",
            "Deployment/apps/podinfo",
        );
        check(
            &json!({"apiVersion": "v1", "kind": "Service", "metadata": meta}),
            "apps_podinfo__Service",
            "Service/apps/podinfo",
        );
        check(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}}),
            "_apps__Namespace",
            "Namespace/apps",
        );
        check(
            &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": "system:a:b"}}),
            "_system__a__b_rbac.authorization.k8s.io_ClusterRole",
            "ClusterRole/system:a:b",
        );
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in ["", "a", "a_b", "a_b_c", "ns__apps_Deployment", "ns_a_b_apps_Deployment", "ns_a_apps_"] {
            assert_eq!(ObjectId::parse(text), None, "{text}");
        }
        assert_eq!(ObjectId::of(&json!({"kind": "Pod", "metadata": {"name": "a"}})), None);
        assert_eq!(ObjectId::of(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}})), None);
        assert_eq!(ObjectId::of(&json!("text")), None);
    }
}
