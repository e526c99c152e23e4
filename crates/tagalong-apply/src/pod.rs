//! What a Pod, and a ReplicaSet on the way to it, says of why it is not ready. Pure; called by who looks below a workload.
//! What a container has written itself (the message it ended with) is not repeated: it may be anything.

use serde_json::Value;

use crate::health::{condition_lines, is_ready};
use crate::object::{is_leaving, text};

/// Longer words are cut.
const LONGEST: usize = 400;

/// Why a Pod is not ready, one reason a line; nothing of one that is, or that has done its work.
pub(crate) fn pod(pod: &Value) -> Vec<String> {
    let phase = text(pod, "/status/phase");
    if phase == "Succeeded" || (is_ready(pod) && !is_leaving(pod)) {
        return Vec::new();
    }
    let mut says = Vec::new();
    if is_leaving(pod) {
        says.push("it is being deleted".to_owned());
    }
    if phase == "Failed" {
        // Of one that was evicted, say.
        says.extend(because(text(pod, "/status/reason"), text(pod, "/status/message")));
    }
    says.extend(condition_lines(pod, |kind, status| kind == "PodScheduled" && status == "False"));
    for list in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        let statuses = pod.pointer(list).and_then(Value::as_array).into_iter().flatten();
        says.extend(statuses.filter_map(container));
    }
    if says.is_empty() {
        // A gate of its readiness, or that no kubelet has taken it yet.
        let own = ["Ready", "ContainersReady"];
        says.extend(condition_lines(pod, |kind, status| status == "False" && !own.contains(&kind)));
    }
    if says.is_empty() {
        says.push(if phase.is_empty() { "it has no status yet".to_owned() } else { phase.to_owned() });
    }
    says.into_iter().map(|line| shorten(&line)).collect()
}

/// Why a container is not ready.
fn container(status: &Value) -> Option<String> {
    let name = text(status, "/name");
    let state = |state: &str| status.get("state").and_then(|states| states.get(state));
    if let Some(waiting) = state("waiting") {
        let why = because(text(waiting, "/reason"), text(waiting, "/message"));
        // It waits for another container, which says why.
        let why = why.filter(|why| why != "PodInitializing")?;
        let last = status.pointer("/lastState/terminated").map(ended);
        let restarts = status.get("restartCount").and_then(Value::as_i64).filter(|count| *count > 0);
        let last = last.map(|last| format!("; it last ended with {last}")).unwrap_or_default();
        let restarts = restarts.map(|count| format!(", restarts: {count}")).unwrap_or_default();
        return Some(format!("container {name} waits: {why}{last}{restarts}"));
    }
    if let Some(terminated) = state("terminated") {
        let well = terminated.get("exitCode").and_then(Value::as_i64) == Some(0);
        return (!well).then(|| format!("container {name} ended with {}", ended(terminated)));
    }
    let runs = state("running").is_some() && status.get("ready") == Some(&Value::Bool(false));
    // One that prepares the others runs until it is done.
    runs.then(|| format!("container {name} runs and is not ready"))
}

/// How a container ended.
fn ended(terminated: &Value) -> String {
    let code = terminated.get("exitCode").and_then(Value::as_i64);
    let code = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
    match text(terminated, "/reason") {
        "" | "Completed" => code,
        reason => format!("{code} ({reason})"),
    }
}

fn because(reason: &str, message: &str) -> Option<String> {
    match (reason, message) {
        ("", "") => None,
        (one, "") | ("", one) => Some(one.to_owned()),
        (reason, message) => Some(format!("{reason}: {message}")),
    }
}

/// Why a ReplicaSet has less Pods than it wants, or less that are ready; nothing where it has what it wants.
pub(crate) fn replica_set(set: &Value) -> Vec<String> {
    let (wanted, ready) = (count(set, "/spec/replicas"), count(set, "/status/readyReplicas"));
    if ready >= wanted {
        return Vec::new();
    }
    let mut says = vec![format!("{ready} of {wanted} ready")];
    says.extend(condition_lines(set, |kind, status| kind == "ReplicaFailure" && status == "True"));
    says.into_iter().map(|line| shorten(&line)).collect()
}

/// Whether a ReplicaSet has less Pods than it wants: then its own events say why.
pub(crate) fn is_short(set: &Value) -> bool {
    count(set, "/status/replicas") < count(set, "/spec/replicas")
}

pub(crate) fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The newest of a list of events, as one line.
pub(crate) fn newest(events: &[Value]) -> Option<String> {
    let event = events.iter().max_by_key(|event| seen(event))?;
    let why = because(text(event, "/reason"), text(event, "/message"))?;
    let times = count(event, "/series/count").max(count(event, "/count"));
    let times = if times > 1 {
        format!(" ({times} times, last {})", seen(event))
    } else {
        format!(" ({})", seen(event))
    };
    Some(format!("Warning {}{times}", shorten(&why)))
}

