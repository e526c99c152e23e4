//! What a GitRepository's turn stands on: the remote with its credentials, and the keys of those whose signatures count.

use super::{Failure, Stage};
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use tagalong_api::Reason;
use tagalong_api::validate::ValidArtifact;
use tagalong_git::{Remote, TrustedKeys};

/// Everything that was gathered.
pub(super) struct Gathered {
    pub(super) remote: Remote,
    pub(super) keys: Keys,
}

/// The keys for signatures.
pub(super) enum Keys {
    /// No signature is demanded.
    NotWanted,
    Known(TrustedKeys),
    /// Why there are none; that matters only once something is to be verified.
    Missing(String),
}

pub(super) async fn gather<D: Desk>(
    context: &Context<D>,
    valid: &ValidArtifact,
) -> Result<Gathered, Failure> {
    let ca_pem = context.settings.ca_pem.as_deref();
    let remote = credentials::git::remote(&context.desk, &valid.source, ca_pem, &context.hosts.memory)
        .await
        .map_err(|message| {
            let message = format!("failed to configure authentication options: {message}");
            Failure::at(Stage::Fetch, Reason::AuthenticationFailed, message)
        })?;
    let keys = match &valid.verify {
        None => Keys::NotWanted,
        Some(verify) => {
            let namespace = &valid.source.key.namespace;
            match credentials::git::trusted(&context.desk, namespace, &verify.secret).await {
                Ok(keys) => Keys::Known(keys),
                Err(why) => Keys::Missing(why),
            }
        }
    };
    Ok(Gathered { remote, keys })
}
