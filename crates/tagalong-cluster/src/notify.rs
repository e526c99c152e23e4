//! The same events as JSON to `--events-addr`, in the form that Flux's notification-controller takes. Sent beside the
//! turns; where nobody answers, events are dropped after a few tries and nothing waits. Fed by the desk.

use crate::event::{CONTROLLER, Told};
use serde_json::{Value, json};
use std::time::Duration;
use tagalong_engine::EventType;
use tokio::sync::mpsc;

/// Events that may wait; more are dropped.
const WAITING: usize = 256;
/// One try.
const TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
/// Before the second try; doubled for each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// Where events are posted to. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    queue: mpsc::Sender<Value>,
    instance: String,
}

impl Notifier {
    /// Begins sending to `address`; `instance` is this Pod's name.
    pub(crate) fn start(address: String, instance: String) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let (queue, mut waiting) = mpsc::channel::<Value>(WAITING);
        tokio::spawn(async move {
            while let Some(event) = waiting.recv().await {
                send(&client, &address, &event).await;
            }
        });
        Ok(Self { queue, instance })
    }

    /// Hands an event over. Never waits.
    pub(crate) fn tell(&self, told: &Told) {
        if self.queue.try_send(body(told, &self.instance)).is_err() {
            tracing::debug!("an event was not posted: too many wait");
        }
    }
}

async fn send(client: &reqwest::Client, address: &str, event: &Value) {
    let mut pause = PAUSE;
    for attempt in 1..=TRIES {
        let request = client.post(address).header("Content-Type", "application/json").body(event.to_string());
        match request.send().await.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return,
            // Told too often already: notification-controller answers so to what it has just sent on.
            Err(error) if error.status().is_some_and(|status| status.is_client_error()) => {
                tracing::debug!("an event was refused: {}", error.without_url());
                return;
            }
            Err(error) if attempt == TRIES => {
                tracing::debug!("an event was not posted: {}", error.without_url())
            }
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}

fn body(told: &Told, instance: &str) -> Value {
    let severity = if told.event.event_type == EventType::Warning { "error" } else { "info" };
    let mut body = json!({
        "involvedObject": told.object,
        "severity": severity,
        "timestamp": told.at.to_string(),
        "message": told.event.message,
        "reason": told.event.reason.as_str(),
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
    });
    if let Some(fields) = body.as_object_mut()
        && !told.annotations.is_empty()
    {
        fields.insert("metadata".to_owned(), json!(told.annotations));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_api::{GitRepository, ImagePolicy, Reason};
    use tagalong_engine::Event;

    #[test]
    fn an_event_is_what_notification_controller_takes() {
        let policy: ImagePolicy = serde_json::from_value(json!({
            "metadata": {
                "name": "web", "namespace": "apps", "uid": "u-1", "resourceVersion": "7",
                "annotations": {"event.toolkit.fluxcd.io/team": "web", "other": "no"},
            },
            "spec": {"imageRepositoryRef": {"name": "web"}, "policy": {}},
        }))
        .unwrap();
        let event =
            Event { event_type: EventType::Warning, reason: Reason::Failure, message: "no tag".to_owned() };
        let mut told = Told::new(&policy, None, event);
        told.at = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(
            body(&told, "pod-1"),
            json!({
                "involvedObject": {
                    "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImagePolicy", "name": "web",
                    "namespace": "apps", "uid": "u-1", "resourceVersion": "7",
                },
                "severity": "error",
                "timestamp": "2026-01-02T03:04:05Z",
                "message": "no tag",
                "reason": "Failure",
                "reportingController": "tagalong",
                "reportingInstance": "pod-1",
                "metadata": {"event.toolkit.fluxcd.io/team": "web"},
            })
        );
    }

    #[test]
    fn an_event_of_an_archive_says_which() {
        let source: GitRepository = serde_json::from_value(json!({
            "metadata": {"name": "fleet", "namespace": "apps"},
            "spec": {"url": "https://example.com/fleet", "interval": "1m"},
        }))
        .unwrap();
        let status = json!({"artifact": {"revision": "main@sha1:a", "digest": "sha256:b"}});
        let message = "stored artifact for commit 'x'".to_owned();
        let event = Event { event_type: EventType::Normal, reason: Reason::NewArtifact, message };
        assert_eq!(
            body(&Told::new(&source, Some(&status), event), "pod-1")["metadata"],
            json!({
                "source.toolkit.fluxcd.io/revision": "main@sha1:a",
                "source.toolkit.fluxcd.io/digest": "sha256:b",
            })
        );
    }
}
