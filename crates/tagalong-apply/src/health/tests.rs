//! A table for each rule: what an object says, and how it is judged.

use super::*;
use serde_json::json;

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

#[track_caller]
fn check(kind: &str, object: &Value, state: State, message: &str) {
    let (version, kind) = kind.rsplit_once('/').unwrap();
    let mut whole = json!({"apiVersion": version, "kind": kind});
    whole.as_object_mut().unwrap().extend(object.as_object().unwrap().clone());
    assert_eq!(Health::of(&whole, now()), Health::new(state, message), "{whole}");
}

fn conditions(rows: &[(&str, &str, &str)]) -> Value {
    let row = |(kind, status, reason): &(&str, &str, &str)| json!({"type": kind, "status": status, "reason": reason, "message": format!("{reason}!")});
    rows.iter().map(row).collect()
}

fn with_status(spec: &Value, status: &Value) -> Value {
    let mut status = status.clone();
    status["observedGeneration"] = json!(1);
    json!({"metadata": {"generation": 1}, "spec": spec, "status": status})
}

use State::{Current, Failed, InProgress, Terminating};

#[test]
fn what_holds_for_every_kind() {
    let kind = "acme.dev/v1/Widget";
    check(kind, &json!({}), Current, "Resource is current");
    check(
        kind,
        &json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
        Terminating,
        "Resource scheduled for deletion",
    );
    check(
        kind,
        &json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
        InProgress,
        "Widget generation is 2, but latest observed generation is 1",
    );
    let rows = [
        (("Reconciling", "True", "Busy"), InProgress, "Busy!"),
        (("Reconciling", "False", "Busy"), Current, "Resource is current"),
        (("Stalled", "True", "Wrong"), Failed, "Wrong!"),
        (("Ready", "True", "Done"), Current, "Resource is Ready"),
        (("Ready", "False", "Waits"), InProgress, "Waits!"),
        (("Ready", "Unknown", "Waits"), InProgress, "Waits!"),
        (("Other", "False", "X"), Current, "Resource is current"),
    ];
    for (row, state, message) in rows {
        check(kind, &json!({"status": {"conditions": conditions(&[row])}}), state, message);
    }
    let stale = json!({"metadata": {"generation": 2}, "status": {"conditions": [
        {"type": "Ready", "status": "True", "observedGeneration": 1}]}});
    check(kind, &stale, InProgress, "Ready was said of an older generation");
}

#[test]
fn deployment() {
    let kind = "apps/v1/Deployment";
    let spec = json!({"replicas": 2, "progressDeadlineSeconds": 600});
    let good = conditions(&[("Available", "True", "Min"), ("Progressing", "True", "NewReplicaSetAvailable")]);
    let status = |all: i64, updated: i64, available: i64, ready: i64, conditions: &Value| {
        with_status(
            &spec,
            &json!({"replicas": all, "updatedReplicas": updated, "availableReplicas": available,
                "readyReplicas": ready, "conditions": conditions}),
        )
    };
    check(kind, &json!({"spec": spec}), InProgress, "Deployment status.observedGeneration not found");
    check(kind, &status(1, 1, 1, 1, &good), InProgress, "Replicas: 1/2");
    check(kind, &status(2, 1, 2, 2, &good), InProgress, "Updated: 1/2");
    check(kind, &status(3, 2, 3, 3, &good), InProgress, "Pending termination: 1");
    check(kind, &status(2, 2, 1, 2, &good), InProgress, "Available: 1/2");
    check(kind, &status(2, 2, 2, 1, &good), InProgress, "Ready: 1/2");
    check(kind, &status(2, 2, 2, 2, &good), Current, "Deployment is available. Replicas: 2");
    let updated = conditions(&[("Available", "True", "Min"), ("Progressing", "True", "ReplicaSetUpdated")]);
    check(kind, &status(2, 2, 2, 2, &updated), InProgress, "ReplicaSet not Available");
    let away =
        conditions(&[("Available", "False", "Min"), ("Progressing", "True", "NewReplicaSetAvailable")]);
    check(kind, &status(2, 2, 2, 2, &away), InProgress, "Deployment not Available");
    let late = conditions(&[("Progressing", "False", "ProgressDeadlineExceeded")]);
    check(kind, &status(2, 1, 1, 1, &late), Failed, "Progress deadline exceeded");
    let endless = with_status(
        &json!({"replicas": 0}),
        &json!({"conditions": conditions(&[("Available", "True", "Min")])}),
    );
    check(kind, &endless, Current, "Deployment is available. Replicas: 0");
}

