//! Asks the registry what stands behind a tag: the digest of the selected tag, when the policy reflects digests
//! (FLUX.md 1.2), and that of candidates, when gates need to know. The only requests a policy's turn can make.

use super::{Failure, Retry};
use crate::context::Context;
use crate::desk::Desk;
use crate::repository::listing_key;
use std::time::Instant;
use tagalong_api::validate::{DigestReflection, ValidPolicy, ValidRepository};
use tagalong_api::{ImagePolicy, ImageReference, Reason};
use tagalong_model::{Digest, Platform, Tag};
use tagalong_registry::{Access, ErrorKind, Reference};
use tagalong_store::ListingKey;

/// One image and how it is asked about.
pub(super) struct Asker<'a, D> {
    pub(super) context: &'a Context<D>,
    pub(super) repository: &'a ValidRepository,
    pub(super) access: &'a Access,
}

impl<D: Desk> Asker<'_, D> {
    /// The image as `status.latestRef.name` spells it.
    pub(super) fn image(&self) -> &str {
        self.repository.image.as_str()
    }

    /// Where its tag list and first sights are kept.
    pub(super) fn listing_key(&self) -> ListingKey {
        listing_key(self.repository, self.access)
    }

    /// The digest that a tag points to; `None` where there is no manifest.
    pub(super) async fn digest_if_there(&self, tag: &str) -> Result<Option<Digest>, Failure> {
        let image = &self.repository.image;
        let failure = |why: String| Failure {
            reason: Reason::Failure,
            message: format!("failed fetching digest of {image}:{tag}: {why}"),
            retry: Retry::BackOff,
        };
        let parsed: Tag =
            tag.parse().map_err(|error: tagalong_model::InvalidTag| failure(error.to_string()))?;
        let deadline = Instant::now() + self.repository.timeout;
        match self.context.registry.digest(image, &parsed, self.access, deadline).await {
            Ok(digest) => Ok(Some(digest)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failure(error.to_string())),
        }
    }

    /// What an image runs on; `None` where it went while it was asked about.
    pub(super) async fn platforms(
        &self,
        tag: &str,
        digest: &Digest,
    ) -> Result<Option<Vec<Platform>>, Failure> {
        let image = &self.repository.image;
        let deadline = Instant::now() + self.repository.timeout;
        match self.context.registry.platforms(image, Reference::Digest(digest), self.access, deadline).await {
            Ok(platforms) => Ok(Some(platforms)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure {
                reason: Reason::Failure,
                message: format!("failed fetching platforms of {image}:{tag}: {error}"),
                retry: Retry::BackOff,
            }),
        }
    }

    /// The selected image, with its digest where the policy wants one: `IfNotPresent` asks only when name or tag
    /// moved or no digest is known, `Always` asks each time. `looked` is the digest that this turn found already.
    pub(super) async fn reflect(
        &self,
        object: &ImagePolicy,
        valid: &ValidPolicy,
        tag: &str,
        looked: Option<&Digest>,
    ) -> Result<ImageReference, Failure> {
        let name = self.image().to_owned();
        let known = object
            .status
            .as_ref()
            .and_then(|status| status.latest_ref.as_ref())
            .filter(|latest| latest.name == name && latest.tag == tag)
            .and_then(|latest| latest.digest.clone());
        let digest = match (valid.digest, known, looked) {
            (DigestReflection::Never, _, _) => None,
            (DigestReflection::IfNotPresent, Some(known), _) => Some(known),
            (_, _, Some(looked)) => Some(looked.to_string()),
            _ => Some(self.digest(tag).await?),
        };
        Ok(ImageReference { name, tag: tag.to_owned(), digest })
    }

    async fn digest(&self, tag: &str) -> Result<String, Failure> {
        let digest = self.digest_if_there(tag).await?.ok_or_else(|| Failure {
            reason: Reason::Failure,
            message: format!(
                "failed fetching digest of {}:{tag}: it is not there (404)",
                self.repository.image
            ),
            retry: Retry::BackOff,
        })?;
        Ok(digest.to_string())
    }
}
