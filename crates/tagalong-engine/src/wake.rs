//! Who has to look again when an object changed. Pure; both desks ask it, so that a new tag wakes just its
//! policies and a policy just its automations, at once.

use crate::desk::Kinds;
use kube::ResourceExt;
use std::collections::HashMap;
use tagalong_api::{
    GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization, RECONCILE_REQUEST,
    Reason, condition, validate,
};
use tagalong_model::ObjectKey;

/// The key of any namespaced object.
pub fn key_of(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any())
}

/// What `reconcile.fluxcd.io/requestedAt` says: somebody asks for a turn now.
pub fn requested_at(object: &impl ResourceExt) -> Option<&str> {
    object.annotations().get(RECONCILE_REQUEST).map(String::as_str)
}

/// The policies of each ImageRepository, so that thousands of listings do not each go over thousands of policies.
/// To be made anew when a policy comes, goes, or changes its spec.
#[derive(Debug, Default)]
pub struct Referrers(HashMap<ObjectKey, Vec<ObjectKey>>);

impl Referrers {
    /// Of these policies.
    pub fn of<'a>(policies: impl IntoIterator<Item = &'a ImagePolicy>) -> Self {
        let mut referrers = Self::default();
        for policy in policies {
            referrers.replace(None, Some(policy));
        }
        referrers
    }

    /// Takes a policy that came (no `old`), changed, or went (no `new`) into account.
    pub fn replace(&mut self, old: Option<&ImagePolicy>, new: Option<&ImagePolicy>) {
        if let Some(old) = old {
            let (repository, key) = (repository_of(old), key_of(old));
            let left = self.0.get_mut(&repository).is_some_and(|policies| {
                policies.retain(|policy| *policy != key);
                policies.is_empty()
            });
            if left {
                self.0.remove(&repository);
            }
        }
        if let Some(new) = new {
            self.0.entry(repository_of(new)).or_default().push(key_of(new));
        }
    }
}

/// The ImageRepository that a policy refers to.
pub fn repository_of(policy: &ImagePolicy) -> ObjectKey {
    let reference = &policy.spec.image_repository_ref;
    let namespace = reference.namespace.clone().or_else(|| policy.namespace()).unwrap_or_default();
    ObjectKey::new(namespace, &reference.name)
}

/// The GitRepository that an automation refers to.
pub fn source_of(automation: &ImageUpdateAutomation) -> ObjectKey {
    let reference = &automation.spec.source_ref;
    let namespace = reference.namespace.clone().or_else(|| automation.namespace()).unwrap_or_default();
    ObjectKey::new(namespace, &reference.name)
}

/// The source that a Kustomization is built from.
pub fn built_from(kustomization: &Kustomization) -> ObjectKey {
    let reference = &kustomization.spec.source_ref;
    let namespace = reference.namespace.clone().or_else(|| kustomization.namespace()).unwrap_or_default();
    ObjectKey::new(namespace, &reference.name)
}

/// Whether an ImageRepository had a turn at all.
pub(crate) fn was_turned(object: &ImageRepository) -> bool {
    object.status.as_ref().is_some_and(|status| !status.conditions.is_empty())
}

/// Policies to wake after an ImageRepository changed from `old` to `new`: those that refer to it, when its
/// listing or what is asked of it moved, or when it has ended its first turn.
pub fn after_repository(
    old: Option<&ImageRepository>,
    new: &ImageRepository,
    referrers: &Referrers,
) -> Vec<ObjectKey> {
    let seen = |object: &ImageRepository| {
        let status = object.status.as_ref();
        let scan = status.and_then(|status| status.last_scan_result.as_ref());
        (scan.map(|scan| scan.revision.clone()), object.metadata.generation, was_turned(object))
    };
    if old.is_some_and(|old| seen(old) == seen(new)) {
        return Vec::new();
    }
    referrers.0.get(&key_of(new)).cloned().unwrap_or_default()
}

/// Automations to wake after an ImagePolicy changed: those of its namespace, when what it selects moved.
pub fn after_policy(old: Option<&ImagePolicy>, new: &ImagePolicy, kinds: &Kinds) -> Vec<ObjectKey> {
    let seen = |object: &ImagePolicy| {
        let latest = object.status.as_ref().and_then(|status| status.latest_ref.clone());
        (latest, object.metadata.labels.clone())
    };
    if old.is_some_and(|old| seen(old) == seen(new)) {
        return Vec::new();
    }
    let (namespace, labels) = (new.namespace(), new.labels());
    kinds
        .automations
        .state()
        .iter()
        .filter(|automation| automation.namespace() == namespace)
        .filter(|automation| {
            validate::automation(automation).is_ok_and(|valid| valid.selector.matches(labels))
        })
        .map(|automation| key_of(automation.as_ref()))
        .collect()
}

/// Automations to wake after a GitRepository changed: those that name it as their source.
pub fn after_source(old: Option<&GitRepository>, new: &GitRepository, kinds: &Kinds) -> Vec<ObjectKey> {
    if old.is_some_and(|old| old.metadata.generation == new.metadata.generation) {
        return Vec::new();
    }
    let source = key_of(new);
    kinds
        .automations
        .state()
        .iter()
        .filter(|automation| source_of(automation) == source)
        .map(|automation| key_of(automation.as_ref()))
        .collect()
}

