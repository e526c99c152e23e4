//! Under which name a listing is kept. Made by the engine.

use crate::disk::hex;
use sha2::{Digest as _, Sha256};
use std::fmt;
use tagalong_model::ImageName;

/// Which listing: an image as seen with certain credentials. Two objects with other credentials may see other
/// tags of one image, so they never share a listing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListingKey {
    file_stem: String,
}

/// Readable part of a file name; the hash behind it is what counts.
const PREFIX: usize = 80;

impl ListingKey {
    /// The key for an image and the name of an access scope (never a secret). Exclusion lists do not belong in
    /// it: the store keeps what the registry listed.
    pub fn new(image: &ImageName, scope: &str) -> Self {
        let canonical = image.canonical();
        let mut hash = Sha256::new();
        hash.update((canonical.len() as u64).to_le_bytes());
        hash.update(canonical.as_bytes());
        hash.update(scope.as_bytes());
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
        let mut file_stem: String = canonical.chars().map(safe).take(PREFIX).collect();
        file_stem.push('-');
        file_stem.push_str(&hex(&hash.finalize()));
        Self { file_stem }
    }

    /// The name of the listing's file, without its ending.
    pub fn as_str(&self) -> &str {
        &self.file_stem
    }

    /// The key that this file stem belongs to, if it looks like one of ours.
    pub(crate) fn from_stem(stem: &str) -> Option<Self> {
        let (prefix, hash) = stem.rsplit_once('-')?;
        let hex = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        (hex && !prefix.is_empty() && !prefix.starts_with('.')).then(|| Self { file_stem: stem.to_owned() })
    }
}

impl fmt::Debug for ListingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(image: &str, scope: &str) -> ListingKey {
        ListingKey::new(&image.parse().unwrap(), scope)
    }

    #[test]
    fn one_image_with_one_scope_is_one_key() {
        assert_eq!(key("alpine", ""), key("docker.io/library/alpine", ""));
        assert_ne!(key("alpine", ""), key("alpine", "apps/pull"));
        assert_ne!(key("ghcr.io/a/b", "c"), key("ghcr.io/a/b/c", ""));
        assert!(key("localhost:5000/a/b", "x").as_str().starts_with("localhost_5000_a_b-"));
    }

    #[test]
    fn long_names_make_short_files_that_are_found_again() {
        let long = key(&format!("ghcr.io/{}", "a/".repeat(200) + "b"), "");
        assert!(long.as_str().len() < 160);
        assert_eq!(ListingKey::from_stem(long.as_str()), Some(long));
        for other in ["", "x", "-", "notes-1234", ".writing-abc"] {
            assert_eq!(ListingKey::from_stem(other), None);
        }
    }
}
