//! `ImageRepository`: image name, times, exclusion list.

use super::{Invalid, field};
use crate::{ImageRepository, Reason};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tagalong_model::{ImageName, InvalidImage, ObjectKey};
use tagalong_policy::Pattern;

/// What is excluded where nothing is said: the tags under which cosign keeps signatures.
const DEFAULT_EXCLUSION: &str = r"^.*\.sig$";

/// An ImageRepository that can be scanned.
#[derive(Debug, Clone)]
pub struct ValidRepository {
    /// Namespace and name.
    pub key: ObjectKey,
    /// What is scanned.
    pub image: ImageName,
    /// The time between two scans.
    pub interval: Duration,
    /// The time that one scan may take; the interval where none is given, at least a second.
    pub timeout: Duration,
    /// The Secret with registry credentials.
    pub secret: Option<String>,
    /// The Secret with certificates.
    pub cert_secret: Option<String>,
    /// The Secret with the proxy.
    pub proxy_secret: Option<String>,
    /// The ServiceAccount whose image pull secrets count as well.
    pub service_account: Option<String>,
    /// The exclusion list in force, as written; for `status.observedExclusionList`.
    pub exclusions: Vec<String>,
    /// The same, compiled.
    pub excluded: ExclusionList,
    /// Whether plain HTTP is allowed.
    pub insecure: bool,
    /// `matchLabels` of each selector of `accessFrom`; for [`crate::access::check`].
    pub access_from: Option<Vec<BTreeMap<String, String>>>,
    /// Whether scans are stopped.
    pub suspend: bool,
}

/// The tags that are left out of a listing.
#[derive(Debug, Clone)]
pub struct ExclusionList(Arc<[Pattern]>);

impl ExclusionList {
    /// Whether a tag is left out.
    pub fn matches(&self, tag: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(tag))
    }
}

/// Checks an ImageRepository.
///
/// # Errors
/// [`Invalid`] with `ImageURLInvalid`, `IntervalNotConfigured`, `InvalidProviderConfiguration`, or `ReadOperationFailed`
/// for a bad pattern.
pub fn repository(object: &ImageRepository) -> Result<ValidRepository, Invalid> {
    let spec = &object.spec;
    let image = spec.image.parse().map_err(|error| bad_image(&spec.image, &error))?;
    let interval = field::interval(".spec.interval", &spec.interval)?;
    field::generic_provider(spec.provider.as_deref())?;
    let exclusions = spec.exclusion_list.clone().filter(|list| !list.is_empty());
    let exclusions = exclusions.unwrap_or_else(|| vec![DEFAULT_EXCLUSION.to_owned()]);
    let access_from = spec.access_from.as_ref().map(|access| {
        access
            .namespace_selectors
            .iter()
            .map(|selector| selector.match_labels.clone().unwrap_or_default())
            .collect()
    });
    Ok(ValidRepository {
        key: field::key(&object.metadata),
        image,
        interval,
        timeout: field::timeout(".spec.timeout", spec.timeout.as_deref(), interval)?,
        secret: field::name(spec.secret_ref.as_ref()),
        cert_secret: field::name(spec.cert_secret_ref.as_ref()),
        proxy_secret: field::name(spec.proxy_secret_ref.as_ref()),
        service_account: spec.service_account_name.clone().filter(|name| !name.is_empty()),
        excluded: compile(&exclusions)?,
        exclusions,
        insecure: spec.insecure.unwrap_or_default(),
        access_from,
        suspend: spec.suspend.unwrap_or_default(),
    })
}

/// Flux's words for what is no image name.
fn bad_image(image: &str, error: &InvalidImage) -> Invalid {
    let shown: String = image.chars().take(200).collect();
    let message = match error {
        InvalidImage::Scheme(scheme) => {
            format!("image '{shown}' should not include URL scheme; remove '{scheme}://'")
        }
        InvalidImage::HasTag(tag) => format!("image '{shown}' should not include a tag; remove ':{tag}'"),
        InvalidImage::HasDigest(digest) => {
            format!("image '{shown}' should not include a digest; remove '@{digest}'")
        }
        InvalidImage::Malformed(_) => error.to_string(),
    };
    Invalid::stalled(Reason::ImageURLInvalid, ".spec.image", message)
}

fn compile(patterns: &[String]) -> Result<ExclusionList, Invalid> {
    // Nearly every object has this list and is checked at every turn: it is compiled once.
    static DEFAULT: OnceLock<ExclusionList> = OnceLock::new();
    let is_default = patterns == [DEFAULT_EXCLUSION];
    if let Some(list) = DEFAULT.get().filter(|_| is_default) {
        return Ok(list.clone());
    }
    let compile_one = |(index, pattern): (usize, &String)| {
        Pattern::compile(pattern).map_err(|error| {
            Invalid::stalled(
                Reason::ReadOperationFailed,
                format!(".spec.exclusionList[{index}]"),
                format!("scan failed: failed to compile regex {pattern}: {error}"),
            )
        })
    };
    let list = patterns.iter().enumerate().map(compile_one).collect::<Result<_, _>>().map(ExclusionList)?;
    Ok(if is_default { DEFAULT.get_or_init(|| list).clone() } else { list })
}
