//! What the desk has to know of each kind: where its objects stand, and whom a change of one concerns.

use super::{ClusterDesk, Options};
use crate::shelf::{Change, Shelf};
use k8s_openapi::NamespaceResourceScope;
use kube::core::object::HasStatus;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use tagalong_api::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization};
use tagalong_engine::wake::{self, key_of, requested_at};

/// A kind that is watched.
pub(crate) trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + HasStatus<Status: Clone>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    const NAME: &'static str;
    const DEFINITION: &'static str;
    /// Whether an object leaves something behind that has to go before the object does: what was archived, or applied.
    const LEAVES: bool;

    /// Whether this process looks at the kind; where it does not, the kind need not be installed.
    fn is_watched(options: &Options) -> bool;

    fn shelf(desk: &ClusterDesk) -> &Shelf<Self>;

    /// Wakes whoever has to look after this change.
    fn changed(desk: &ClusterDesk, change: &Change<Self>);
}

/// Whether a change asks for a turn of the object itself: what is wished, that it is wished now, or its end. A status
/// does not, nor does any other metadata.
fn asks<K: Resource>(change: &Change<K>) -> bool {
    let Some(new) = &change.new else { return false };
    let seen = |object: &K| {
        let meta = object.meta();
        let requested = requested_at(object).map(ToOwned::to_owned);
        (
            meta.uid.clone(),
            meta.generation,
            requested,
            meta.deletion_timestamp.is_some(),
            object.labels().clone(),
        )
    };
    change.old.as_deref().is_none_or(|old| seen(old) != seen(new))
}

impl Kind for ImageRepository {
    const NAME: &'static str = "ImageRepository";
    const DEFINITION: &'static str = "imagerepositories.image.toolkit.fluxcd.io";
    const LEAVES: bool = false;

    fn is_watched(options: &Options) -> bool {
        options.images
    }

    fn shelf(desk: &ClusterDesk) -> &Shelf<Self> {
        &desk.0.repositories
    }

    fn changed(desk: &ClusterDesk, change: &Change<Self>) {
        if !desk.turning() {
            return;
        }
        let wakers = &desk.0.wakers;
        if asks(change) {
            wakers.repositories(change.new.iter().map(key_of));
        }
        let referrers = desk.referrers();
        match (&change.old, &change.new) {
            (old, Some(new)) => wakers.policies(wake::after_repository(old.as_deref(), new, &referrers)),
            (Some(gone), None) => wakers.policies(wake::after_repository(None, gone, &referrers)),
            (None, None) => {}
        }
    }
}

impl Kind for ImagePolicy {
    const NAME: &'static str = "ImagePolicy";
    const DEFINITION: &'static str = "imagepolicies.image.toolkit.fluxcd.io";
    const LEAVES: bool = false;

    fn is_watched(options: &Options) -> bool {
        options.images
    }

    fn shelf(desk: &ClusterDesk) -> &Shelf<Self> {
        &desk.0.policies
    }

    fn changed(desk: &ClusterDesk, change: &Change<Self>) {
        if asks(change) || change.new.is_none() {
            desk.referrers().replace(change.old.as_deref(), change.new.as_ref());
        }
        if !desk.turning() {
            return;
        }
        let wakers = &desk.0.wakers;
        if asks(change) {
            wakers.policies(change.new.iter().map(key_of));
        }
        match (&change.old, &change.new) {
            (old, Some(new)) => wakers.automations(wake::after_policy(old.as_deref(), new, &desk.0.kinds)),
            (Some(gone), None) => wakers.automations(wake::after_policy(None, gone, &desk.0.kinds)),
            (None, None) => {}
        }
    }
}

impl Kind for ImageUpdateAutomation {
    const NAME: &'static str = "ImageUpdateAutomation";
    const DEFINITION: &'static str = "imageupdateautomations.image.toolkit.fluxcd.io";
    const LEAVES: bool = false;

    fn is_watched(options: &Options) -> bool {
        options.images
    }

    fn shelf(desk: &ClusterDesk) -> &Shelf<Self> {
        &desk.0.automations
    }

    fn changed(desk: &ClusterDesk, change: &Change<Self>) {
        if let (Some(gone), None) = (&change.old, &change.new) {
            let gone = key_of(gone.as_ref());
            desk.0.record.retain(|key| *key != gone);
        }
        if !desk.turning() {
            return;
        }
        let wakers = &desk.0.wakers;
        if asks(change) {
            wakers.automations(change.new.iter().map(key_of));
        }
        if let Some(new) = &change.new {
            wakers.sources(wake::after_push(change.old.as_deref(), new, &desk.0.kinds));
        }
    }
}

impl Kind for GitRepository {
    const NAME: &'static str = "GitRepository";
    const DEFINITION: &'static str = "gitrepositories.source.toolkit.fluxcd.io";
    const LEAVES: bool = true;

    /// Automations write to its remote, whoever serves it.
    fn is_watched(_options: &Options) -> bool {
        true
    }

    fn shelf(desk: &ClusterDesk) -> &Shelf<Self> {
        &desk.0.sources
    }

    fn changed(desk: &ClusterDesk, change: &Change<Self>) {
        if !desk.turning() {
            return;
        }
        let wakers = &desk.0.wakers;
        if asks(change) {
            wakers.sources(change.new.iter().map(key_of));
        }
        match (&change.old, &change.new) {
            (old, Some(new)) => wakers.automations(wake::after_source(old.as_deref(), new, &desk.0.kinds)),
            (Some(gone), None) => wakers.automations(wake::after_source(None, gone, &desk.0.kinds)),
            (None, None) => {}
        }
        if let Some(new) = &change.new {
            wakers.kustomizations(wake::after_artifact(change.old.as_deref(), new, &desk.0.kinds));
        }
    }
}

impl Kind for Kustomization {
    const NAME: &'static str = "Kustomization";
    const DEFINITION: &'static str = "kustomizations.kustomize.toolkit.fluxcd.io";
    const LEAVES: bool = true;

    fn is_watched(options: &Options) -> bool {
        options.reach.is_some()
    }

    fn shelf(desk: &ClusterDesk) -> &Shelf<Self> {
        &desk.0.kustomizations
    }

    fn changed(desk: &ClusterDesk, change: &Change<Self>) {
        if !desk.turning() {
            return;
        }
        let wakers = &desk.0.wakers;
        if asks(change) {
            wakers.kustomizations(change.new.iter().map(key_of));
        }
        if let Some(new) = &change.new {
            wakers.kustomizations(wake::after_kustomization(change.old.as_deref(), new, &desk.0.kinds));
            wakers.automations(wake::after_health(change.old.as_deref(), new, &desk.0.kinds));
        }
    }
}
