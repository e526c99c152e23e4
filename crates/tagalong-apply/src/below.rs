//! What an object that is not healthy owns, where that tells why: ReplicaSets and Pods, and the newest warning. Called for
//! somebody who asks why; a few requests, however many Pods there are.
//!
//! ```text
//! Deployment ─▶ ReplicaSet ─▶ Pod      StatefulSet, DaemonSet, Job, ReplicaSet ─▶ Pod
//!      └──────────────┴─────────┴─▶ the newest Warning of each that is shown
//! ```

use std::collections::HashSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::ListParams;
use kube::core::{Request, Selector};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::error;
use crate::object::{split_version, text};
use crate::pod;

/// How many owned objects are looked through, of each kind.
const LISTED: u32 = 200;
/// How many Pods are shown.
const SHOWN: usize = 3;
/// How many events are looked through for the newest.
const EVENTS: u32 = 200;

/// An object that another one owns, and why it is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// `Kind/namespace/name`; the kind alone of what may not be listed, or of those that are not shown one by one.
    pub object: String,
    /// What it says, one line each.
    pub says: Vec<String>,
}

/// What was found below an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Below {
    /// The newest Warning event of the object itself, or that events may not be listed.
    pub warning: Option<String>,
    /// Those below it that are not ready.
    pub owned: Vec<Owned>,
}

/// What owned objects are told from others by.
struct Owners {
    selector: String,
    uids: HashSet<String>,
}

impl Owners {
    fn own(&self, object: &Value) -> bool {
        let references = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        references.into_iter().flatten().any(|owner| self.uids.contains(text(owner, "/uid")))
    }
}

impl Cluster {
    /// Looks below an object as it stands.
    pub(crate) async fn below(&self, object: &Value) -> Below {
        let mut below = Below { warning: self.warning(object).await, owned: Vec::new() };
        let (group, kind) = (split_version(text(object, "/apiVersion")).0, text(object, "/kind"));
        let Some(mut owners) = owners(object) else { return below };
        match (group, kind) {
            ("apps", "Deployment") => {
                match self.owned(&owners, "/apis/apps/v1", "replicasets", object).await {
                    Ok(sets) => {
                        owners.uids = sets.iter().map(|set| text(set, "/metadata/uid").to_owned()).collect();
                        self.replica_sets(sets, &mut below).await;
                    }
                    Err(refused) => return below.refused("ReplicaSet", &refused),
                }
            }
            ("apps", "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {}
            _ => return below,
        }
        match self.owned(&owners, "/api/v1", "pods", object).await {
            Ok(pods) => self.pods(&pods, &mut below).await,
            Err(refused) => return below.refused("Pod", &refused),
        }
        below
    }

    /// The ReplicaSets that lack something.
    async fn replica_sets(&self, sets: Vec<Value>, below: &mut Below) {
        for set in &sets {
            let mut says = pod::replica_set(set);
            if says.is_empty() {
                continue;
            }
            if pod::is_short(set) {
                says.extend(self.warning(set).await);
            }
            below.owned.push(Owned { object: name("ReplicaSet", set), says });
        }
    }

    /// The Pods that are not ready: of those that say the same, one.
    async fn pods(&self, pods: &[Value], below: &mut Below) {
        let unwell: Vec<_> =
            pods.iter().map(|pod| (pod, pod::pod(pod))).filter(|(_, says)| !says.is_empty()).collect();
        let mut said: HashSet<&[String]> = HashSet::new();
        let different: Vec<_> = unwell.iter().filter(|(_, says)| said.insert(says)).take(SHOWN).collect();
        for (pod, says) in &different {
            let mut says = says.clone();
            says.extend(self.warning(pod).await);
            below.owned.push(Owned { object: name("Pod", pod), says });
        }
        let others = unwell.len() - different.len();
        if others > 0 {
            let says = vec![format!("{others} more are not ready")];
            below.owned.push(Owned { object: "Pod".to_owned(), says });
        }
    }

    /// Those of a kind that the owners own.
    async fn owned(
        &self,
        owners: &Owners,
        api: &str,
        plural: &str,
        owner: &Value,
    ) -> Result<Vec<Value>, String> {
        let path = format!("{api}/namespaces/{}/{plural}", text(owner, "/metadata/namespace"));
        let params = ListParams::default().labels(&owners.selector).limit(LISTED);
        let mut found = self.list(path, &params).await?;
        found.retain(|object| owners.own(object));
        Ok(found)
    }

    /// The newest Warning of an object.
    async fn warning(&self, object: &Value) -> Option<String> {
        let namespace = Some(text(object, "/metadata/namespace")).filter(|name| !name.is_empty());
        // Those of objects without a namespace are there.
        let path = format!("/api/v1/namespaces/{}/events", namespace.unwrap_or("default"));
        let fields = format!("involvedObject.uid={},type=Warning", text(object, "/metadata/uid"));
        match self.list(path, &ListParams::default().fields(&fields).limit(EVENTS)).await {
            Ok(events) => pod::newest(&events),
            Err(refused) => Some(format!("its events cannot be listed: {refused}")),
        }
    }

    async fn list(&self, path: String, params: &ListParams) -> Result<Vec<Value>, String> {
        let request = Request::new(path).list(params);
        let request = request.map_err(|failure| failure.to_string())?;
        let mut answer =
            self.client.request::<Value>(request).await.map_err(|failure| error::said(&failure))?;
        Ok(match answer.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
    }
}

impl Below {
    fn refused(mut self, kind: &str, why: &str) -> Self {
        self.owned.push(Owned { object: kind.to_owned(), says: vec![format!("cannot be listed: {why}")] });
        self
    }
}

/// By what those below an object are known; `None` where it selects nothing.
fn owners(object: &Value) -> Option<Owners> {
    let selector: LabelSelector = serde_json::from_value(object.pointer("/spec/selector")?.clone()).ok()?;
    let selector = Selector::try_from(selector).ok()?.to_string();
    let uid = text(object, "/metadata/uid");
    (!uid.is_empty()).then(|| Owners { selector, uids: HashSet::from([uid.to_owned()]) })
}

fn name(kind: &str, object: &Value) -> String {
    format!("{kind}/{}/{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_owned_is_told_by_labels_and_by_its_owner() {
        let object = json!({"metadata": {"uid": "1"}, "spec": {"selector": {"matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}}});
        let owners = owners(&object).unwrap();
        assert!(
            owners.selector.contains("app=web") && owners.selector.contains("tier in (a,b)"),
            "{}",
            owners.selector
        );
        let owned = |uid: &str| json!({"metadata": {"ownerReferences": [{"uid": "0"}, {"uid": uid}]}});
        assert!(owners.own(&owned("1")) && !owners.own(&owned("2")) && !owners.own(&json!({})));
    }

    #[test]
    fn what_selects_nothing_owns_nothing() {
        // A Service selects by labels alone, and owns none of what it selects.
        for spec in [json!({}), json!({"selector": "web"})] {
            assert!(super::owners(&json!({"metadata": {"uid": "1"}, "spec": spec})).is_none());
        }
        assert!(super::owners(&json!({"spec": {"selector": {}}})).is_none());
    }
}
