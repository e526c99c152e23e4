//! The built-in kinds that have a rule of their own. One that is not here is judged by its conditions.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Health, condition, int, observed};
use crate::object::text;

/// How long a Pod may wait for a node before it counts as failed.
const SCHEDULE_WINDOW: SignedDuration = SignedDuration::from_secs(15);

pub(super) fn health(group: &str, kind: &str, object: &Value, now: Timestamp) -> Option<Health> {
    Some(match (group, kind) {
        ("", "ConfigMap" | "Secret") | ("batch", "CronJob") => Health::current("Resource is always ready"),
        ("", "Service") => service(object),
        ("", "Pod") => pod(object, now),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "PersistentVolume") => volume(object),
        ("", "ReplicationController") | ("apps", "ReplicaSet") => {
            unseen(object).unwrap_or_else(|| replica_set(object))
        }
        ("apps", "Deployment") => unseen(object).unwrap_or_else(|| deployment(object)),
        ("apps", "StatefulSet") => unseen(object).unwrap_or_else(|| stateful_set(object)),
        ("apps", "DaemonSet") => unseen(object).unwrap_or_else(|| daemon_set(object)),
        ("policy", "PodDisruptionBudget") => {
            unseen(object).unwrap_or_else(|| Health::current("AllowedDisruptions has been computed."))
        }
        ("batch", "Job") => job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => api_service(object),
        _ => return None,
    })
}

/// What no controller has looked at yet: each of these kinds' controllers notes the generation that it saw.
fn unseen(object: &Value) -> Option<Health> {
    let kind = text(object, "/kind");
    observed(object)
        .is_none()
        .then(|| Health::in_progress(format!("{kind} status.observedGeneration not found")))
}

/// The first of the comparisons `have / want` that does not hold.
fn lacking(rows: &[(&str, i64, i64)]) -> Option<Health> {
    let (what, have, want) = rows.iter().find(|(_, have, want)| want > have)?;
    Some(Health::in_progress(format!("{what}: {have}/{want}")))
}

fn count(object: &Value, field: &str) -> i64 {
    int(object, &format!("/status/{field}")).unwrap_or(0)
}

fn surplus(have: i64, want: i64) -> Option<Health> {
    (have > want).then(|| Health::in_progress(format!("Pending termination: {}", have - want)))
}

fn deployment(object: &Value) -> Health {
    let progressing = condition::find(object, "Progressing");
    if progressing.is_some_and(|found| found.reason == "ProgressDeadlineExceeded") {
        return Health::failed("Progress deadline exceeded");
    }
    let want = int(object, "/spec/replicas").unwrap_or(1);
    let (all, updated) = (count(object, "replicas"), count(object, "updatedReplicas"));
    lacking(&[("Replicas", all, want), ("Updated", updated, want)])
        .or_else(|| surplus(all, want))
        .or_else(|| {
            lacking(&[
                ("Available", count(object, "availableReplicas"), updated),
                ("Ready", count(object, "readyReplicas"), want),
            ])
        })
        .or_else(|| {
            // Without a deadline, or with the largest number, the controller does not say that it progresses.
            let deadline = int(object, "/spec/progressDeadlineSeconds").unwrap_or(i64::from(i32::MAX));
            let done = deadline == i64::from(i32::MAX)
                || progressing
                    .is_some_and(|found| found.status == "True" && found.reason == "NewReplicaSetAvailable");
            (!done).then(|| Health::in_progress("ReplicaSet not Available"))
        })
        .or_else(|| {
            (!condition::is_true(object, "Available"))
                .then(|| Health::in_progress("Deployment not Available"))
        })
        .unwrap_or_else(|| Health::current(format!("Deployment is available. Replicas: {all}")))
}

fn stateful_set(object: &Value) -> Health {
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Health::current("StatefulSet is using the ondelete update strategy");
    }
    let want = int(object, "/spec/replicas").unwrap_or(1);
    let (all, updated) = (count(object, "replicas"), count(object, "updatedReplicas"));
    let short = lacking(&[("Replicas", all, want), ("Ready", count(object, "readyReplicas"), want)])
        .or_else(|| surplus(all, want));
    if let Some(short) = short {
        return short;
    }
    if let Some(partition) = int(object, "/spec/updateStrategy/rollingUpdate/partition") {
        return lacking(&[("updated", updated, want - partition)])
            .unwrap_or_else(|| Health::current(format!("Partition rollout complete. updated: {updated}")));
    }
    if let Some(short) = lacking(&[("current", count(object, "currentReplicas"), want)]) {
        return short;
    }
    if text(object, "/status/currentRevision") != text(object, "/status/updateRevision") {
        return Health::in_progress("Waiting for updated revision to match current");
    }
    Health::current(format!("All replicas scheduled as expected. Replicas: {all}"))
}

fn daemon_set(object: &Value) -> Health {
    let Some(want) = int(object, "/status/desiredNumberScheduled") else {
        return Health::in_progress("Missing .status.desiredNumberScheduled");
    };
    lacking(&[
        ("Current", count(object, "currentNumberScheduled"), want),
        ("Updated", count(object, "updatedNumberScheduled"), want),
        ("Available", count(object, "numberAvailable"), want),
        ("Ready", count(object, "numberReady"), want),
    ])
    .unwrap_or_else(|| Health::current(format!("All replicas scheduled as expected. Replicas: {want}")))
}

