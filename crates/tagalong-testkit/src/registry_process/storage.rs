//! Images, and how a registry of the distribution family keeps them on disk.
//!
//! The layout is the same in 2.8 and 3: blobs by digest, and for each repository link files which hold a digest.
//!
//! ```text
//! docker/registry/v2/blobs/sha256/ab/ab12…/data
//! docker/registry/v2/repositories/acme/app/_layers/sha256/<config>/link
//!                                         /_manifests/revisions/sha256/<manifest>/link
//!                                         /_manifests/tags/1.0.0/current/link
//! ```
//!
//! A tag here is a symlink to a folder that all tags of one image share: one system call for each tag, and a listing
//! sees it whole or not at all. A tag's `index` folder, its history, is left out: no request reads it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// An image without layers: enough to be listed, asked for and told apart by digest.
#[derive(Clone, Debug)]
pub struct Image {
    configs: Vec<Vec<u8>>,
    manifests: Vec<Vec<u8>>,
    /// The manifest or index that a tag points at.
    top: Vec<u8>,
}

impl Image {
    /// One manifest for `linux/amd64`. The same seed gives the same digest.
    pub fn single(seed: &str) -> Self {
        let (config, manifest) = manifest(seed, "linux/amd64");
        Self { configs: vec![config], top: bytes(&manifest), manifests: Vec::new() }
    }

    /// An index with one manifest for each platform: `linux/arm64/v8` is os, architecture, variant.
    pub fn index(seed: &str, platforms: &[&str]) -> Self {
        let (mut configs, mut manifests, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for platform in platforms {
            let (config, manifest) = manifest(seed, platform);
            let manifest = bytes(&manifest);
            entries.push(json!({
                "mediaType": MANIFEST,
                "digest": digest(&manifest),
                "size": manifest.len(),
                "platform": platform_object(platform),
            }));
            configs.push(config);
            manifests.push(manifest);
        }
        let top = bytes(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}));
        Self { configs, manifests, top }
    }

    /// The digest of what a tag points at.
    pub fn digest(&self) -> String {
        digest(&self.top)
    }
}

/// Where the registry is told to keep its storage.
pub(super) fn root(folder: &Path) -> PathBuf {
    folder.join("storage")
}

/// Stores `image` in `repository` and points each of `tags` at it.
pub(super) fn write<T: AsRef<str>>(
    folder: &Path,
    repository: &str,
    tags: impl IntoIterator<Item = T>,
    image: &Image,
) -> Result<String> {
    let home = home(folder, repository);
    for config in &image.configs {
        let hex = blob(folder, config)?;
        link(&home.join("_layers/sha256").join(&hex), &hex)?;
    }
    for manifest in image.manifests.iter().chain([&image.top]) {
        let hex = blob(folder, manifest)?;
        link(&home.join("_manifests/revisions/sha256").join(&hex), &hex)?;
    }
    let hex = hex(&image.top);
    link(&home.join("shared").join(&hex).join("current"), &hex)?;
    fs::create_dir_all(home.join("_manifests/tags"))?;
    for tag in tags {
        point(&home, tag.as_ref(), &hex).with_context(|| format!("cannot write the tag {}", tag.as_ref()))?;
    }
    Ok(format!("sha256:{hex}"))
}

/// Removes the tag, as a registry does.
pub(super) fn untag(folder: &Path, repository: &str, tag: &str) -> Result<()> {
    let path = home(folder, repository).join("_manifests/tags").join(tag);
    fs::remove_file(&path).with_context(|| format!("there is no tag {tag} in {repository}"))
}

fn point(home: &Path, tag: &str, hex: &str) -> Result<()> {
    let shared = Path::new("../../shared").join(hex);
    let place = home.join("_manifests/tags").join(tag);
    match symlink(&shared, &place) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let moved = home.join("_manifests").join(format!("moved-{tag}"));
            symlink(&shared, &moved)?;
            Ok(fs::rename(&moved, &place)?)
        }
        done => Ok(done?),
    }
}

fn link(folder: &Path, hex: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    // The file is replaced, never rewritten: a reader gets the old digest or the new one.
    let unfinished = folder.join("link.unfinished");
    fs::write(&unfinished, format!("sha256:{hex}"))?;
    Ok(fs::rename(unfinished, folder.join("link"))?)
}

fn blob(folder: &Path, content: &[u8]) -> Result<String> {
    let hex = hex(content);
    let short = hex.get(..2).unwrap_or_default();
    let place = root(folder).join("docker/registry/v2/blobs/sha256").join(short).join(&hex);
    fs::create_dir_all(&place)?;
    fs::write(place.join("data"), content)?;
    Ok(hex)
}

fn home(folder: &Path, repository: &str) -> PathBuf {
    root(folder).join("docker/registry/v2/repositories").join(repository)
}

fn manifest(seed: &str, platform: &str) -> (Vec<u8>, Value) {
    let mut config = platform_object(platform);
    if let Some(fields) = config.as_object_mut() {
        fields.insert("config".to_owned(), json!({"Labels": {"seed": seed}}));
        fields.insert("rootfs".to_owned(), json!({"type": "layers", "diff_ids": []}));
    }
    let config = bytes(&config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(&config), "size": config.len()},
        "layers": [],
    });
    (config, manifest)
}

fn platform_object(platform: &str) -> Value {
    let mut words = platform.split('/');
    let mut object = json!({"os": words.next(), "architecture": words.next()});
    if let (Some(variant), Some(fields)) = (words.next(), object.as_object_mut()) {
        fields.insert("variant".to_owned(), json!(variant));
    }
    object
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex(content))
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
