//! Digests, manifests and indexes with their platforms. Used by `registry`.

use crate::{Error, ErrorKind, session::Session, transport::Answer};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use reqwest::header::CONTENT_TYPE;
use sha2::{Digest as _, Sha512};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tagalong_model::{Digest, Platform, Tag};

/// Everything that may stand behind a tag; without the index types a registry may answer with one platform's.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1";
/// What the labels and annotations of the OCI begin with.
const PUBLISHED: &str = "org.opencontainers.image.";
const DIGEST_HEADER: &str = "docker-content-digest";

/// Which manifest of a repository.
#[derive(Debug, Clone, Copy)]
pub enum Reference<'a> {
    /// What the tag points to now.
    Tag(&'a Tag),
    /// Exactly this one.
    Digest(&'a Digest),
}

impl<'a> From<&'a Tag> for Reference<'a> {
    fn from(tag: &'a Tag) -> Self {
        Self::Tag(tag)
    }
}

impl<'a> From<&'a Digest> for Reference<'a> {
    fn from(digest: &'a Digest) -> Self {
        Self::Digest(digest)
    }
}

impl Reference<'_> {
    fn path(self) -> String {
        match self {
            Self::Tag(tag) => format!("manifests/{tag}"),
            Self::Digest(digest) => format!("manifests/{digest}"),
        }
    }
}

/// A manifest, read and checked against its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its media type, as the registry or the document states it.
    pub media_type: String,
    /// What it is.
    pub kind: ManifestKind,
}

/// One image, or several by platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestKind {
    /// An image manifest; its platform stands in the config, which [`crate::Registry::platforms`] reads.
    Image {
        /// The config blob's digest.
        config: Digest,
        /// Its media type; another one than an image config's means that this is no container image.
        config_media_type: String,
    },
    /// An image index or manifest list.
    Index {
        /// Its images, attestations (`unknown/unknown`) left out.
        platforms: Vec<PlatformEntry>,
    },
}

/// One image of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformEntry {
    /// What it runs on.
    pub platform: Platform,
    /// Its manifest.
    pub digest: Digest,
}

/// The digest a tag points to: by HEAD, and by GET where HEAD does not tell.
pub(crate) async fn digest(session: &Session<'_>, tag: &Tag) -> Result<Digest, Error> {
    let url = session.url(&Reference::Tag(tag).path())?;
    let answer = session.ask_head(&url, ACCEPT).await?;
    let knows_head = !matches!(answer.status.as_u16(), 405 | 501);
    if knows_head {
        let answer = session.success(answer)?;
        if let Some(digest) = stated_digest(&answer) {
            return Ok(digest);
        }
    }
    fetch(session, Reference::Tag(tag)).await.map(|(_, digest)| digest)
}

/// Whether the tag is there: one HEAD.
pub(crate) async fn exists(session: &Session<'_>, tag: &Tag) -> Result<bool, Error> {
    let url = session.url(&Reference::Tag(tag).path())?;
    let answer = session.ask_head(&url, ACCEPT).await?;
    match answer.status.as_u16() {
        404 => Ok(false),
        405 | 501 => match fetch(session, Reference::Tag(tag)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            other => other.map(|_| true),
        },
        _ => session.success(answer).map(|_| true),
    }
}

/// The manifest itself.
pub(crate) async fn manifest(session: &Session<'_>, reference: Reference<'_>) -> Result<Manifest, Error> {
    let (answer, digest) = fetch(session, reference).await?;
    let stated = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let stated = stated.map(|text| text.split(';').next().unwrap_or_default().trim().to_owned());
    read(&answer.body, stated, digest)
        .ok_or_else(|| session.error(ErrorKind::BadResponse, "the manifest is of no kind that is understood"))
}

/// The bytes of a manifest and their digest, which is also what the registry stated, where it did.
async fn fetch(session: &Session<'_>, reference: Reference<'_>) -> Result<(Answer, Digest), Error> {
    let url = session.url(&reference.path())?;
    let answer = session.get(&url, ACCEPT, session.options().max_bytes_per_manifest).await?;
    let wanted = match reference {
        Reference::Digest(digest) => Some(digest.clone()),
        Reference::Tag(_) => stated_digest(&answer),
    };
    let digest = match wanted {
        None => Digest::sha256(&answer.body),
        Some(digest) if matches(&digest, &answer.body) => digest,
        Some(_) => {
            return Err(session.error(ErrorKind::BadResponse, "the manifest is not the one its digest names"));
        }
    };
    Ok((answer, digest))
}

fn stated_digest(answer: &Answer) -> Option<Digest> {
    answer.headers.get(DIGEST_HEADER)?.to_str().ok()?.parse().ok()
}

