//! Asks the registry for the digest of the selected tag, when the policy reflects digests (FLUX.md 1.2): the only
//! request a policy's turn can make.

use super::{Failure, Retry};
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use std::time::Instant;
use tagalong_api::validate::{DigestReflection, ValidPolicy, ValidRepository};
use tagalong_api::{ImagePolicy, ImageReference, Reason};
use tagalong_model::Tag;

/// The selected image, with its digest where the policy wants one: `IfNotPresent` asks only when name or tag
/// moved or no digest is known, `Always` asks each time.
pub(crate) async fn reflect<D: Desk>(
    context: &Context<D>,
    object: &ImagePolicy,
    valid: &ValidPolicy,
    repository: &ValidRepository,
    tag: &str,
) -> Result<ImageReference, Failure> {
    let name = repository.image.as_str().to_owned();
    let known = object
        .status
        .as_ref()
        .and_then(|status| status.latest_ref.as_ref())
        .filter(|latest| latest.name == name && latest.tag == tag)
        .and_then(|latest| latest.digest.clone());
    let digest = match (valid.digest, known) {
        (DigestReflection::Never, _) => None,
        (DigestReflection::IfNotPresent, Some(known)) => Some(known),
        _ => Some(ask(context, repository, tag).await?),
    };
    Ok(ImageReference { name, tag: tag.to_owned(), digest })
}

async fn ask<D: Desk>(
    context: &Context<D>,
    repository: &ValidRepository,
    tag: &str,
) -> Result<String, Failure> {
    let failure = |message: String| Failure { reason: Reason::Failure, message, retry: Retry::BackOff };
    let access = credentials::registry::access(&context.desk, repository)
        .await
        .map_err(|message| failure(format!("failed to configure authentication options: {message}")))?;
    let parsed: Tag = tag.parse().map_err(|error: tagalong_model::InvalidTag| failure(error.to_string()))?;
    context
        .registry
        .digest(&repository.image, &parsed, &access, Instant::now() + repository.timeout)
        .await
        .map(|digest| digest.to_string())
        .map_err(|error| failure(format!("failed fetching digest of {}:{tag}: {error}", repository.image)))
}
