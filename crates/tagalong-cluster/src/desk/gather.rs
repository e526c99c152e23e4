//! The objects as the API server has them at one moment, without a watch: for commands that look once and write
//! nothing. Called by the binary's `plan`, `explain`, `check` and `lint`.

use super::ClusterDesk;
use super::kind::Kind;
use crate::error::{ClusterError, said};
use kube::api::ListParams;
use kube::runtime::watcher::Event;
use std::collections::BTreeSet;
use tagalong_api::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization};
use tagalong_engine::wake::{built_from, repository_of, source_of};
use tagalong_model::ObjectKey;

/// Objects in one answer of the API server.
const PAGE: u32 = 500;

impl ClusterDesk {
    /// Lists every kind once, and reads by name what these objects refer to in namespaces that are not listed.
    ///
    /// # Errors
    /// When the API server does not answer, or may not be asked.
    pub async fn gather(&self) -> Result<(), ClusterError> {
        self.list::<ImageRepository>().await?;
        self.list::<ImagePolicy>().await?;
        self.list::<ImageUpdateAutomation>().await?;
        self.list::<GitRepository>().await?;
        let kinds = &self.0.kinds;
        let wanted = kinds.policies.state().iter().map(|policy| repository_of(policy)).collect();
        self.read_others::<ImageRepository>(wanted).await;
        let wanted = kinds.automations.state().iter().map(|automation| source_of(automation)).collect();
        self.read_others::<GitRepository>(wanted).await;
        Ok(())
    }

    /// Lists the Kustomizations once, and their sources.
    ///
    /// # Errors
    /// When the API server does not answer, or may not be asked.
    pub async fn gather_kustomizations(&self) -> Result<(), ClusterError> {
        self.list::<Kustomization>().await?;
        self.list::<GitRepository>().await?;
        let wanted = self.0.kinds.kustomizations.state().iter().map(|object| built_from(object)).collect();
        self.read_others::<GitRepository>(wanted).await;
        Ok(())
    }

    async fn list<K: Kind>(&self) -> Result<(), ClusterError> {
        let api = self.api::<K>(self.0.options.namespace.as_deref());
        let mut page = ListParams::default().limit(PAGE);
        self.take::<K>(Event::Init);
        loop {
            let answer = match api.list(&page).await {
                Ok(answer) => answer,
                Err(kube::Error::Api(status)) if status.is_not_found() => {
                    tracing::warn!("the CustomResourceDefinition {} is not installed", K::DEFINITION);
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            answer.items.into_iter().for_each(|object| self.take::<K>(Event::InitApply(object)));
            match answer.metadata.continue_.filter(|next| !next.is_empty()) {
                Some(next) => page = page.continue_token(&next),
                None => break,
            }
        }
        self.take::<K>(Event::InitDone);
        Ok(())
    }

    /// Reads objects of other namespaces by name. One that may not be read is as good as absent, and told.
    async fn read_others<K: Kind>(&self, wanted: BTreeSet<ObjectKey>) {
        let Some(listed) = &self.0.options.namespace else { return };
        for key in wanted.into_iter().filter(|key| key.namespace != *listed) {
            match self.api::<K>(Some(&key.namespace)).get_opt(&key.name).await {
                Ok(Some(object)) => self.take::<K>(Event::Apply(object)),
                Ok(None) => {}
                Err(error) => tracing::warn!("{}/{key} cannot be read: {}", K::NAME, said(&error)),
            }
        }
    }

    fn take<K: Kind>(&self, event: Event<K>) {
        K::shelf(self).take(event).iter().for_each(|change| K::changed(self, change));
    }
}