/// GitRepositories to wake after an ImageUpdateAutomation changed: those of the remote that it has pushed to.
pub fn after_push(
    old: Option<&ImageUpdateAutomation>,
    new: &ImageUpdateAutomation,
    kinds: &Kinds,
) -> Vec<ObjectKey> {
    let pushed = |object: &ImageUpdateAutomation| object.status.as_ref()?.last_push_commit.clone();
    if old.is_none_or(|old| pushed(old) == pushed(new)) {
        return Vec::new();
    }
    let written = source_of(new);
    let sources = kinds.sources.state();
    let Some(url) = sources
        .iter()
        .find(|source| key_of(source.as_ref()) == written)
        .map(|source| source.spec.url.clone())
    else {
        return Vec::new();
    };
    sources.iter().filter(|source| source.spec.url == url).map(|source| key_of(source.as_ref())).collect()
}

/// Kustomizations to wake after a GitRepository changed: those that are built from it, when it has another artifact.
pub fn after_artifact(old: Option<&GitRepository>, new: &GitRepository, kinds: &Kinds) -> Vec<ObjectKey> {
    let revision = |source: &GitRepository| {
        let artifact = source.status.as_ref()?.artifact.as_ref()?;
        Some((artifact.revision.clone(), artifact.digest.clone()))
    };
    if revision(new).is_none() || old.is_some_and(|old| revision(old) == revision(new)) {
        return Vec::new();
    }
    let source = key_of(new);
    let all = kinds.kustomizations.state();
    let built = all.iter().filter(|kustomization| built_from(kustomization) == source);
    built.map(|kustomization| key_of(kustomization.as_ref())).collect()
}

/// Automations to wake after a Kustomization changed: those that take back what is not healthy, when it has become so.
pub fn after_health(old: Option<&Kustomization>, new: &Kustomization, kinds: &Kinds) -> Vec<ObjectKey> {
    let failed = |object: &Kustomization| {
        let status = object.status.as_ref()?;
        let ready = condition::find(&status.conditions, condition::READY)?;
        let failed = ready.status == "False" && ready.reason == Reason::HealthCheckFailed.as_str();
        failed.then(|| (status.last_attempted_revision.clone(), ready.message.clone()))
    };
    if failed(new).is_none() || old.is_some_and(|old| failed(old) == failed(new)) {
        return Vec::new();
    }
    let (namespace, source) = (new.namespace(), built_from(new));
    let all = kinds.automations.state();
    let listens = |automation: &ImageUpdateAutomation| {
        let rollback = automation.spec.rollback.as_ref();
        rollback.and_then(|rollback| rollback.on_unhealthy.as_deref()) == Some("Revert")
            && automation.namespace() == namespace
            && source_of(automation) == source
    };
    all.iter()
        .filter(|automation| listens(automation))
        .map(|automation| key_of(automation.as_ref()))
        .collect()
}

/// Kustomizations to wake after another one changed: those that depend on it, when it has become Ready, or Ready of
/// another revision; and those that wait for what an expression says of it, after any change.
pub fn after_kustomization(
    old: Option<&Kustomization>,
    new: &Kustomization,
    kinds: &Kinds,
) -> Vec<ObjectKey> {
    let seen = |object: &Kustomization| {
        let status = object.status.as_ref()?;
        let ready = condition::find(&status.conditions, condition::READY)?;
        (ready.status == "True").then(|| (status.last_applied_revision.clone(), status.observed_generation))
    };
    let ready = seen(new).is_some() && old.is_none_or(|old| seen(old) != seen(new));
    let whole = |object: &Kustomization| {
        let metadata = &object.metadata;
        (metadata.generation, metadata.labels.clone(), metadata.annotations.clone(), object.status.clone())
    };
    let changed = ready || old.is_none_or(|old| whole(old) != whole(new));
    let key = key_of(new);
    let wakes = |other: &Kustomization| {
        let namespace = other.namespace().unwrap_or_default();
        other.spec.depends_on.iter().flatten().any(|reference| {
            let names = reference.name == key.name
                && *reference.namespace.as_ref().unwrap_or(&namespace) == key.namespace;
            let asks = reference.ready_expr.as_ref().is_some_and(|text| !text.is_empty());
            names && if asks { changed && waits(other) } else { ready }
        })
    };
    let all = kinds.kustomizations.state();
    all.iter().filter(|other| wakes(other)).map(|other| key_of(other.as_ref())).collect()
}

/// Whether something that it depends on was not ready at its last turn. Only then is it woken for any change: two that
/// look at each other would wake each other for ever.
fn waits(object: &Kustomization) -> bool {
    let conditions = object.status.as_ref().map(|status| status.conditions.as_slice());
    let ready = conditions.and_then(|conditions| condition::find(conditions, condition::READY));
    ready.is_some_and(|ready| ready.reason == Reason::DependencyNotReady.as_str())
}
