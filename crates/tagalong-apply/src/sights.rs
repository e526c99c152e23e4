//! What happens to the objects of one kind in one namespace, as a watch shows it. Only metadata comes over the wire, and
//! only of objects that a Kustomization has applied.

use std::collections::HashSet;

use futures::future::ready;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};
use kube::Api;
use kube::api::{DynamicObject, PartialObjectMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, Event, watcher};
use serde_json::json;

use crate::cluster::Cluster;
use crate::error::ApplyError;
use crate::inventory::Entry;
use crate::owner::GROUP;
use crate::standing::Standing;
use crate::wait::refused;

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// An object stands so now.
    Stands(String, Standing),
    /// An object was deleted, or lost the labels of its owner; and as which version.
    Gone(String, Standing),
    /// All were listed; there are no others.
    Only(HashSet<String>),
}

/// Sights, until the watch is refused; the last item then says why.
pub type Sights = BoxStream<'static, Result<Sight, String>>;

impl Cluster {
    /// Follows the objects of the kind and namespace of `entry`. A watch that breaks is begun again.
    ///
    /// # Errors
    /// When the kind is not served, or the API server cannot be asked.
    pub async fn sights(&self, entry: &Entry) -> Result<Sights, ApplyError> {
        let served = self.find(&entry.id, &entry.api_version()).await?;
        let api: Api<PartialObjectMeta<DynamicObject>> = if served.namespaced {
            Api::namespaced_with(self.client.clone(), &entry.id.namespace, &served.resource)
        } else {
            Api::all_with(self.client.clone(), &served.resource)
        };
        let config = Config::default().labels(&format!("{GROUP}/name"));
        // Where lists can be streamed, whoever may not watch is told so at once.
        let streamed = watcher(api.clone(), config.clone().streaming_lists()).default_backoff();
        let listed = watcher(api, config).default_backoff();
        Ok(read(streamed.take_while(|event| ready(!cannot_stream(event))).chain(listed)).boxed())
    }
}

/// An API server before Kubernetes 1.32.
fn cannot_stream<T>(event: &watcher::Result<T>) -> bool {
    let Err(watcher::Error::WatchStartFailed(kube::Error::Api(status))) = event else { return false };
    status.is_invalid() && status.message.contains("sendInitialEvents")
}

fn read(
    events: impl Stream<Item = watcher::Result<Event<PartialObjectMeta<DynamicObject>>>>,
) -> impl Stream<Item = Result<Sight, String>> {
    let seen = events.scan((HashSet::new(), false), |(listed, ended), event| {
        if *ended {
            return ready(None);
        }
        ready(Some(match event {
            Ok(Event::Init) => {
                listed.clear();
                None
            }
            Ok(Event::InitApply(object)) => {
                let stood = stood(object);
                listed.extend(stood.iter().map(|(name, _)| name.clone()));
                stood.map(|(name, now)| Ok(Sight::Stands(name, now)))
            }
            Ok(Event::InitDone) => Some(Ok(Sight::Only(std::mem::take(listed)))),
            Ok(Event::Apply(object)) => stood(object).map(|(name, now)| Ok(Sight::Stands(name, now))),
            Ok(Event::Delete(object)) => stood(object).map(|(name, last)| Ok(Sight::Gone(name, last))),
            Err(failure) if refused(&failure) => {
                *ended = true;
                Some(Err(said(&failure)))
            }
            // It begins again by itself.
            Err(_) => None,
        }))
    });
    seen.filter_map(ready)
}

fn stood(object: PartialObjectMeta<DynamicObject>) -> Option<(String, Standing)> {
    let standing = Standing::of(&json!({ "metadata": object.metadata }));
    Some((object.metadata.name?, standing))
}

fn said(failure: &watcher::Error) -> String {
    match failure {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.message.clone(),
        other => other.to_string(),
    }
}
