//! What the host of pull requests is shown: a token of its own, or what Git uses.

use super::{required, text};
use crate::desk::Desk;
use secrecy::SecretString;
use tagalong_git::{Auth, Remote};

/// The token for the host of `remote`, from a Secret of `namespace` where one is named.
///
/// # Errors
/// A sentence that names the Secret and what is missing in it.
pub async fn token<D: Desk>(
    desk: &D,
    namespace: &str,
    secret: Option<&str>,
    remote: &Remote,
) -> Result<SecretString, String> {
    if let Some(name) = secret {
        let data = required(desk, namespace, name).await?;
        let secret = format!("{namespace}/{name}");
        return text(&data, &secret, "token")?
            .ok_or_else(|| format!("Secret/{secret}: key 'token' is missing; it holds the host's token"));
    }
    match &remote.auth {
        Auth::Basic { password, .. } => Ok(password.clone()),
        Auth::Bearer(token) => Ok(token.clone()),
        Auth::None | Auth::Ssh { .. } => {
            Err("the GitRepository's Secret holds no token; name one in .spec.git.pullRequest.secretRef"
                .to_owned())
        }
    }
}
