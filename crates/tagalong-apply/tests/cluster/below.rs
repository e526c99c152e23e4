//! What is found below an object that is not healthy: nothing runs here, so ReplicaSets, Pods and events are made as
//! controllers and kubelets would make them.

use serde_json::{Value, json};
use tagalong_apply::{Below, Entry, Look, State};

use crate::place::{Place, deployment, finished};

impl Place {
    /// Makes an object that `owner` owns; as it then stands.
    fn owned(&self, owner: &Value, mut object: Value) -> Value {
        let (kind, name) = (object["kind"].as_str().unwrap().to_owned(), object["metadata"]["name"].clone());
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": owner["apiVersion"], "kind": owner["kind"],
            "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": true}]);
        self.kubectl(&["create", "-f", "-"], &object.to_string());
        self.get(&kind, name.as_str().unwrap())
    }

    fn pod(&self, owner: &Value, name: &str, status: &Value) -> Value {
        let spec = json!({"containers": [{"name": "app", "image": "acme/web:1",
            "env": [{"name": "TOKEN", "value": "hunter2-env"}]}]});
        let meta = json!({"name": name, "labels": {"app": "web"}});
        let pod =
            self.owned(owner, json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}));
        self.status("pod", name, status);
        pod
    }

    fn replica_set(&self, owner: &Value, name: &str, status: &Value) -> Value {
        let mut set = deployment(&self.namespace, "web", "acme/web:1");
        set["kind"] = json!("ReplicaSet");
        set["metadata"] = json!({"name": name, "labels": {"app": "web"}});
        let set = self.owned(owner, set);
        self.status("replicaset", name, status);
        set
    }

    fn status(&self, kind: &str, name: &str, status: &Value) {
        let patch = json!({"status": status}).to_string();
        self.kubectl(&["patch", kind, name, "--subresource=status", "--type=merge", "-p", &patch], "");
    }

    /// A Warning about an object, seen at this minute.
    fn warn(&self, object: &Value, reason: &str, minute: u8) {
        let seen = format!("2026-01-01T00:{minute:02}:00Z");
        let event = json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": reason, "count": 3,
            "metadata": {"name": format!("{reason}-{minute}").to_lowercase()}, "message": "so it is",
            "firstTimestamp": seen, "lastTimestamp": seen, "source": {"component": "kubelet"},
            "involvedObject": {"apiVersion": object["apiVersion"], "kind": object["kind"], "namespace": self.namespace,
                "name": object["metadata"]["name"], "uid": object["metadata"]["uid"]}});
        self.kubectl(&["create", "-f", "-"], &event.to_string());
    }

    /// Pods are made with this ServiceAccount, whose own controller does not run here.
    fn pods(&self) {
        self.kubectl(&["create", "serviceaccount", "default"], "");
    }

    async fn look(&self, object: &Value) -> Look {
        let mut looks = self.cluster.look_at(&[Entry::of(object).unwrap()]).await;
        looks.remove(0).unwrap()
    }
}

fn lines(below: &Below) -> Vec<String> {
    let owned = below
        .owned
        .iter()
        .flat_map(|owned| owned.says.iter().map(|says| format!("{}: {says}", owned.object)));
    below.warning.iter().cloned().chain(owned).collect()
}

fn waiting(reason: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [{"name": "app", "image": "acme/web:1", "imageID": "", "ready": false,
        "restartCount": 4, "state": {"waiting": {"reason": reason, "message": "back-off"}},
        "lastState": {"terminated": {"exitCode": 3, "reason": "Error", "message": "hunter2-log"}}}]})
}

