//! Whether an image is to be listed now, and why: Flux's order of reasons (FLUX.md 1.1). Pure.

use crate::wake::requested_at;
use jiff::Timestamp;
use std::time::Duration;
use tagalong_api::ImageRepository;
use tagalong_api::validate::ValidRepository;
use tagalong_store::ListingHead;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanDecision {
    /// List now.
    Scan {
        /// Flux's words for the cause.
        why: &'static str,
    },
    /// Not before this much time has passed.
    NotDue {
        /// Time until the next listing is due.
        next: Duration,
    },
}

/// Decides from the object, what the store holds of the image, and the time.
///
/// The store's own scan time counts beside the status's, so that a restart, which loses a status kept in no
/// cluster, lists nothing early, and two objects of one image with one set of credentials share a listing.
pub fn due(
    object: &ImageRepository,
    valid: &ValidRepository,
    head: Option<&ListingHead>,
    now: Timestamp,
) -> ScanDecision {
    let status = object.status.as_ref();
    let handled = status.and_then(|status| status.last_handled_reconcile_at.as_deref());
    if requested_at(object).is_some_and(|requested| Some(requested) != handled) {
        return ScanDecision::Scan { why: "reconcile requested" };
    }
    let scanned = status.and_then(|status| status.last_scan_result.as_ref()).is_some();
    if scanned {
        let observed = status.and_then(|status| status.canonical_image_name.as_deref());
        if observed != Some(valid.image.canonical().as_str()) {
            return ScanDecision::Scan { why: "new image name" };
        }
        if status.and_then(|status| status.observed_exclusion_list.as_ref()) != Some(&valid.exclusions) {
            return ScanDecision::Scan { why: "updated exclusion list" };
        }
    }
    let Some(head) = head else {
        return ScanDecision::Scan { why: if scanned { "no tags in database" } else { "first scan" } };
    };
    if head.scanned_at > now {
        // The clock was ahead; what it wrote says nothing about age.
        return ScanDecision::Scan { why: "triggered by interval" };
    }
    let age = now.duration_since(head.scanned_at);
    let age = Duration::try_from(age).unwrap_or_default();
    // Flux counts a second of grace, so that a timer that fires early does not skip a whole interval.
    if age + Duration::from_secs(1) >= valid.interval {
        ScanDecision::Scan { why: "triggered by interval" }
    } else {
        ScanDecision::NotDue { next: valid.interval - age }
    }
}
