//! What a registry is shown for one ImageRepository (FLUX.md 4.2): docker configurations from `secretRef` and
//! the ServiceAccount's pull secrets, certificates, proxy.

use super::{bytes, proxy_parts, required};
use crate::desk::Desk;
use std::sync::Arc;
use tagalong_api::validate::ValidRepository;
use tagalong_model::ObjectKey;
use tagalong_registry::{Access, AccessScope, Credentials, DockerConfig, Proxy, Tls};

/// Gathers it all from the ImageRepository's own namespace.
///
/// # Errors
/// A sentence that names the Secret and what is missing in it.
pub async fn access<D: Desk>(desk: &D, valid: &ValidRepository) -> Result<Access, String> {
    let namespace = &valid.key.namespace;
    let tls = match &valid.cert_secret {
        None => Tls::default(),
        Some(name) => certificates(desk, namespace, name).await?,
    };
    let proxy = match &valid.proxy_secret {
        None => None,
        Some(name) => {
            let parts = proxy_parts(desk, namespace, name).await?;
            Some(Proxy { address: parts.address, username: parts.username, password: parts.password })
        }
    };
    let credentials = docker_config(desk, valid).await?.and_then(|config| config.find(&valid.image));
    Ok(Access {
        credentials: credentials.unwrap_or(Credentials::Anonymous),
        tls,
        proxy,
        insecure: valid.insecure,
        scope: scope(valid),
    })
}

/// Names what the credentials are made from, without holding any: the same names in the same namespace are the
/// same credentials, and no other namespace shares them (DESIGN 6).
fn scope(valid: &ValidRepository) -> AccessScope {
    let parts = [
        ("secret", &valid.secret),
        ("account", &valid.service_account),
        ("cert", &valid.cert_secret),
        ("proxy", &valid.proxy_secret),
    ];
    let mut scope = String::new();
    for (word, name) in parts {
        if let Some(name) = name {
            scope.push_str(&format!(" {word}={name}"));
        }
    }
    if !scope.is_empty() {
        scope.insert_str(0, &valid.key.namespace);
    }
    if valid.insecure {
        scope.push_str(" insecure");
    }
    AccessScope::new(scope)
}

async fn docker_config<D: Desk>(
    desk: &D,
    valid: &ValidRepository,
) -> Result<Option<Arc<DockerConfig>>, String> {
    let namespace = &valid.key.namespace;
    let mut names: Vec<String> = valid.secret.iter().cloned().collect();
    if let Some(account) = &valid.service_account {
        let account = ObjectKey::new(namespace, account);
        let pull = desk
            .pull_secrets(&account)
            .await
            .map_err(|error| format!("ServiceAccount/{account}: {error}"))?;
        names.extend(pull);
    }
    if names.is_empty() {
        return Ok(desk.default_credentials());
    }
    let mut merged = DockerConfig::default();
    for name in names {
        let data = required(desk, namespace, &name).await?;
        let json = bytes(&data, &[".dockerconfigjson", ".dockercfg"]).ok_or_else(|| {
            format!("Secret/{namespace}/{name}: key '.dockerconfigjson' is missing; create it with `kubectl create secret docker-registry`")
        })?;
        let config =
            DockerConfig::parse(&json).map_err(|error| format!("Secret/{namespace}/{name}: {error}"))?;
        merged.merge(config);
    }
    Ok(Some(Arc::new(merged)))
}

async fn certificates<D: Desk>(desk: &D, namespace: &str, name: &str) -> Result<Tls, String> {
    let data = required(desk, namespace, name).await?;
    let secret = format!("{namespace}/{name}");
    let found = super::certificates(&data, &secret)?;
    if found.ca.is_none() && found.certificate.is_none() {
        return Err(format!("Secret/{secret}: neither 'ca.crt' nor 'tls.crt' with 'tls.key' is set"));
    }
    Ok(Tls {
        ca_pem: found.ca.map(String::into_bytes),
        client_cert_pem: found.certificate.map(String::into_bytes),
        client_key_pem: found.key,
    })
}
