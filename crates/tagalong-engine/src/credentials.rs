//! From Secrets to what the clients are shown: one file per client. Called by the gather steps.
//!
//! Every error here names the Secret and the key, never a value.

pub mod forge;
pub mod git;
pub mod registry;

use crate::desk::{Desk, SecretData};
use secrecy::{ExposeSecret, SecretString};
use tagalong_model::ObjectKey;

/// A Secret that must exist.
async fn required<D: Desk>(desk: &D, namespace: &str, name: &str) -> Result<SecretData, String> {
    let key = ObjectKey::new(namespace, name);
    match desk.secret(&key).await {
        Ok(Some(data)) => Ok(data),
        Ok(None) => Err(format!("Secret/{key} not found; create it in namespace {namespace}")),
        Err(error) => Err(format!("Secret/{key}: {error}")),
    }
}

/// The bytes under the first of `keys` that is there; later ones are Flux's legacy spellings.
fn bytes(data: &SecretData, keys: &[&str]) -> Option<Vec<u8>> {
    keys.iter().find_map(|key| data.get(*key)).map(|value| value.expose_secret().to_vec())
}

/// A text value; `Err` where it is not UTF-8.
fn text(data: &SecretData, secret: &str, key: &str) -> Result<Option<SecretString>, String> {
    let Some(value) = data.get(key) else { return Ok(None) };
    let text = std::str::from_utf8(value.expose_secret())
        .map_err(|_| format!("Secret/{secret}: key '{key}' is not text"))?;
    Ok(Some(SecretString::from(text.to_owned())))
}

/// CA, certificate and key of a Secret, with Flux's legacy spellings.
struct Certificates {
    ca: Option<String>,
    certificate: Option<String>,
    key: Option<SecretString>,
}

fn certificates(data: &SecretData, secret: &str) -> Result<Certificates, String> {
    let either = |key: &str, legacy: &str| match text(data, secret, key)? {
        Some(value) => Ok::<_, String>(Some(value)),
        None => text(data, secret, legacy),
    };
    let plain = |value: Option<SecretString>| value.map(|value| value.expose_secret().to_owned());
    let found = Certificates {
        ca: plain(either("ca.crt", "caFile")?),
        certificate: plain(either("tls.crt", "certFile")?),
        key: either("tls.key", "keyFile")?,
    };
    if found.certificate.is_some() == found.key.is_some() {
        Ok(found)
    } else {
        Err(format!("Secret/{secret}: 'tls.crt' and 'tls.key' must both be set, or neither"))
    }
}

/// `address`, `username`, `password` of a proxy Secret.
struct ProxyParts {
    address: String,
    username: Option<String>,
    password: Option<SecretString>,
}

async fn proxy_parts<D: Desk>(desk: &D, namespace: &str, name: &str) -> Result<ProxyParts, String> {
    let data = required(desk, namespace, name).await?;
    let secret = format!("{namespace}/{name}");
    let address = text(&data, &secret, "address")?
        .ok_or_else(|| format!("Secret/{secret}: key 'address' is missing; it holds the proxy's URL"))?;
    let username = text(&data, &secret, "username")?.map(|name| name.expose_secret().trim().to_owned());
    let password = text(&data, &secret, "password")?;
    Ok(ProxyParts { address: address.expose_secret().trim().to_owned(), username, password })
}
