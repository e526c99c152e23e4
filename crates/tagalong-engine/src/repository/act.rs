//! Lists the tags and keeps them: the only step of an ImageRepository's turn that talks to a registry.

use super::Failure;
use crate::context::Context;
use crate::desk::Desk;
use jiff::Timestamp;
use std::time::Instant;
use tagalong_api::validate::ValidRepository;
use tagalong_api::{ImageRepository, Reason};
use tagalong_registry::{Access, ErrorKind};
use tagalong_store::{ListingKey, StoreError};

/// A complete listing that has been stored, as the exclusion list lets it through.
#[derive(Debug)]
pub(crate) struct Listed {
    /// How many tags.
    pub(crate) count: usize,
    /// The first ten in descending order of bytes, as Flux's `latestTags`.
    pub(crate) latest: Vec<String>,
    /// Checksum over the tags.
    pub(crate) revision: String,
    /// When the registry was asked.
    pub(crate) scanned_at: Timestamp,
}

impl Listed {
    fn new<'t>(valid: &ValidRepository, tags: impl Iterator<Item = &'t str>, scanned_at: Timestamp) -> Self {
        let mut accepted: Vec<&str> = tags.filter(|tag| !valid.excluded.matches(tag)).collect();
        accepted.sort_unstable_by(|a, b| b.cmp(a));
        let latest = accepted.iter().take(10).map(|tag| (*tag).to_owned()).collect();
        let revision = tagalong_store::revision(accepted.iter().copied());
        Self { count: accepted.len(), latest, revision, scanned_at }
    }
}

/// The stored listing, when the status does not show it yet: after a restart, or when another object of the same
/// image and credentials listed it.
pub(crate) fn recall<D: Desk>(
    object: &ImageRepository,
    context: &Context<D>,
    valid: &ValidRepository,
    key: &ListingKey,
) -> Result<Option<Listed>, Failure> {
    let Some(head) = context.listings.head(key) else { return Ok(None) };
    let shown = object.status.as_ref().and_then(|status| status.last_scan_result.as_ref());
    if shown.and_then(|scan| scan.scan_time.as_ref()).is_some_and(|time| time.0 == head.scanned_at) {
        return Ok(None);
    }
    let tags = context.listings.tags(key).map_err(|error| unreadable(valid, &error))?;
    Ok(tags.map(|tags| Listed::new(valid, tags.iter(), head.scanned_at)))
}

/// Lists and stores. A listing that broke in the middle leaves the last complete one in force (promise 4).
pub(crate) async fn scan<D: Desk>(
    context: &Context<D>,
    valid: &ValidRepository,
    access: &Access,
    key: &ListingKey,
    now: Timestamp,
) -> Result<Listed, Failure> {
    let listed = context.registry.list_tags(&valid.image, access, Instant::now() + valid.timeout).await;
    context.meters.scanned(listed.as_ref().err().map(tagalong_registry::Error::kind));
    let list = listed.map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Reason::AuthenticationFailed,
            _ => Reason::ReadOperationFailed,
        };
        Failure { reason, message: format!("scan failed: {error}"), stalled: false }
    })?;
    if list.dropped > 0 {
        tracing::warn!(image = %valid.image, dropped = list.dropped, "entries of the listing that are no tags were left out");
    }
    let saved = context.listings.save(key, &list.tags, now).map_err(|error| unreadable(valid, &error))?;
    if let Some(damage) = saved.damage {
        tracing::warn!("{damage}");
    }
    Ok(Listed::new(valid, list.tags.iter().map(String::as_str), now))
}

fn unreadable(valid: &ValidRepository, error: &StoreError) -> Failure {
    Failure {
        reason: Reason::ReadOperationFailed,
        message: format!("tag list of '{}': {error}", valid.image.canonical()),
        stalled: false,
    }
}
