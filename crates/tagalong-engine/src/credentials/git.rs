//! What a Git server is shown for one GitRepository, and what a commit is signed with (FLUX.md 5.1, 5.4).

use super::{Certificates, certificates, proxy_parts, required, text};
use crate::desk::{Desk, SecretData};
use secrecy::ExposeSecret;
use tagalong_api::validate::{Signing, SigningKind, ValidSource};
use tagalong_forge::{App, Memory, installation_token};
use tagalong_git::{Auth, Proxy, Remote, RemoteUrl, Signer, Tls, TrustedKeys};

/// The remote of a GitRepository, with credentials from its own namespace; `ca_pem` is trusted beside the Secret's.
///
/// # Errors
/// A sentence that names the Secret and what is missing in it.
pub async fn remote<D: Desk>(
    desk: &D,
    source: &ValidSource,
    ca_pem: Option<&str>,
    memory: &Memory,
) -> Result<Remote, String> {
    let url: RemoteUrl = source.url.parse().map_err(|error: tagalong_git::GitError| error.to_string())?;
    let namespace = &source.key.namespace;
    let mut app = None;
    let (auth, mut tls) = match &source.secret {
        None => (Auth::None, Tls::default()),
        Some(name) => {
            let data = required(desk, namespace, name).await?;
            let secret = format!("{namespace}/{name}");
            let tls = tls(certificates(&data, &secret)?);
            if source.github_app {
                let found = super::forge::app(&data, &secret)?;
                app = Some(found.ok_or_else(|| format!("Secret/{secret}: key 'githubAppID' is missing"))?);
                (Auth::None, tls)
            } else {
                (auth(&url, &data, &secret)?, tls)
            }
        }
    };
    if let Some(ca_pem) = ca_pem {
        tls.ca_pem = Some(format!("{}\n{ca_pem}", tls.ca_pem.unwrap_or_default()));
    }
    if url.is_ssh() && !matches!(auth, Auth::Ssh { .. }) {
        return Err(format!(
            "GitRepository/{} uses ssh and needs a secretRef with 'identity' and 'known_hosts'",
            source.key
        ));
    }
    let proxy = match &source.proxy_secret {
        None => None,
        Some(name) => {
            let parts = proxy_parts(desk, namespace, name).await?;
            Some(Proxy { address: parts.address, username: parts.username, password: parts.password })
        }
    };
    let remote = Remote { url, auth, tls, proxy, timeout: source.timeout };
    match app {
        None => Ok(remote),
        Some(app) => as_app(remote, &app, memory).await,
    }
}

/// The remote, shown a token of the App's installation.
async fn as_app(remote: Remote, app: &App, memory: &Memory) -> Result<Remote, String> {
    let client = remote.http_client().map_err(|error| error.to_string())?;
    let password = installation_token(app, &remote.url.to_string(), client, memory, remote.timeout).await;
    let password = password.map_err(|error| error.to_string())?;
    Ok(Remote { auth: Auth::Basic { username: "x-access-token".to_owned(), password }, ..remote })
}

fn auth(url: &RemoteUrl, data: &SecretData, secret: &str) -> Result<Auth, String> {
    if url.is_ssh() {
        let need = |key: &str| {
            text(data, secret, key)?
                .ok_or_else(|| format!("Secret/{secret}: key '{key}' is missing; ssh needs it"))
        };
        let known_hosts = need("known_hosts")?.expose_secret().to_owned();
        return Ok(Auth::Ssh {
            identity: need("identity")?,
            password: text(data, secret, "password")?,
            known_hosts,
        });
    }
    if data.keys().any(|key| key.starts_with("githubApp")) {
        return Err(format!("Secret/{secret} holds GitHub App data, which needs .spec.provider github"));
    }
    let bearer = text(data, secret, "bearerToken")?;
    match (bearer, text(data, secret, "username")?, text(data, secret, "password")?) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            Err(format!("Secret/{secret}: 'bearerToken' and 'username' with 'password' exclude each other"))
        }
        (Some(token), None, None) => Ok(Auth::Bearer(token)),
        (None, Some(username), Some(password)) => {
            Ok(Auth::Basic { username: username.expose_secret().to_owned(), password })
        }
        (None, None, None) => Ok(Auth::None),
        _ => Err(format!("Secret/{secret}: 'username' and 'password' must both be set")),
    }
}

fn tls(found: Certificates) -> Tls {
    Tls { ca_pem: found.ca, client_cert_pem: found.certificate, client_key_pem: found.key }
}

/// What commits are signed with: `git.asc` for GPG, `identity` for ssh, from the automation's namespace.
///
/// # Errors
/// A sentence that names the Secret and what is wrong with the key in it.
pub async fn signer<D: Desk>(desk: &D, namespace: &str, signing: &Signing) -> Result<Signer, String> {
    let data = required(desk, namespace, &signing.secret).await?;
    let secret = format!("{namespace}/{}", signing.secret);
    let (key, passphrase) = match signing.kind {
        SigningKind::Gpg => ("git.asc", "passphrase"),
        SigningKind::Ssh => ("identity", "password"),
    };
    let private = text(&data, &secret, key)?.ok_or_else(|| {
        format!("Secret/{secret}: key '{key}' is missing; it holds the private signing key")
    })?;
    let passphrase = text(&data, &secret, passphrase)?;
    let signer = match signing.kind {
        SigningKind::Gpg => Signer::gpg(&private, passphrase.as_ref()),
        SigningKind::Ssh => Signer::ssh(&private, passphrase.as_ref()),
    };
    signer.map_err(|error| format!("Secret/{secret}: {error}"))
}

/// The public keys whose signatures count, from a Secret beside the GitRepository.
///
/// # Errors
/// Why the Secret cannot be read.
pub async fn trusted<D: Desk>(desk: &D, namespace: &str, secret: &str) -> Result<TrustedKeys, String> {
    let mut keys = TrustedKeys::default();
    for (name, value) in required(desk, namespace, secret).await? {
        keys.add(&name, value.expose_secret());
    }
    Ok(keys)
}
