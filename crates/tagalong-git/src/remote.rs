//! How a repository is reached: address, credentials, certificates, proxy, timeout. Filled by the engine from a
//! GitRepository and its Secrets.

use crate::{error::Result, url::RemoteUrl};
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, time::Duration};

/// Everything needed to talk to one repository.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Where it is.
    pub url: RemoteUrl,
    /// Who we are.
    pub auth: Auth,
    /// Certificates for https.
    pub tls: Tls,
    /// The proxy to go through; without one the `HTTPS_PROXY` family of variables counts for http(s).
    pub proxy: Option<Proxy>,
    /// The longest one operation (tip, fetch, push) may take in all.
    pub timeout: Duration,
}

/// Credentials.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Anonymous, or what the URL itself carries.
    #[default]
    None,
    /// HTTP basic, sent with the first request.
    Basic {
        /// User name.
        username: String,
        /// Password or token.
        password: SecretString,
    },
    /// An HTTP bearer token, sent with the first request.
    Bearer(SecretString),
    /// An ssh key.
    Ssh {
        /// The private key as OpenSSH or PEM text.
        identity: SecretString,
        /// What the key is encrypted with.
        password: Option<SecretString>,
        /// Lines of a `known_hosts` file; the server's key must be among them.
        known_hosts: String,
    },
}

/// Certificates, as PEM text.
#[derive(Clone, Default)]
pub struct Tls {
    /// Authorities trusted beside the system's.
    pub ca_pem: Option<String>,
    /// Our certificate for mutual TLS.
    pub client_cert_pem: Option<String>,
    /// Its private key.
    pub client_key_pem: Option<SecretString>,
}

/// A proxy of scheme `http`, `https`, `socks5` or `socks5h`; ssh goes through the latter two only.
#[derive(Clone)]
pub struct Proxy {
    /// `scheme://host:port`.
    pub address: String,
    /// User name, if the proxy asks for one.
    pub username: Option<String>,
    /// Password, if the proxy asks for one.
    pub password: Option<SecretString>,
}

impl Remote {
    /// A remote without credentials, certificates or proxy and with Flux's timeout of one minute.
    pub fn new(url: RemoteUrl) -> Self {
        Self { url, auth: Auth::None, tls: Tls::default(), proxy: None, timeout: Duration::from_secs(60) }
    }

    /// A client with the remote's certificates and proxy, for who asks its host something beside Git. It follows no
    /// redirects and carries no credentials.
    ///
    /// # Errors
    /// `Invalid` where a certificate, key or proxy cannot be used.
    pub fn http_client(&self) -> Result<reqwest::Client> {
        crate::wire::http_client(self)
    }

    /// User name and password for HTTP, from the credentials or else from the URL.
    pub(crate) fn basic(&self) -> Option<(&str, &str)> {
        match &self.auth {
            Auth::Basic { username, password } => Some((username, password.expose_secret())),
            Auth::None => self.url.user_info().map(|(user, password)| (user, password.expose_secret())),
            Auth::Bearer(_) | Auth::Ssh { .. } => None,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca_pem", &self.ca_pem.is_some())
            .field("client_cert_pem", &self.client_cert_pem.is_some())
            .field("client_key_pem", &self.client_key_pem.is_some())
            .finish()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("username", &self.username).finish_non_exhaustive()
    }
}
