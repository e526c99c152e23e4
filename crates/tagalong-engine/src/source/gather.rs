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
    /// For signatures, or why there are none; that matters only once something is to be verified.
    pub(super) keys: Result<TrustedKeys, String>,
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
        None => Err("none are asked for".to_owned()),
        Some(verify) => {
            credentials::git::trusted(&context.desk, &valid.source.key.namespace, &verify.secret).await
        }
    };
    Ok(Gathered { remote, keys })
}
