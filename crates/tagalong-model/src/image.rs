//! Names of images and whole references, with the defaults of Docker's reference grammar. Made from
//! `ImageRepository.spec.image` and from the values at sites.

use crate::{Digest, Tag};
use std::{fmt, str::FromStr};

/// The registry that names without a host mean.
const DEFAULT_REGISTRY: &str = "index.docker.io";

/// The name of an image repository: no scheme, no tag, no digest.
///
/// Keeps the spelling it was given (`alpine`), which is what `:name` markers write, and knows the canonical
/// form (`index.docker.io/library/alpine`), which is what registries and caches are asked with.
#[derive(Clone)]
pub struct ImageName {
    spelled: String,
    registry: String,
    repository: String,
}

/// Why a text is no image name or reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImage {
    /// `https://…`
    #[error(".spec.image value should not start with URL scheme; remove '{0}://'")]
    Scheme(String),
    /// `name:tag` where a name alone is wanted.
    #[error(".spec.image value should not contain a tag; remove ':{0}'")]
    HasTag(String),
    /// `name@digest` where a name alone is wanted.
    #[error(".spec.image value should not contain a digest; remove '@{0}'")]
    HasDigest(String),
    /// Anything else that breaks the grammar.
    #[error("{0:?} is no image name; expected [host[:port]/]path in lower case, such as ghcr.io/acme/app")]
    Malformed(String),
}

impl ImageName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// Host and optional port; `index.docker.io` where none was written or Docker Hub was meant.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path on the registry; `library/` is added for Docker Hub's one-word names only.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// `registry/repository`: the form in status and cache keys.
    pub fn canonical(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

/// Two spellings of one repository are one image.
impl PartialEq for ImageName {
    fn eq(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }
}
impl Eq for ImageName {}

impl FromStr for ImageName {
    type Err = InvalidImage;
    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        let malformed = || InvalidImage::Malformed(text.chars().take(200).collect());
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(InvalidImage::Scheme(scheme.chars().take(20).collect()));
        }
        if let Some((_, digest)) = text.split_once('@') {
            return Err(InvalidImage::HasDigest(digest.chars().take(80).collect()));
        }
        if let Some((_, tag)) = split_tag(text) {
            return Err(InvalidImage::HasTag(tag.chars().take(130).collect()));
        }
        let (registry, path) = match text.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" || has_upper(host) => {
                (host, path)
            }
            _ => (DEFAULT_REGISTRY, text),
        };
        if !valid_host(registry) || text.len() > 512 || !path.split('/').all(valid_component) {
            return Err(malformed());
        }
        let hub = matches!(registry, DEFAULT_REGISTRY | "docker.io" | "registry-1.docker.io");
        let repository = if hub && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        let registry = if hub { DEFAULT_REGISTRY.to_owned() } else { registry.to_ascii_lowercase() };
        Ok(Self { spelled: text.to_owned(), registry, repository })
    }
}

/// Splits `name:tag` at the colon that a tag follows; a port's colon is followed by a slash.
fn split_tag(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(':').filter(|(_, tail)| !tail.contains('/'))
}

fn has_upper(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_uppercase())
}

fn valid_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, tail)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
                return tail.is_empty() || tail.strip_prefix(':').is_some_and(valid_port);
            }
            _ => return false,
        },
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let label = |l: &str| {
        !l.is_empty()
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    name.split('.').all(label) && port.is_none_or(valid_port)
}

fn valid_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` of the OCI distribution specification.
fn valid_component(part: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    if bytes.is_empty() || !alnum(bytes[0]) || !alnum(bytes[bytes.len() - 1]) {
        return false;
    }
    bytes.split(|b| alnum(*b)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-')
    })
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

impl fmt::Debug for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

/// A whole reference, `name:tag[@digest]`; printed in Flux's `ImageRef.String` order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// The repository.
    pub name: ImageName,
    /// The tag; absent in `name@digest` and in a bare name.
    pub tag: Option<Tag>,
    /// The digest, where one is pinned.
    pub digest: Option<Digest>,
}

impl FromStr for ImageRef {
    type Err = InvalidImage;
    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        let malformed = || InvalidImage::Malformed(text.chars().take(200).collect());
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| malformed())?)),
            None => (text, None),
        };
        let (name, tag) = match split_tag(rest) {
            Some((name, tag)) => (name, Some(tag.parse().map_err(|_| malformed())?)),
            None => (rest, None),
        };
        Ok(Self { name: name.parse()?, tag, digest })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_names_are_dockers() {
        for (text, canonical) in [
            ("alpine", "index.docker.io/library/alpine"),
            ("docker.io/alpine", "index.docker.io/library/alpine"),
            ("acme/app", "index.docker.io/acme/app"),
            ("ghcr.io/acme/app", "ghcr.io/acme/app"),
            ("localhost/app", "localhost/app"),
            ("localhost:5000/app", "localhost:5000/app"),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
            ("[::1]:5000/app", "[::1]:5000/app"),
            ("Registry.Example.com/app", "registry.example.com/app"),
            ("quay.io/a/b__c-d.e", "quay.io/a/b__c-d.e"),
        ] {
            let name: ImageName = text.parse().unwrap();
            assert_eq!(name.canonical(), canonical);
            assert_eq!(name.as_str(), text);
        }
    }

    #[test]
    fn what_is_no_name_says_why() {
        use InvalidImage::*;
        assert_eq!("https://x.io/a".parse::<ImageName>().unwrap_err(), Scheme("https".into()));
        assert_eq!("x.io/a:1".parse::<ImageName>().unwrap_err(), HasTag("1".into()));
        assert!(matches!("x.io/a@sha256:00".parse::<ImageName>().unwrap_err(), HasDigest(_)));
        for bad in [
            "",
            "/",
            "a/",
            "A",
            "x.io/A",
            "x.io//a",
            "a b",
            "x.io/a..b",
            "x.io/-a",
            "x_y.io/a",
            "x.io:99999/a",
        ] {
            assert!(matches!(bad.parse::<ImageName>().unwrap_err(), Malformed(_)), "{bad}");
        }
    }

    #[test]
    fn references_round_trip() {
        let digest = Digest::sha256(b"x");
        for text in [
            "a/b:1.2.3".to_owned(),
            "localhost:5000/a".into(),
            format!("a:1@{digest}"),
            format!("a@{digest}"),
        ] {
            assert_eq!(text.parse::<ImageRef>().unwrap().to_string(), text);
        }
        assert!("a:b c".parse::<ImageRef>().is_err());
        assert!("a:1@sha256:zz".parse::<ImageRef>().is_err());
    }
}
