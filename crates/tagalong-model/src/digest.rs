//! Content digests as registries state them. Made by `tagalong-registry`, written by `tagalong-edit`.

use std::{fmt, str::FromStr};

/// A content digest such as `sha256:e3b0…b855`: algorithm, colon, lower-case hex.
///
/// Only `sha256` (64 hex digits) and `sha512` (128) are accepted, the two algorithms that the OCI image
/// specification registers.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

/// The text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest; expected sha256:<64 hex digits> or sha512:<128 hex digits>")]
pub struct InvalidDigest(String);

impl Digest {
    /// The whole text, algorithm included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sha256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        use std::fmt::Write as _;
        let mut text = String::from("sha256:");
        for byte in sha2::Sha256::digest(bytes) {
            // Writing to a String cannot fail.
            _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;
    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let wanted = match text.split_once(':') {
            Some(("sha256", hex)) => (hex, 64),
            Some(("sha512", hex)) => (hex, 128),
            _ => return Err(InvalidDigest(text.chars().take(80).collect())),
        };
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if wanted.0.len() == wanted.1 && wanted.0.bytes().all(lower_hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidDigest(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_algorithms_of_the_right_length_pass() {
        let empty = Digest::sha256(b"");
        assert_eq!(empty.as_str(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(empty.as_str().parse::<Digest>().unwrap(), empty);
        for bad in ["", "sha256:", "sha256:E3B0", "md5:00", &empty.as_str()[..70], "sha256"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
