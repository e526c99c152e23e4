//! The http client: certificates, proxy and credentials of one remote.

use super::failure::deepest;
use crate::{
    error::{ErrorKind, GitError, Result},
    remote::{Auth, Proxy, Remote, Tls},
    wire::Client,
};
use base64::Engine as _;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::PoisonError,
};

/// A client and what it was made of.
pub(crate) struct Keyed {
    key: u64,
    client: reqwest::Client,
}

pub(super) fn authorization(remote: &Remote) -> Result<Option<HeaderValue>> {
    let text = match &remote.auth {
        Auth::Bearer(token) => format!("Bearer {}", token.expose_secret()),
        _ => match remote.basic() {
            Some((user, password)) => {
                format!(
                    "Basic {}",
                    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
                )
            }
            None => return Ok(None),
        },
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        GitError::new(ErrorKind::Invalid, "the bearer token holds characters that no HTTP header may have")
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

pub(super) fn shared(slot: &Client, remote: &Remote) -> Result<reqwest::Client> {
    let mut hasher = DefaultHasher::new();
    let Tls { ca_pem, client_cert_pem, client_key_pem } = &remote.tls;
    (ca_pem, client_cert_pem, client_key_pem.as_ref().map(ExposeSecret::expose_secret)).hash(&mut hasher);
    if let Some(Proxy { address, username, password }) = &remote.proxy {
        (address, username, password.as_ref().map(ExposeSecret::expose_secret)).hash(&mut hasher);
    }
    let key = hasher.finish();
    let mut slot = slot.http.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = slot.as_ref().filter(|kept| kept.key == key) {
        return Ok(kept.client.clone());
    }
    let client = build(remote)?;
    *slot = Some(Keyed { key, client: client.clone() });
    Ok(client)
}

pub(crate) fn build(remote: &Remote) -> Result<reqwest::Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race to another installer is as good as winning it.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let invalid = |what: &str, error: &reqwest::Error| {
        GitError::new(ErrorKind::Invalid, format!("{what} cannot be used: {}", deepest(error)))
    };
    let mut builder =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).tcp_nodelay(true);
    if let Some(ca) = &remote.tls.ca_pem {
        let roots = reqwest::Certificate::from_pem_bundle(ca.as_bytes())
            .map_err(|error| invalid("the certificate authority (ca.crt)", &error))?;
        if roots.is_empty() {
            return Err(GitError::new(
                ErrorKind::Invalid,
                "the certificate authority (ca.crt) holds no PEM certificate",
            ));
        }
        builder = builder.tls_certs_merge(roots);
    }
    match (&remote.tls.client_cert_pem, &remote.tls.client_key_pem) {
        (Some(cert), Some(key)) => {
            let pem = format!("{cert}\n{}", key.expose_secret());
            builder = builder.identity(
                reqwest::Identity::from_pem(pem.as_bytes())
                    .map_err(|error| invalid("the client certificate (tls.crt, tls.key)", &error))?,
            );
        }
        (None, None) => {}
        _ => {
            return Err(GitError::new(
                ErrorKind::Invalid,
                "a client certificate needs both tls.crt and tls.key",
            ));
        }
    }
    if let Some(proxy) = &remote.proxy {
        let mut through =
            reqwest::Proxy::all(&proxy.address).map_err(|error| invalid("the proxy's address", &error))?;
        if let Some(user) = &proxy.username {
            through = through.basic_auth(
                user,
                proxy.password.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default(),
            );
        }
        builder = builder.no_proxy().proxy(through);
    }
    builder.build().map_err(|error| invalid("the TLS settings", &error))
}
