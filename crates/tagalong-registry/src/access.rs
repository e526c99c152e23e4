//! With what a registry is asked: credentials, certificates, proxy. Made by the engine from an object's Secrets.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Everything that one object brings to its registry.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Who we are.
    pub credentials: Credentials,
    /// Certificates beside the system's.
    pub tls: Tls,
    /// The proxy; without one the environment's (`HTTPS_PROXY` and its kin) is used, as Flux does.
    pub proxy: Option<Proxy>,
    /// Plain http is allowed to any host.
    pub insecure: bool,
    /// Whose credentials these are.
    pub scope: AccessScope,
}

/// Who we are to a registry.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nobody; a token may still be fetched without a name.
    #[default]
    Anonymous,
    /// A name and a password, also as given to a token service.
    Basic {
        /// The name.
        username: String,
        /// The password or access token.
        password: SecretString,
    },
    /// A refresh token for the token service (`identitytoken` of Docker's configuration).
    IdentityToken(SecretString),
    /// A token for the registry itself (`registrytoken` of Docker's configuration).
    RegistryToken(SecretString),
}

/// Certificates, in PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Trusted beside the system's (`ca.crt`).
    pub ca_pem: Option<Vec<u8>>,
    /// Shown to the server (`tls.crt`).
    pub client_cert_pem: Option<Vec<u8>>,
    /// Its key (`tls.key`).
    pub client_key_pem: Option<SecretString>,
}

/// A proxy: `http://`, `https://` or `socks5://host:port`.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Where it listens.
    pub address: String,
    /// The name it wants.
    pub username: Option<String>,
    /// The password it wants.
    pub password: Option<SecretString>,
}

/// Says "same credentials" without saying which: made of a namespace and the names of Secrets, never of their
/// content. Tokens and running scans are shared only within one scope. The empty scope is the anonymous one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AccessScope(String);

impl AccessScope {
    /// A scope with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A hash of settings, kept in memory only. Two accesses that differ in one byte never share anything, even if
/// the caller gave them one scope: a rotated password does not live on in a cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

/// Feeds fields into a hash with their lengths, so that no two lists of fields read the same.
struct Fields(Sha256);

impl Fields {
    fn add(&mut self, field: Option<&[u8]>) {
        let length = field.map_or(u64::MAX, |bytes| bytes.len() as u64);
        self.0.update(length.to_le_bytes());
        self.0.update(field.unwrap_or_default());
    }

    fn secret(&mut self, field: Option<&SecretString>) {
        self.add(field.map(|secret| secret.expose_secret().as_bytes()));
    }

    fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

impl Access {
    /// What decides over the connections: certificates and proxy.
    pub(crate) fn connection_fingerprint(&self) -> Fingerprint {
        let mut fields = Fields(Sha256::new());
        self.add_connection(&mut fields);
        fields.finish()
    }

    /// Everything, credentials and scope included.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut fields = Fields(Sha256::new());
        self.add_connection(&mut fields);
        fields.add(Some(self.scope.0.as_bytes()));
        fields.add(Some(&[u8::from(self.insecure)]));
        match &self.credentials {
            Credentials::Anonymous => fields.add(Some(b"anonymous")),
            Credentials::Basic { username, password } => {
                fields.add(Some(b"basic"));
                fields.add(Some(username.as_bytes()));
                fields.secret(Some(password));
            }
            Credentials::IdentityToken(token) => {
                fields.add(Some(b"identity"));
                fields.secret(Some(token));
            }
            Credentials::RegistryToken(token) => {
                fields.add(Some(b"registry"));
                fields.secret(Some(token));
            }
        }
        fields.finish()
    }

    fn add_connection(&self, fields: &mut Fields) {
        fields.add(self.tls.ca_pem.as_deref());
        fields.add(self.tls.client_cert_pem.as_deref());
        fields.secret(self.tls.client_key_pem.as_ref());
        fields.add(self.proxy.as_ref().map(|p| p.address.as_bytes()));
        fields.add(self.proxy.as_ref().and_then(|p| p.username.as_deref()).map(str::as_bytes));
        fields.secret(self.proxy.as_ref().and_then(|p| p.password.as_ref()));
    }
}

impl Tls {
    /// Whether the object brought certificates of its own: then it expects TLS.
    pub(crate) fn is_set(&self) -> bool {
        self.ca_pem.is_some() || self.client_cert_pem.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_difference_is_another_fingerprint_and_nothing_secret_is_printed() {
        let basic = |username: &str, password: &str, scope: &str| Access {
            credentials: Credentials::Basic { username: username.into(), password: password.into() },
            scope: AccessScope::new(scope),
            ..Access::default()
        };
        let all = [
            Access::default(),
            basic("a", "hunter2", "x"),
            basic("a", "hunter3", "x"),
            basic("ah", "unter2", "x"),
            basic("a", "hunter2", "y"),
            Access { insecure: true, ..Access::default() },
            Access { credentials: Credentials::IdentityToken("hunter2".into()), ..Access::default() },
            Access { credentials: Credentials::RegistryToken("hunter2".into()), ..Access::default() },
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(!format!("{a:?}").contains("hunter"));
            for (j, b) in all.iter().enumerate() {
                assert_eq!(a.fingerprint() == b.fingerprint(), i == j);
            }
        }
    }
}
