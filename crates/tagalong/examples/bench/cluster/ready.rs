//! Waits for objects to become Ready, by the API server: with a watch, since asking for lists again and again would take
//! a part of the cores that are measured.

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::Api;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

/// How long all of them may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Follows objects until so many are Ready.
pub(crate) async fn until_ready<K>(
    api: Api<K>,
    count: usize,
    conditions: impl Fn(&K) -> Option<&[Condition]>,
) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let all = async {
        let mut seen = pin!(watcher(api, watcher::Config::default()).applied_objects());
        let mut ready = HashSet::new();
        while ready.len() < count {
            let object = seen.next().await.context("the watch ended")??;
            let mut conditions = conditions(&object).unwrap_or_default().iter();
            if conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True") {
                ready.insert(object.name_any());
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, all).await.context("not all became Ready")?
}
