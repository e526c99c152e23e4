//! Checks that several kinds share: durations, references, keys.

use super::Invalid;
use crate::{LocalReference, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::time::Duration;
use tagalong_model::{ObjectKey, parse_duration};

/// The key of an object; its namespace defaults to `default`.
pub(super) fn key(metadata: &ObjectMeta) -> ObjectKey {
    let namespace =
        metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty()).unwrap_or("default");
    ObjectKey::new(namespace, metadata.name.as_deref().unwrap_or_default())
}

/// The key of a referent; its namespace defaults to that of `from`.
pub(super) fn referent(from: &ObjectKey, namespace: Option<&str>, name: &str) -> ObjectKey {
    ObjectKey::new(namespace.filter(|namespace| !namespace.is_empty()).unwrap_or(&from.namespace), name)
}

/// The name in a reference.
pub(super) fn name(reference: Option<&LocalReference>) -> Option<String> {
    reference.map(|reference| reference.name.clone())
}

/// A duration longer than zero: an interval of nothing would never rest.
pub(super) fn interval(field: &str, text: &str) -> Result<Duration, Invalid> {
    let invalid =
        |why: String| Invalid::stalled(Reason::IntervalNotConfigured, field, format!("{field}: {why}"));
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err(invalid("must be longer than zero, such as 5m".to_owned())),
        Ok(duration) => Ok(duration),
        Err(error) => Err(invalid(error.to_string())),
    }
}

/// A timeout of at least a second, as Flux raises it.
pub(super) fn timeout(field: &str, text: Option<&str>, default: Duration) -> Result<Duration, Invalid> {
    let duration = text.map_or(Ok(default), parse_duration);
    let duration = duration.map_err(|error| {
        Invalid::stalled(Reason::IntervalNotConfigured, field, format!("{field}: {error}"))
    })?;
    Ok(duration.max(Duration::from_secs(1)))
}

/// Refuses every provider but generic: logging in with a cloud's own identity is not supported yet.
pub(super) fn generic_provider(provider: Option<&str>) -> Result<(), Invalid> {
    match provider {
        None | Some("" | "generic") => Ok(()),
        Some(other) => Err(Invalid::stalled(
            Reason::InvalidProviderConfiguration,
            ".spec.provider",
            format!(
                ".spec.provider: '{other}' is not supported yet; use 'generic' and put credentials into secretRef"
            ),
        )),
    }
}
