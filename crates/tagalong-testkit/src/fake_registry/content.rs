//! Repositories, tags, manifests and blobs of a fake registry.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// All repositories.
#[derive(Default)]
pub(super) struct Content(BTreeMap<String, Repository>);

#[derive(Default)]
pub(super) struct Repository {
    /// Tags in the order in which they are listed, with their digests.
    pub(super) tags: BTreeMap<String, String>,
    /// Manifests and blobs by digest, with their media type.
    objects: HashMap<String, (&'static str, Vec<u8>)>,
}

impl Repository {
    fn put(&mut self, media_type: &'static str, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        self.objects.insert(digest.clone(), (media_type, bytes));
        digest
    }

    fn image(&mut self, platform: &str, salt: &str) -> Value {
        self.labelled(platform, &json!({"salt": salt}))
    }

    fn labelled(&mut self, platform: &str, labels: &Value) -> Value {
        let (os, architecture) = platform.split_once('/').unwrap_or((platform, ""));
        let config = json!({"os": os, "architecture": architecture, "config": {"Labels": labels}});
        let config = config.to_string().into_bytes();
        let size = config.len();
        let digest = self.put(CONFIG, config);
        json!({"schemaVersion": 2, "mediaType": IMAGE, "layers": [],
               "config": {"mediaType": CONFIG, "digest": digest, "size": size}})
    }

    /// A manifest or blob by digest, or a manifest by tag.
    pub(super) fn object(&self, reference: &str) -> Option<(&str, &'static str, &[u8])> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        let (digest, (media_type, bytes)) = self.objects.get_key_value(digest)?;
        Some((digest, media_type, bytes))
    }
}

impl Content {
    pub(super) fn repository(&self, name: &str) -> Option<&Repository> {
        self.0.get(name)
    }

    pub(super) fn push_image(&mut self, repository: &str, tag: &str, salt: &str) -> String {
        let repository = self.0.entry(repository.to_owned()).or_default();
        let manifest = repository.image("linux/amd64", salt).to_string().into_bytes();
        let digest = repository.put(IMAGE, manifest);
        repository.tags.insert(tag.to_owned(), digest.clone());
        digest
    }

    pub(super) fn push_labelled(&mut self, repository: &str, tag: &str, labels: &[(&str, &str)]) -> String {
        let repository = self.0.entry(repository.to_owned()).or_default();
        let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
        let manifest = repository.labelled("linux/amd64", &json!(labels)).to_string().into_bytes();
        let digest = repository.put(IMAGE, manifest);
        repository.tags.insert(tag.to_owned(), digest.clone());
        digest
    }

    pub(super) fn push_many<T: AsRef<str>>(&mut self, repository: &str, tags: impl IntoIterator<Item = T>) {
        let repository = self.0.entry(repository.to_owned()).or_default();
        let manifest = repository.image("linux/amd64", "many").to_string().into_bytes();
        let digest = repository.put(IMAGE, manifest);
        repository.tags.extend(tags.into_iter().map(|tag| (tag.as_ref().to_owned(), digest.clone())));
    }

    pub(super) fn push_index(&mut self, repository: &str, tag: &str, platforms: &[&str]) -> String {
        let repository = self.0.entry(repository.to_owned()).or_default();
        let mut manifests = Vec::new();
        for platform in platforms.iter().copied().chain(["unknown/unknown"]) {
            let manifest = repository.image(platform, tag).to_string().into_bytes();
            let size = manifest.len();
            let digest = repository.put(IMAGE, manifest);
            let mut parts = platform.split('/');
            let mut stated = json!({"os": parts.next(), "architecture": parts.next()});
            if let Some(variant) = parts.next() {
                stated["variant"] = variant.into();
            }
            manifests.push(json!({"mediaType": IMAGE, "digest": digest, "size": size, "platform": stated}));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let digest = repository.put(INDEX, index.to_string().into_bytes());
        repository.tags.insert(tag.to_owned(), digest.clone());
        digest
    }

    pub(super) fn delete_tag(&mut self, repository: &str, tag: &str) {
        if let Some(repository) = self.0.get_mut(repository) {
            repository.tags.remove(tag);
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}
