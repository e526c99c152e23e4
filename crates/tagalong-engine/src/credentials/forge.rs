//! What the host of pull requests is shown: a token of its own, or what Git uses.

use super::{required, text};
use crate::desk::{Desk, SecretData};
use secrecy::ExposeSecret;
use tagalong_forge::{App, Credentials};
use tagalong_git::{Auth, Remote};

/// The credentials for the host of `remote`, from a Secret of `namespace` where one is named.
///
/// # Errors
/// A sentence that names the Secret and what is missing in it.
pub async fn credentials<D: Desk>(
    desk: &D,
    namespace: &str,
    secret: Option<&str>,
    remote: &Remote,
) -> Result<Credentials, String> {
    if let Some(name) = secret {
        let data = required(desk, namespace, name).await?;
        let secret = format!("{namespace}/{name}");
        if let Some(app) = app(&data, &secret)? {
            return Ok(Credentials::App(app));
        }
        let token = text(&data, &secret, "token")?;
        return token
            .map(Credentials::Token)
            .ok_or_else(|| format!("Secret/{secret}: key 'token' is missing; it holds the host's token"));
    }
    match &remote.auth {
        Auth::Basic { password, .. } => Ok(Credentials::Token(password.clone())),
        Auth::Bearer(token) => Ok(Credentials::Token(token.clone())),
        Auth::None | Auth::Ssh { .. } => {
            Err("the GitRepository's Secret holds no token; name one in .spec.git.pullRequest.secretRef"
                .to_owned())
        }
    }
}

/// The GitHub App of a Secret, by the keys that Flux has for it; `None` where it holds none of them.
///
/// # Errors
/// A sentence that names the Secret and the key that is missing.
pub(super) fn app(data: &SecretData, secret: &str) -> Result<Option<App>, String> {
    if !data.keys().any(|key| key.starts_with("githubApp")) {
        return Ok(None);
    }
    let need = |key: &str| {
        text(data, secret, key)?
            .ok_or_else(|| format!("Secret/{secret}: key '{key}' is missing; a GitHub App needs it"))
    };
    let plain = |key: &str| need(key).map(|value| value.expose_secret().trim().to_owned());
    Ok(Some(App {
        id: plain("githubAppID")?,
        installation: plain("githubAppInstallationID")?,
        key: need("githubAppPrivateKey")?,
        api: text(data, secret, "githubAppBaseURL")?.map(|api| api.expose_secret().trim().to_owned()),
    }))
}