fn replica_set(object: &Value) -> Health {
    if condition::is_true(object, "ReplicaFailure") {
        return Health::in_progress("Replica Failure condition. Check Pods");
    }
    let want = int(object, "/spec/replicas").unwrap_or(1);
    lacking(&[
        ("Labelled", count(object, "fullyLabeledReplicas"), want),
        ("Available", count(object, "availableReplicas"), want),
        ("Ready", count(object, "readyReplicas"), want),
    ])
    .or_else(|| surplus(count(object, "replicas"), want))
    .unwrap_or_else(|| Health::current(format!("{} is available. Replicas: {want}", text(object, "/kind"))))
}

/// Done when it has completed: a Job that runs is on its way (kstatus would call it current; Flux does not).
fn job(object: &Value) -> Health {
    let parallel = int(object, "/spec/parallelism").unwrap_or(1);
    let completions = int(object, "/spec/completions").unwrap_or(parallel);
    let (succeeded, failed) = (count(object, "succeeded"), count(object, "failed"));
    if condition::is_true(object, "Complete") {
        return Health::current(format!("Job Completed. succeeded: {succeeded}/{completions}"));
    }
    if condition::is_true(object, "Failed") {
        return Health::failed(format!("Job Failed. failed: {failed}/{completions}"));
    }
    if text(object, "/status/startTime").is_empty() {
        return Health::in_progress("Job not started");
    }
    let active = count(object, "active");
    Health::in_progress(format!("Job in progress. success:{succeeded}, active: {active}, failed: {failed}"))
}

fn pod(object: &Value, now: Timestamp) -> Health {
    match text(object, "/status/phase") {
        "Succeeded" => Health::current("Pod has completed successfully"),
        "Failed" => Health::current("Pod has completed, but not successfully"),
        "Running" if condition::is_true(object, "Ready") => Health::current("Pod is Ready"),
        "Running" => {
            let looping = crash_looping(object);
            if looping.is_empty() {
                Health::in_progress("Pod is running but is not Ready")
            } else {
                Health::failed(format!("Containers in CrashLoop state: {}", looping.join(",")))
            }
        }
        "Pending" if unschedulable(object) => {
            let created = text(object, "/metadata/creationTimestamp").parse::<Timestamp>();
            if created.is_ok_and(|created| now.duration_since(created) > SCHEDULE_WINDOW) {
                Health::failed("Pod could not be scheduled")
            } else {
                Health::in_progress("Pod has not been scheduled")
            }
        }
        "Pending" => Health::in_progress("Pod is in the Pending phase"),
        "" => Health::in_progress("Pod phase not available"),
        phase => Health::in_progress(format!("Pod phase: {phase}")),
    }
}

fn unschedulable(object: &Value) -> bool {
    condition::find(object, "PodScheduled")
        .is_some_and(|found| found.status == "False" && found.reason == "Unschedulable")
}

fn crash_looping(object: &Value) -> Vec<&str> {
    let containers = object.pointer("/status/containerStatuses").and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .filter(|container| text(container, "/state/waiting/reason") == "CrashLoopBackOff")
        .map(|container| text(container, "/name"))
        .collect()
}

fn service(object: &Value) -> Health {
    let balanced = text(object, "/spec/type") == "LoadBalancer";
    if balanced && text(object, "/spec/clusterIP").is_empty() {
        return Health::in_progress("ClusterIP not set. Service type: LoadBalancer");
    }
    Health::current("Service is ready")
}

fn claim(object: &Value) -> Health {
    match text(object, "/status/phase") {
        "Bound" => Health::current("PVC is Bound"),
        "" => Health::in_progress("PVC is not Bound. phase: unknown"),
        phase => Health::in_progress(format!("PVC is not Bound. phase: {phase}")),
    }
}

fn volume(object: &Value) -> Health {
    match text(object, "/status/phase") {
        "Failed" => Health::failed(text(object, "/status/message")),
        phase @ ("" | "Pending") => {
            Health::in_progress(format!("PersistentVolume is not available. phase: {phase}"))
        }
        phase => Health::current(format!("PersistentVolume phase: {phase}")),
    }
}

fn definition(object: &Value) -> Health {
    if let Some(found) = condition::find(object, "NamesAccepted").filter(|found| found.status == "False") {
        return Health::failed(found.message);
    }
    match condition::find(object, "Established") {
        Some(found) if found.status == "True" => Health::current("CRD is established"),
        Some(found) if found.status == "False" && found.reason != "Installing" => {
            Health::failed(found.message)
        }
        _ => Health::in_progress("Install in progress"),
    }
}

fn api_service(object: &Value) -> Health {
    match condition::find(object, "Available") {
        Some(found) if found.status == "True" => Health::current("APIService is available"),
        Some(found) => Health::in_progress(found.message),
        None => Health::in_progress("APIService is not available yet"),
    }
}
