//! Credentials of an image, from the Secrets that its ImageRepository names. Also used where a policy asks for
//! digests and by `tagalong check`.

use super::Failure;
use crate::credentials;
use crate::desk::Desk;
use tagalong_api::Reason;
use tagalong_api::validate::ValidRepository;
use tagalong_registry::Access;
use tagalong_store::ListingKey;

/// What to show the registry.
pub(crate) async fn access<D: Desk>(desk: &D, valid: &ValidRepository) -> Result<Access, Failure> {
    credentials::registry::access(desk, valid).await.map_err(|message| Failure {
        reason: Reason::AuthenticationFailed,
        message: format!("failed to configure authentication options: {message}"),
        stalled: false,
    })
}

/// Under which key the tag list of this image, seen with these credentials, is kept.
pub fn listing_key(valid: &ValidRepository, access: &Access) -> ListingKey {
    ListingKey::new(&valid.image, access.scope.as_str())
}
