//! Images for the demo's registry: real ones with nothing in them, one empty layer, a config that says what it is. Made
//! by the demo itself and by `tagalong demo push`.

use super::storage::{Name, Storage};
use jiff::Timestamp;
use serde_json::json;
use tagalong_model::{Digest, Tag};

/// The media type of an image's manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A tar archive with nothing in it: two empty blocks.
const EMPTY_TAR: [u8; 1024] = [0; 1024];

/// Puts an image under a tag; its digest. `created` stands in it, so that no two pushes of one tag are the same image.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn push(storage: &Storage, name: &Name, tag: &Tag, created: Timestamp) -> anyhow::Result<Digest> {
    let layer = storage.put_blob(&EMPTY_TAR)?;
    let config = serde_json::to_vec(&json!({
        "created": created.to_string(),
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": {"org.opencontainers.image.title": name.as_str(), "org.opencontainers.image.version": tag.as_str()}},
        "rootfs": {"type": "layers", "diff_ids": [layer.as_str()]},
    }))?;
    let config_digest = storage.put_blob(&config)?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": config_digest.as_str(), "size": config.len()},
        "layers": [{"mediaType": LAYER, "digest": layer.as_str(), "size": EMPTY_TAR.len()}],
    }))?;
    let digest = storage.put_blob(&manifest)?;
    storage.put_tag(name, tag, &digest)?;
    Ok(digest)
}