/// When an event was last seen: older and newer reporters say it in different fields, of one form each to the second.
fn seen(event: &Value) -> &str {
    let fields = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    fields.into_iter().map(|field| text(event, field)).find(|time| !time.is_empty()).unwrap_or_default()
}

/// One line of not too many words.
fn shorten(line: &str) -> String {
    let plain: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match plain.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", plain.get(..at).unwrap_or_default()),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(status: &Value, expected: &[&str]) {
        let said = pod(&json!({"metadata": {"name": "web"}, "status": status}));
        assert_eq!(said, expected, "{status}");
    }

    fn conditions(kind: &str, status: &str, reason: &str) -> Value {
        json!([{"type": kind, "status": status, "reason": reason, "message": "m"}])
    }

    #[test]
    fn a_pod_says_why_it_is_not_ready() {
        let containers = |status: Value| json!({"phase": "Pending", "containerStatuses": [status]});
        check(&json!({"phase": "Running", "conditions": conditions("Ready", "True", "")}), &[]);
        check(
            &json!({"phase": "Succeeded", "conditions": conditions("Ready", "False", "PodCompleted")}),
            &[],
        );
        check(&json!({}), &["it has no status yet"]);
        check(&json!({"phase": "Pending"}), &["Pending"]);
        check(
            &json!({"phase": "Pending", "conditions": conditions("PodScheduled", "False", "Unschedulable")}),
            &["PodScheduled=False Unschedulable: m"],
        );
        check(
            &json!({"phase": "Running", "conditions": conditions("example.com/gate", "False", "Closed")}),
            &["example.com/gate=False Closed: m"],
        );
        check(
            &json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory"}),
            &["Evicted: The node was low on memory"],
        );
        check(
            &containers(
                json!({"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling\nimage \"a\""}}}),
            ),
            &["container app waits: ImagePullBackOff: Back-off pulling image \"a\""],
        );
        check(
            &containers(
                json!({"name": "app", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "token=hunter2"}}}),
            ),
            &[
                "container app waits: CrashLoopBackOff; it last ended with exit code 137 (OOMKilled), restarts: 7",
            ],
        );
        check(
            &containers(
                json!({"name": "app", "state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "hunter2"}}}),
            ),
            &["container app ended with exit code 1 (Error)"],
        );
        check(
            &containers(json!({"name": "app", "ready": false, "state": {"running": {}}})),
            &["container app runs and is not ready"],
        );
    }

    #[test]
    fn a_container_that_waits_for_another_says_nothing() {
        let state = |reason: &str| json!({"waiting": {"reason": reason}});
        check(
            &json!({"phase": "Pending",
                "initContainerStatuses": [
                    {"name": "done", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                    {"name": "migrate", "state": state("ErrImagePull")}],
                "containerStatuses": [{"name": "app", "state": state("PodInitializing")}]}),
            &["container migrate waits: ErrImagePull"],
        );
    }

    #[test]
    fn a_replica_set_says_what_it_lacks() {
        let set = |replicas: i64, ready: i64| {
            json!({"spec": {"replicas": 2}, "status": {"replicas": replicas, "readyReplicas": ready,
                "conditions": conditions("ReplicaFailure", "True", "FailedCreate")}})
        };
        assert_eq!(replica_set(&set(2, 2)), Vec::<String>::new());
        assert_eq!(replica_set(&set(0, 0)), ["0 of 2 ready", "ReplicaFailure=True FailedCreate: m"]);
        assert!(is_short(&set(1, 1)) && !is_short(&set(2, 0)));
    }

    #[test]
    fn the_newest_event_counts_whoever_reported_it() {
        let old = json!({"reason": "A", "message": "a", "lastTimestamp": "2026-01-01T00:00:09Z", "count": 3});
        let new = json!({"reason": "B", "message": "b\nc", "eventTime": "2026-01-01T00:00:01.000000Z",
            "series": {"count": 12, "lastObservedTime": "2026-01-01T00:01:00.000000Z"}});
        assert_eq!(
            newest(&[new.clone(), old.clone()]).unwrap(),
            "Warning B: b c (12 times, last 2026-01-01T00:01:00.000000Z)"
        );
        assert_eq!(newest(&[old]).unwrap(), "Warning A: a (3 times, last 2026-01-01T00:00:09Z)");
        assert_eq!(newest(&[]), None);
        let long = "x".repeat(LONGEST + 1);
        assert!(shorten(&long).ends_with('…') && shorten(&long).chars().count() == LONGEST + 1);
    }
}
