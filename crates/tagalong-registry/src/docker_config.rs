//! Docker's `config.json` and the older `.dockercfg`, as pull secrets hold them. Used by the engine.

use crate::Credentials;
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use tagalong_model::ImageName;

/// The credentials of one or several pull secrets.
#[derive(Debug, Clone, Default)]
pub struct DockerConfig(Vec<Entry>);

/// The secret is not what it should be. Says where, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDockerConfig {
    /// No JSON object of the right shape.
    #[error("the Docker configuration is no JSON object with `auths`")]
    Malformed,
    /// An `auth` that is no base64 of `name:password`.
    #[error("the Docker configuration's `auth` for {0:?} is no base64 of name:password")]
    Auth(String),
}

#[derive(Debug, Clone)]
struct Entry {
    place: Place,
    credentials: Credentials,
}

/// What a key stands for: a host, with `*` for any one label, and the beginning of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    host: String,
    path: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    auths: BTreeMap<String, Auth>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Auth {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
    registrytoken: Option<SecretString>,
}

impl DockerConfig {
    /// Reads `.dockerconfigjson` (`{"auths": {…}}`) or `.dockercfg` (the same without `auths`).
    ///
    /// # Errors
    /// [`InvalidDockerConfig`], which never repeats a secret.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidDockerConfig> {
        let auths = match serde_json::from_slice::<Document>(json) {
            Ok(document) => document.auths,
            Err(_) => serde_json::from_slice::<BTreeMap<String, Auth>>(json)
                .ok()
                .filter(|auths| !auths.contains_key("auths"))
                .ok_or(InvalidDockerConfig::Malformed)?,
        };
        let mut config = Self::default();
        for (key, auth) in auths {
            let credentials = auth.credentials(&key)?;
            config.add(Entry { place: Place::parse(&key), credentials });
        }
        Ok(config)
    }

    /// Adds another secret's credentials; where both speak for one place, the first stays.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|entry| self.add(entry));
    }

    fn add(&mut self, entry: Entry) {
        if !self.0.iter().any(|held| held.place == entry.place) {
            self.0.push(entry);
        }
    }

    /// The credentials for this image: the longest path that fits, an exact host before one with `*`.
    pub fn find(&self, image: &ImageName) -> Option<Credentials> {
        let host = canonical_host(image.registry());
        let path: Vec<&str> = image.repository().split('/').collect();
        let fits = self.0.iter().filter(|entry| entry.place.covers(&host, &path));
        let best = fits.max_by_key(|entry| (entry.place.path.len(), !entry.place.host.contains('*')));
        best.map(|entry| entry.credentials.clone())
    }
}

impl Auth {
    /// As Docker reads it: tokens first, then `auth`, which overrides `username` and `password`.
    fn credentials(self, key: &str) -> Result<Credentials, InvalidDockerConfig> {
        let given = |secret: Option<SecretString>| secret.filter(|s| !s.expose_secret().is_empty());
        if let Some(token) = given(self.registrytoken) {
            return Ok(Credentials::RegistryToken(token));
        }
        if let Some(token) = given(self.identitytoken) {
            return Ok(Credentials::IdentityToken(token));
        }
        if let Some(auth) = given(self.auth) {
            let invalid = || InvalidDockerConfig::Auth(key.chars().take(100).collect());
            let (username, password) = decode(auth.expose_secret()).ok_or_else(invalid)?;
            // Docker's mark for an identity token that was stored as a password.
            if username == "<token>" {
                return Ok(Credentials::IdentityToken(password));
            }
            return Ok(Credentials::Basic { username, password });
        }
        match (self.username.filter(|u| !u.is_empty()), given(self.password)) {
            (None, None) => Ok(Credentials::Anonymous),
            (username, password) => Ok(Credentials::Basic {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_default(),
            }),
        }
    }
}

fn decode(auth: &str) -> Option<(String, SecretString)> {
    // People encode with tools that leave the padding out or end with a line break.
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&STANDARD, config).decode(auth.trim()).ok()?;
    let text = SecretString::from(String::from_utf8(bytes).ok()?);
    let (username, password) = text.expose_secret().split_once(':')?;
    // Docker strips what old tools left behind.
    Some((username.to_owned(), password.trim_end_matches('\0').into()))
}

impl Place {
    /// Reads `host[:port]`, `host/path`, or a URL; the API version that Docker Hub's key ends with says nothing.
    fn parse(key: &str) -> Self {
        let key = key.trim();
        let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut path: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        if path.first().is_some_and(|first| first == "v1" || first == "v2") {
            path.remove(0);
        }
        Self { host: canonical_host(host), path }
    }

    fn covers(&self, host: &str, path: &[&str]) -> bool {
        let begins = self.path.len() <= path.len() && self.path.iter().zip(path).all(|(a, b)| a == b);
        begins && covers_host(&self.host, host)
    }
}

/// Docker Hub under its one name, everything in lower case, without the port that https means anyway.
fn canonical_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    match host {
        "docker.io" | "registry-1.docker.io" | "www.docker.io" => "index.docker.io".to_owned(),
        _ => host.to_owned(),
    }
}

/// `*.example.com` covers `a.example.com` and not `a.b.example.com` (Kubernetes' pull secrets).
fn covers_host(pattern: &str, host: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == host;
    }
    let (patterns, labels): (Vec<&str>, Vec<&str>) =
        (pattern.split('.').collect(), host.split('.').collect());
    patterns.len() == labels.len() && patterns.iter().zip(labels).all(|(p, l)| covers_label(p, l))
}

fn covers_label(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((head, tail)) => {
            let Some(rest) = label.strip_prefix(head) else { return false };
            (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| covers_label(tail, rest))
        }
    }
}