#[tokio::test]
async fn a_deployment_tells_what_its_pods_say() {
    let Some(place) = Place::new("below").await else { return };
    place.pods();
    let namespace = &place.namespace;
    place.applied(&[place.deployment("web", "acme/web:2")]).await;
    let web = place.get("deployment", "web");
    place.status("deployment", "web", &json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}));
    let old = place.replica_set(&web, "web-old", &json!({"replicas": 1, "readyReplicas": 1}));
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    place.pod(&old, "web-old-a", &ready);
    let new = place.replica_set(&web, "web-new", &json!({"replicas": 1}));
    let first = place.pod(&new, "web-new-a", &waiting("CrashLoopBackOff"));
    place.pod(&new, "web-new-b", &waiting("CrashLoopBackOff"));
    place.pod(&new, "web-new-c", &json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]}));
    // Somebody else's, of the same labels.
    let other = place.replica_set(
        &json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "other", "uid": "00000000-0000-0000-0000-000000000001"}}),
        "other",
        &json!({}),
    );
    place.pod(&other, "other-a", &waiting("ErrImagePull"));
    place.warn(&first, "BackOff", 2);
    place.warn(&first, "Failed", 1);
    place.warn(&web, "Odd", 1);

    place.counter.take();
    let look = place.look(&web).await;
    assert_eq!(look.health.state, State::InProgress);
    let pod = format!("Pod/{namespace}/web-new");
    assert_eq!(
        lines(&look.below),
        [
            "Warning Odd: so it is (3 times, last 2026-01-01T00:01:00Z)".to_owned(),
            format!("ReplicaSet/{namespace}/web-new: 0 of 1 ready"),
            format!(
                "{pod}-a: container app waits: CrashLoopBackOff: back-off; it last ended with exit code 3 (Error), restarts: 4"
            ),
            format!("{pod}-a: Warning BackOff: so it is (3 times, last 2026-01-01T00:02:00Z)"),
            format!("{pod}-c: PodScheduled=False Unschedulable: 0/3 nodes are available"),
            "Pod: 1 more are not ready".to_owned(),
        ]
    );
    assert!(!format!("{look:?}").contains("hunter2"), "{look:?}");
    // Which kinds there are, the object, and then: its events, ReplicaSets, Pods, the events of two Pods.
    let asked = place.counter.take();
    let lists = asked
        .iter()
        .filter(|line| ["/events", "/replicasets", "/pods"].iter().any(|end| line.ends_with(end)));
    assert_eq!(lists.count(), 5, "{asked:?}");
    // Whoever is healthy is asked no more.
    place.status("deployment", "web", &serde_json::from_str::<Value>(&finished(1)).unwrap()["status"]);
    assert_eq!(place.look(&web).await.below, Below::default());
    assert_eq!(place.counter.take().len(), 1);
}

#[tokio::test]
async fn a_set_without_pods_tells_why_none_could_be_made() {
    let Some(place) = Place::new("below-none").await else { return };
    place.pods();
    let namespace = &place.namespace;
    place.applied(&[place.deployment("web", "acme/web:2")]).await;
    let web = place.get("deployment", "web");
    let set = place.replica_set(&web, "web-new", &json!({"replicas": 0, "conditions": [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]}));
    place.warn(&set, "FailedCreate", 1);
    assert_eq!(
        lines(&place.look(&web).await.below),
        [
            format!("ReplicaSet/{namespace}/web-new: 0 of 1 ready"),
            format!("ReplicaSet/{namespace}/web-new: ReplicaFailure=True FailedCreate: exceeded quota"),
            format!(
                "ReplicaSet/{namespace}/web-new: Warning FailedCreate: so it is (3 times, last 2026-01-01T00:01:00Z)"
            ),
        ]
    );

    let mut db = place.deployment("db", "acme/db:1");
    db["kind"] = json!("StatefulSet");
    db["spec"]["serviceName"] = json!("db");
    db["spec"]["selector"]["matchLabels"] = json!({"app": "web"});
    db["spec"]["template"]["metadata"]["labels"] = json!({"app": "web"});
    place.applied(std::slice::from_ref(&db)).await;
    let db = place.get("statefulset", "db");
    place.pod(&db, "db-0", &waiting("ImagePullBackOff"));
    place.warn(&db, "Full", 5);
    assert_eq!(
        lines(&place.look(&db).await.below),
        [
            "Warning Full: so it is (3 times, last 2026-01-01T00:05:00Z)".to_owned(),
            format!(
                "Pod/{namespace}/db-0: container app waits: ImagePullBackOff: back-off; it last ended with exit code 3 \
                 (Error), restarts: 4"
            ),
        ]
    );
}

#[tokio::test]
async fn what_may_not_be_listed_is_said() {
    let Some(mut place) = Place::new("below-rights").await else { return };
    place.applied(&[place.deployment("web", "acme/web:2")]).await;
    let web = place.get("deployment", "web");
    place.kubectl(&["create", "serviceaccount", "reader"], "");
    place.kubectl(&["create", "role", "reader", "--verb=get", "--resource=deployments.apps"], "");
    let account = format!("--serviceaccount={}:reader", place.namespace);
    place.kubectl(&["create", "rolebinding", "reader", "--role=reader", &account], "");
    place.cluster = place.as_account("reader");
    let entry = [Entry::of(&web).unwrap()];
    // The authorizer learns of a grant a moment after it was stored.
    let look = loop {
        if let Ok(look) = place.cluster.look_at(&entry).await.remove(0) {
            break look;
        }
    };
    let said = lines(&look.below);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("its events cannot be listed: events is forbidden: "), "{said:?}");
    assert!(said[1].starts_with("ReplicaSet: cannot be listed: replicasets.apps is forbidden: "), "{said:?}");
}