#[test]
fn stateful_set() {
    let kind = "apps/v1/StatefulSet";
    let judged = |spec: Value, status: Value, state: State, message: &str| {
        check(kind, &with_status(&spec, &status), state, message);
    };
    let two = json!({"replicas": 2});
    check(kind, &json!({}), InProgress, "StatefulSet status.observedGeneration not found");
    judged(
        json!({"updateStrategy": {"type": "OnDelete"}}),
        json!({}),
        Current,
        "StatefulSet is using the ondelete update strategy",
    );
    judged(two.clone(), json!({"replicas": 1}), InProgress, "Replicas: 1/2");
    judged(two.clone(), json!({"replicas": 2, "readyReplicas": 1}), InProgress, "Ready: 1/2");
    judged(two.clone(), json!({"replicas": 3, "readyReplicas": 2}), InProgress, "Pending termination: 1");
    let full = json!({"replicas": 2, "readyReplicas": 2, "currentReplicas": 1});
    judged(two.clone(), full, InProgress, "current: 1/2");
    let mut done = json!({"replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "currentRevision": "a",
        "updateRevision": "b"});
    judged(two.clone(), done.clone(), InProgress, "Waiting for updated revision to match current");
    done["currentRevision"] = json!("b");
    judged(two, done.clone(), Current, "All replicas scheduled as expected. Replicas: 2");
    let parted = json!({"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}});
    judged(parted.clone(), done.clone(), InProgress, "updated: 0/1");
    done["updatedReplicas"] = json!(1);
    judged(parted, done, Current, "Partition rollout complete. updated: 1");
}

#[test]
fn daemon_set() {
    let kind = "apps/v1/DaemonSet";
    let fields = ["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"];
    let mut status = json!({"desiredNumberScheduled": 2});
    check(kind, &with_status(&json!({}), &json!({})), InProgress, "Missing .status.desiredNumberScheduled");
    for (field, word) in fields.iter().zip(["Current", "Updated", "Available", "Ready"]) {
        status[field] = json!(1);
        check(kind, &with_status(&json!({}), &status), InProgress, &format!("{word}: 1/2"));
        status[field] = json!(2);
    }
    check(
        kind,
        &with_status(&json!({}), &status),
        Current,
        "All replicas scheduled as expected. Replicas: 2",
    );
}

#[test]
fn replica_set_and_controller() {
    for kind in ["apps/v1/ReplicaSet", "v1/ReplicationController"] {
        let fields = ["fullyLabeledReplicas", "availableReplicas", "readyReplicas"];
        let mut status = json!({});
        for (field, word) in fields.iter().zip(["Labelled", "Available", "Ready"]) {
            check(kind, &with_status(&json!({}), &status), InProgress, &format!("{word}: 0/1"));
            status[field] = json!(1);
        }
        status["replicas"] = json!(2);
        check(kind, &with_status(&json!({}), &status), InProgress, "Pending termination: 1");
        status["replicas"] = json!(1);
        let name = kind.rsplit('/').next().unwrap();
        check(kind, &with_status(&json!({}), &status), Current, &format!("{name} is available. Replicas: 1"));
        status["conditions"] = conditions(&[("ReplicaFailure", "True", "X")]);
        check(kind, &with_status(&json!({}), &status), InProgress, "Replica Failure condition. Check Pods");
    }
}

#[test]
fn job() {
    let kind = "batch/v1/Job";
    check(kind, &json!({}), InProgress, "Job not started");
    let running = json!({"status": {"startTime": "2026-01-01T00:00:00Z", "active": 1}});
    check(kind, &running, InProgress, "Job in progress. success:0, active: 1, failed: 0");
    let complete = json!({"spec": {"completions": 2}, "status": {"succeeded": 2,
        "conditions": conditions(&[("Complete", "True", "X")])}});
    check(kind, &complete, Current, "Job Completed. succeeded: 2/2");
    let failed = json!({"spec": {"parallelism": 3}, "status": {"failed": 1,
        "conditions": conditions(&[("Failed", "True", "X")])}});
    check(kind, &failed, Failed, "Job Failed. failed: 1/3");
}

#[test]
fn pod() {
    let kind = "v1/Pod";
    let phase = |phase: &str| json!({"status": {"phase": phase}});
    check(kind, &json!({}), InProgress, "Pod phase not available");
    check(kind, &phase("Succeeded"), Current, "Pod has completed successfully");
    check(kind, &phase("Failed"), Current, "Pod has completed, but not successfully");
    check(kind, &phase("Running"), InProgress, "Pod is running but is not Ready");
    check(kind, &phase("Pending"), InProgress, "Pod is in the Pending phase");
    check(kind, &phase("Unknown"), InProgress, "Pod phase: Unknown");
    let mut running = phase("Running");
    running["status"]["containerStatuses"] = json!([{"name": "ok", "state": {"running": {}}},
        {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
    check(kind, &running, Failed, "Containers in CrashLoop state: a");
    running["status"]["conditions"] = conditions(&[("Ready", "True", "X")]);
    check(kind, &running, Current, "Pod is Ready");
    let mut homeless = phase("Pending");
    homeless["status"]["conditions"] = conditions(&[("PodScheduled", "False", "Unschedulable")]);
    homeless["metadata"] = json!({"creationTimestamp": "2026-01-01T11:59:50Z"});
    check(kind, &homeless, InProgress, "Pod has not been scheduled");
    homeless["metadata"] = json!({"creationTimestamp": "2026-01-01T11:59:40Z"});
    check(kind, &homeless, Failed, "Pod could not be scheduled");
}

#[test]
fn what_is_simple() {
    for kind in ["v1/ConfigMap", "v1/Secret", "batch/v1/CronJob"] {
        check(kind, &json!({}), Current, "Resource is always ready");
    }
    check("v1/Namespace", &json!({"status": {"phase": "Active"}}), Current, "Resource is current");
    check("v1/Service", &json!({"spec": {"type": "ClusterIP"}}), Current, "Service is ready");
    let balanced = json!({"spec": {"type": "LoadBalancer"}});
    check("v1/Service", &balanced, InProgress, "ClusterIP not set. Service type: LoadBalancer");
    let claim = "v1/PersistentVolumeClaim";
    check(claim, &json!({}), InProgress, "PVC is not Bound. phase: unknown");
    check(claim, &json!({"status": {"phase": "Lost"}}), InProgress, "PVC is not Bound. phase: Lost");
    check(claim, &json!({"status": {"phase": "Bound"}}), Current, "PVC is Bound");
    let volume = "v1/PersistentVolume";
    check(volume, &json!({"status": {"phase": "Available"}}), Current, "PersistentVolume phase: Available");
    check(volume, &json!({"status": {"phase": "Failed", "message": "lost"}}), Failed, "lost");
    check(volume, &json!({}), InProgress, "PersistentVolume is not available. phase: ");
    let budget = "policy/v1/PodDisruptionBudget";
    check(budget, &json!({}), InProgress, "PodDisruptionBudget status.observedGeneration not found");
    check(budget, &with_status(&json!({}), &json!({})), Current, "AllowedDisruptions has been computed.");
}

#[test]
fn what_extends_the_api() {
    let said = |rows: &[(&str, &str, &str)]| json!({"status": {"conditions": conditions(rows)}});
    let definition = "apiextensions.k8s.io/v1/CustomResourceDefinition";
    check(definition, &json!({}), InProgress, "Install in progress");
    check(definition, &said(&[("Established", "False", "Installing")]), InProgress, "Install in progress");
    check(definition, &said(&[("Established", "True", "X")]), Current, "CRD is established");
    check(definition, &said(&[("Established", "False", "NotAccepted")]), Failed, "NotAccepted!");
    check(definition, &said(&[("NamesAccepted", "False", "Conflict")]), Failed, "Conflict!");
    let service = "apiregistration.k8s.io/v1/APIService";
    check(service, &json!({}), InProgress, "APIService is not available yet");
    check(service, &said(&[("Available", "False", "NoEndpoints")]), InProgress, "NoEndpoints!");
    check(service, &said(&[("Available", "True", "Passed")]), Current, "APIService is available");
}

#[test]
fn flagger_canary() {
    let kind = "flagger.app/v1beta1/Canary";
    let phase = |phase: &str| json!({"status": {"phase": phase}});
    check(kind, &json!({}), InProgress, "Canary has no phase yet");
    check(kind, &phase("Progressing"), InProgress, "Canary phase: Progressing");
    check(kind, &phase("Initialized"), Current, "Canary phase: Initialized");
    check(kind, &phase("Succeeded"), Current, "Canary phase: Succeeded");
    check(kind, &phase("Failed"), Failed, "Canary phase: Failed");
    let told =
        json!({"status": {"phase": "Failed", "conditions": conditions(&[("Promoted", "False", "Failed")])}});
    check(kind, &told, Failed, "Failed!");
}

#[test]
fn argo_rollout() {
    let kind = "argoproj.io/v1alpha1/Rollout";
    let said = |phase: &str, observed: &str| {
        json!({"metadata": {"generation": 2},
            "status": {"phase": phase, "message": "why", "observedGeneration": observed}})
    };
    check(kind, &said("Healthy", "2"), Current, "Rollout is healthy");
    check(
        kind,
        &said("Healthy", "1"),
        InProgress,
        "Rollout generation is 2, but latest observed generation is 1",
    );
    check(kind, &said("Degraded", "2"), Failed, "why");
    check(kind, &said("Paused", "2"), InProgress, "why");
    check(kind, &json!({"status": {"phase": "Progressing"}}), InProgress, "Rollout phase: Progressing");
    check(kind, &json!({}), InProgress, "Rollout has no phase yet");
}

#[test]
fn cert_manager() {
    let said = |rows: &[(&str, &str, &str)]| json!({"status": {"conditions": conditions(rows)}});
    for kind in ["Certificate", "Issuer", "ClusterIssuer", "CertificateRequest"] {
        let whole = format!("cert-manager.io/v1/{kind}");
        check(&whole, &json!({}), InProgress, &format!("{kind} is not ready yet"));
        check(&whole, &said(&[("Ready", "True", "Issued")]), Current, "Resource is Ready");
        check(&whole, &said(&[("Ready", "False", "Pending")]), InProgress, "Pending!");
    }
    let request = "cert-manager.io/v1/CertificateRequest";
    check(request, &said(&[("Ready", "False", "Failed")]), Failed, "Failed!");
    check(request, &said(&[("Denied", "True", "Policy")]), Failed, "Policy!");
    check(request, &said(&[("InvalidRequest", "True", "Bad")]), Failed, "Bad!");
}
