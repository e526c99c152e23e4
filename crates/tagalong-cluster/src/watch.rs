//! One watch, from the API server onto its shelf, for as long as the process lives: cut, expired and refused watches
//! are begun again, each time later. Run by the desk.

use crate::error::said;
use crate::health::Health;
use crate::shelf::{Change, Shelf};
use futures::{StreamExt as _, TryStream};
use kube::core::Status;
use kube::core::object::HasStatus;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, Error, Event, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::time::Duration;

/// Before a kind is listed anew, so that an API server which forgets everything is not asked without end.
const ANEW: Duration = Duration::from_secs(1);

/// What is watched, and where what is seen goes.
pub(crate) struct Watch<'a, K: Resource<DynamicType = ()> + Clone + 'static> {
    /// Cluster or namespace.
    pub(crate) api: Api<K>,
    /// The kind's name, for people.
    pub(crate) kind: &'static str,
    /// The name of its CustomResourceDefinition.
    pub(crate) definition: &'static str,
    /// Where the objects stand.
    pub(crate) shelf: &'a Shelf<K>,
    /// Where it is said how the watch does.
    pub(crate) health: &'a Health,
}

impl<K> Watch<'_, K>
where
    K: Resource<DynamicType = ()>
        + HasStatus<Status: Clone>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    /// Follows the kind; tells each change. Does not end.
    pub(crate) async fn follow(self, changed: impl Fn(Change<K>)) {
        let mut streaming = true;
        loop {
            let config = if streaming { Config::default().streaming_lists() } else { Config::default() };
            let events = watcher(self.api.clone(), config).default_backoff();
            match self.until_ended(events, &changed).await {
                End::CannotStream => streaming = false,
                End::Forgotten => tokio::time::sleep(ANEW).await,
                End::Over => {}
            }
        }
    }

    /// Follows until the watch has to be begun another way.
    async fn until_ended<S>(&self, events: S, changed: &impl Fn(Change<K>)) -> End
    where
        S: TryStream<Ok = Event<K>, Error = watcher::Error>
            + futures::Stream<Item = Result<Event<K>, watcher::Error>>,
    {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    let whole = matches!(event, Event::InitDone);
                    self.shelf.take(event).into_iter().for_each(changed);
                    if whole && self.health.well(self.kind) {
                        tracing::debug!("{} is watched", self.kind);
                    }
                }
                Err(error) if cannot_stream(&error) => return End::CannotStream,
                Err(error) if is_forgotten(&error) => return End::Forgotten,
                Err(error) => self.failed(&error).into_iter().for_each(changed),
            }
        }
        End::Over
    }

    fn failed(&self, error: &Error) -> Vec<Change<K>> {
        let missing = answer(error).is_some_and(is_missing);
        let problem = if missing {
            format!(
                "the CustomResourceDefinition {} is not installed; apply Tagalong's or Flux's and it is taken up",
                self.definition
            )
        } else {
            text(error)
        };
        if self.health.fail(self.kind, &problem) {
            tracing::warn!("{}: {problem}", self.kind);
        }
        if missing { self.shelf.absent() } else { Vec::new() }
    }
}

/// How a watch ended.
enum End {
    /// The API server cannot stream a list (before Kubernetes 1.32).
    CannotStream,
    /// The API server no longer knows the version that the watch would go on from.
    Forgotten,
    /// For another reason.
    Over,
}

/// What the API server said, where it said something.
fn answer(error: &Error) -> Option<&Status> {
    match error {
        Error::InitialListFailed(kube::Error::Api(status))
        | Error::WatchStartFailed(kube::Error::Api(status))
        | Error::WatchError(status) => Some(status),
        _ => None,
    }
}

/// An unknown group is answered in plain text, without a reason: only the code tells.
fn is_missing(status: &Status) -> bool {
    status.code == 404
}

fn cannot_stream(error: &Error) -> bool {
    answer(error).is_some_and(|status| status.is_invalid() && status.message.contains("sendInitialEvents"))
}

/// kube's watcher lists anew when a running watch says so, but asks for the same version for ever where the request
/// itself is refused, as a proxy or an API server under load may do.
fn is_forgotten(error: &Error) -> bool {
    matches!(error, Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

fn text(error: &Error) -> String {
    match error {
        Error::InitialListFailed(error) | Error::WatchStartFailed(error) | Error::WatchFailed(error) => {
            said(error)
        }
        Error::WatchError(status) => status.message.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_api_server_is_listed_in_pages() {
        let refused = |message: &str| {
            Error::WatchStartFailed(kube::Error::Api(Box::new(status(422, "Invalid", message))))
        };
        let older = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden \
                     for watch unless the WatchList feature gate is enabled";
        assert!(cannot_stream(&refused(older)));
        assert!(!cannot_stream(&refused("labelSelector: Invalid value")));
    }

    #[test]
    fn an_unknown_group_and_an_unknown_kind_are_both_missing() {
        assert!(is_missing(&status(404, "NotFound", "the server could not find the requested resource")));
        assert!(is_missing(&status(404, "Failed to parse error data", "404 page not found")));
        assert!(!is_missing(&status(403, "Forbidden", "you may not")));
    }

    #[test]
    fn what_the_api_server_said_is_passed_on() {
        let error =
            Error::InitialListFailed(kube::Error::Api(Box::new(status(403, "Forbidden", "you may not"))));
        assert_eq!(text(&error), "you may not");
        assert!(answer(&error).is_some_and(Status::is_forbidden));
    }

    fn status(code: u16, reason: &str, message: &str) -> Status {
        Status { code, reason: reason.to_owned(), message: message.to_owned(), ..Status::default() }
    }
}