fn matches(digest: &Digest, body: &[u8]) -> bool {
    if digest.as_str().starts_with("sha256:") {
        return *digest == Digest::sha256(body);
    }
    let mut text = String::from("sha512:");
    for byte in Sha512::digest(body) {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    digest.as_str() == text
}

fn read(body: &[u8], stated: Option<String>, digest: Digest) -> Option<Manifest> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let shape: Shape = serde_json::from_slice(body).ok()?;
    let media_type = shape.media_type.or(stated).unwrap_or_default();
    let kind = if shape.manifests.is_some() {
        let index: ImageIndex = serde_json::from_slice(body).ok()?;
        ManifestKind::Index { platforms: index.manifests().iter().filter_map(platform_entry).collect() }
    } else {
        let image: ImageManifest = serde_json::from_slice(body).ok()?;
        ManifestKind::Image {
            config: image.config().digest().to_string().parse().ok()?,
            config_media_type: image.config().media_type().to_string(),
        }
    };
    Some(Manifest { digest, media_type, kind })
}

fn platform_entry(descriptor: &Descriptor) -> Option<PlatformEntry> {
    let stated = descriptor.platform().as_ref()?;
    let platform = Platform {
        os: stated.os().to_string(),
        architecture: stated.architecture().to_string(),
        variant: stated.variant().clone().filter(|v| !v.is_empty()),
    };
    let attestation = platform.os == "unknown" || platform.architecture == "unknown";
    let digest = descriptor.digest().to_string().parse().ok()?;
    (!attestation).then_some(PlatformEntry { platform, digest })
}

/// What the image behind a reference runs on: from the index, or from the one image's config.
pub(crate) async fn platforms(
    session: &Session<'_>,
    reference: Reference<'_>,
) -> Result<Vec<Platform>, Error> {
    match manifest(session, reference).await?.kind {
        ManifestKind::Index { platforms } => Ok(platforms.into_iter().map(|entry| entry.platform).collect()),
        ManifestKind::Image { config, .. } => config_platform(session, &config).await.map(|p| vec![p]),
    }
}

/// What the publisher says: the closer to the tag it stands, the more it counts.
pub(crate) async fn labels(
    session: &Session<'_>,
    reference: Reference<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let (answer, digest) = fetch(session, reference).await?;
    let mut labels = annotations(&answer.body);
    let read = |body: &[u8], digest| read(body, None, digest).map(|manifest| manifest.kind);
    let mut kind = read(&answer.body, digest);
    if let Some(ManifestKind::Index { platforms }) = &kind {
        let Some(first) = platforms.first() else { return Ok(labels) };
        let (answer, digest) = fetch(session, Reference::Digest(&first.digest)).await?;
        join(&mut labels, annotations(&answer.body));
        kind = read(&answer.body, digest);
    }
    if let Some(ManifestKind::Image { config, .. }) = kind {
        #[derive(serde::Deserialize)]
        struct Config {
            config: Option<Inner>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Inner {
            labels: Option<BTreeMap<String, String>>,
        }
        let body = config_bytes(session, &config).await?;
        let config: Option<Config> = serde_json::from_slice(&body).ok();
        let stated = config.and_then(|config| config.config).and_then(|config| config.labels);
        join(&mut labels, stated.unwrap_or_default());
    }
    labels.retain(|name, _| name.starts_with(PUBLISHED));
    Ok(labels)
}

fn annotations(body: &[u8]) -> BTreeMap<String, String> {
    #[derive(serde::Deserialize)]
    struct Shape {
        annotations: Option<BTreeMap<String, String>>,
    }
    let shape: Option<Shape> = serde_json::from_slice(body).ok();
    shape.and_then(|shape| shape.annotations).unwrap_or_default()
}

/// Adds what is not said yet.
fn join(labels: &mut BTreeMap<String, String>, more: BTreeMap<String, String>) {
    for (name, value) in more {
        labels.entry(name).or_insert(value);
    }
}

async fn config_platform(session: &Session<'_>, config: &Digest) -> Result<Platform, Error> {
    #[derive(serde::Deserialize)]
    struct Config {
        os: String,
        architecture: String,
        variant: Option<String>,
    }
    let body = config_bytes(session, config).await?;
    let config: Config = serde_json::from_slice(&body)
        .map_err(|_| session.error(ErrorKind::BadResponse, "the image's config names no platform"))?;
    let variant = config.variant.filter(|v| !v.is_empty());
    Ok(Platform { os: config.os, architecture: config.architecture, variant })
}

async fn config_bytes(session: &Session<'_>, config: &Digest) -> Result<Vec<u8>, Error> {
    let url = session.url(&format!("blobs/{config}"))?;
    let answer = session.get(&url, "*/*", session.options().max_bytes_per_manifest).await?;
    if !matches(config, &answer.body) {
        return Err(session.error(ErrorKind::BadResponse, "the config is not the one its digest names"));
    }
    Ok(answer.body.to_vec())
}
