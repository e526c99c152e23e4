//! The ImageRepository a policy refers to, whether it may, and the tag list. No request leaves here.

use super::{Failure, Retry};
use crate::context::Context;
use crate::desk::Desk;
use crate::repository::listing_key;
use crate::{credentials, wake};
use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use std::collections::BTreeMap;
use std::time::Duration;
use tagalong_api::validate::{self, ValidPolicy, ValidRepository};
use tagalong_api::{ImagePolicy, ImageRepository, Reason, access};
use tagalong_registry::Access;
use tagalong_store::Listing;

fn dependency(message: String) -> Failure {
    Failure { reason: Reason::DependencyNotReady, message, retry: Retry::Dependency }
}

/// Finds the repository and checks that this policy may use it.
pub(crate) async fn repository<D: Desk>(
    context: &Context<D>,
    valid: &ValidPolicy,
) -> Result<ValidRepository, Failure> {
    let key = &valid.repository;
    let foreign = key.namespace != valid.key.namespace;
    if foreign && context.settings.no_cross_namespace_refs {
        let message =
            format!("cannot access 'ImageRepository/{key}', cross-namespace references have been blocked");
        return Err(Failure { reason: Reason::AccessDenied, message, retry: Retry::Stalled });
    }
    let reference = ObjectRef::<ImageRepository>::new(&key.name).within(&key.namespace);
    let object = context.desk.kinds().repositories.get(&reference).ok_or_else(|| {
        dependency(format!(
            "referenced ImageRepository does not exist: ImageRepository.image.toolkit.fluxcd.io \"{}\" not found in namespace {}",
            key.name, key.namespace
        ))
    })?;
    if foreign {
        let labels = context.desk.namespace_labels(&valid.key.namespace).await.map_err(|error| Failure {
            reason: Reason::Failure,
            message: error.to_string(),
            retry: Retry::BackOff,
        })?;
        access::check(
            &valid.key.namespace,
            &labels.unwrap_or_default(),
            key,
            access_from(&object).as_deref(),
        )
        .map_err(|invalid| Failure {
            reason: invalid.reason,
            message: invalid.message,
            retry: Retry::WhenWoken,
        })?;
    }
    validate::repository(&object).map_err(|invalid| Failure {
        reason: invalid.reason,
        message: format!("ImageRepository/{}: {}", wake::key_of(object.as_ref()), invalid.message),
        retry: Retry::WhenWoken,
    })
}

/// Whether policy and repository were made together just now and the repository's first turn is still to come: it wakes
/// the policy in a moment, and that there was no listing before is not worth a status and an event of each policy.
pub(crate) fn is_early<D: Desk>(context: &Context<D>, object: &ImagePolicy, now: Timestamp) -> bool {
    let patience = context.settings.requeue_dependency;
    let made = object.metadata.creation_timestamp.as_ref();
    let recent = made
        .is_some_and(|made| Duration::try_from(now.duration_since(made.0)).is_ok_and(|age| age < patience));
    let reported = object.status.as_ref().is_some_and(|status| !status.conditions.is_empty());
    if !recent || reported {
        return false;
    }
    let key = wake::repository_of(object);
    let reference = ObjectRef::<ImageRepository>::new(&key.name).within(&key.namespace);
    context.desk.kinds().repositories.get(&reference).is_some_and(|repository| {
        repository.status.as_ref().is_none_or(|status| status.conditions.is_empty())
    })
}

/// The label selectors of `accessFrom`, also of a repository that is not valid otherwise.
fn access_from(object: &ImageRepository) -> Option<Vec<BTreeMap<String, String>>> {
    let selectors = &object.spec.access_from.as_ref()?.namespace_selectors;
    Some(selectors.iter().map(|selector| selector.match_labels.clone().unwrap_or_default()).collect())
}

/// What to show the registry.
pub(crate) async fn access<D: Desk>(
    context: &Context<D>,
    repository: &ValidRepository,
) -> Result<Access, Failure> {
    credentials::registry::access(&context.desk, repository).await.map_err(|message| Failure {
        reason: Reason::Failure,
        message: format!("failed to configure authentication options: {message}"),
        retry: Retry::BackOff,
    })
}

/// The last complete listing of the repository.
pub(crate) fn listing<D: Desk>(
    context: &Context<D>,
    repository: &ValidRepository,
    access: &Access,
) -> Result<Listing, Failure> {
    let not_ready = || {
        let wait = tagalong_model::format_duration(context.settings.requeue_dependency);
        let failure = dependency(format!("retrying in {wait} error: no tags in database"));
        let reference = ObjectRef::new(&repository.key.name).within(&repository.key.namespace);
        let scanned = context.desk.kinds().repositories.get(&reference);
        let new = scanned.is_some_and(|object| !wake::was_turned(&object));
        if new { Failure { retry: Retry::FirstScan, ..failure } } else { failure }
    };
    let read = context.listings.tags(&listing_key(repository, access)).map_err(|error| Failure {
        reason: Reason::Failure,
        message: error.to_string(),
        retry: Retry::BackOff,
    })?;
    read.ok_or_else(not_ready)
}
