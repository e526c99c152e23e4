//! What can go wrong with one object or with the way to the cluster. Said in conditions and events, so the words are
//! Flux's where Flux has some, and no value of a Secret is among them.

use kube::core::Status;
use kube::runtime::watcher;

use crate::id::ObjectId;
use crate::secret::Hidden;

/// Why something was not done. Each names its object as `Kind/namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The value is no Kubernetes object.
    #[error("{0} is no Kubernetes object: it needs apiVersion, kind and metadata.name")]
    NotAnObject(String),
    /// The cluster serves no such kind.
    #[error("{id}: no matches for kind \"{}\" in version \"{version}\"", id.kind)]
    NoSuchKind {
        /// The object.
        id: ObjectId,
        /// Its `apiVersion`.
        version: String,
    },
    /// A namespaced object says no namespace.
    #[error("{0} namespace not specified")]
    NoNamespace(ObjectId),
    /// A Secret came as SOPS left it.
    #[error("{0} is SOPS encrypted, configuring decryption is required for this secret to be reconciled")]
    Encrypted(ObjectId),
    /// The API server refused what was tried; `attempt` is such as `dry-run` or `apply`.
    #[error("{id} {attempt} failed{}: {message}", parenthesised(.reason))]
    Refused {
        /// The object.
        id: Box<ObjectId>,
        /// What was tried.
        attempt: &'static str,
        /// The API server's reason, such as `Forbidden`, or nothing.
        reason: String,
        /// The API server's words.
        message: String,
    },
    /// The object or the namespace that it lives in is on its way out.
    #[error("{0} is being deleted; it is applied again once it is gone")]
    Terminating(ObjectId),
    /// What has to be there before the next stage did not become ready.
    #[error("{0}")]
    NotReady(String),
    /// The API server cannot be asked.
    #[error("{0}")]
    Unreachable(String),
    /// The kubeconfig of a remote cluster cannot be used.
    #[error("{0}")]
    Access(String),
}

fn parenthesised(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

impl ApplyError {
    /// The same without values that came out of Secrets: the API server quotes what it refuses, controllers what they
    /// cannot use.
    #[must_use]
    pub(crate) fn hiding(self, hidden: &Hidden) -> Self {
        match self {
            Self::Refused { id, attempt, reason, message } => {
                Self::Refused { id, attempt, reason, message: hidden.scrub(message) }
            }
            Self::NotReady(why) => Self::NotReady(hidden.scrub(why)),
            other => other,
        }
    }

    /// What a failed request means for an object.
    pub(crate) fn of(id: &ObjectId, attempt: &'static str, error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused {
                id: Box::new(id.clone()),
                attempt,
                reason: if status.reason == FOREIGN { String::new() } else { status.reason.clone() },
                message: words(status),
            },
            other => Self::Unreachable(format!("{id} {attempt} failed: {}", unreachable(other))),
        }
    }
}

/// Why a request failed that was of no one object.
pub(crate) fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => words(status),
        other => unreachable(other),
    }
}

/// What kube calls an answer that is none of an API server's.
const FOREIGN: &str = "Failed to parse error data";

/// The API server's words. What some other server says is not repeated: a kubeconfig leads wherever its author likes.
fn words(status: &Status) -> String {
    if status.message.is_empty() || status.reason == FOREIGN {
        format!("the API server answered {}", status.code)
    } else {
        status.message.clone()
    }
}

/// A failure to reach the API server with its causes, each said once.
pub(crate) fn unreachable(error: &kube::Error) -> String {
    let mut text = format!("the API server does not answer: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

/// The answer of the API server, where it gave one.
pub(crate) fn status(error: &kube::Error) -> Option<&Status> {
    match error {
        kube::Error::Api(status) => Some(status),
        _ => None,
    }
}

pub(crate) fn code(error: &kube::Error) -> u16 {
    status(error).map_or(0, |status| status.code)
}

/// A failure of a watch, in the words that it would have as a request's.
pub(crate) fn of_watch(failure: &watcher::Error) -> String {
    match failure {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => words(status),
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => unreachable(error),
        watcher::Error::NoResourceVersion => failure.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(status: &serde_json::Value) -> ApplyError {
        let status: Status = serde_json::from_value(status.clone()).unwrap();
        let id = ObjectId::parse("apps_web__ConfigMap").unwrap();
        ApplyError::of(&id, "query", &kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn what_no_api_server_said_is_not_repeated() {
        let foreign = refused(&json!({"code": 403, "reason": FOREIGN, "message": "<title>intranet</title>"}));
        assert_eq!(foreign.to_string(), "ConfigMap/apps/web query failed: the API server answered 403");
        let own = refused(&json!({"code": 403, "reason": "Forbidden", "message": "no"}));
        assert_eq!(own.to_string(), "ConfigMap/apps/web query failed (Forbidden): no");
    }

    #[test]
    fn a_refusal_hides_what_came_out_of_secrets() {
        let said =
            refused(&json!({"code": 422, "reason": "Invalid", "message": "Invalid value: \"hunter2\""}));
        let hidden = ["hunter2".to_owned()].into_iter().collect();
        assert_eq!(
            said.hiding(&hidden).to_string(),
            "ConfigMap/apps/web query failed (Invalid): Invalid value: \"***\""
        );
    }
}
