//! Git revisions in the form Flux's status uses (RFC-0005). Made by `tagalong-git`, shown by `tagalong-api`.

use std::{fmt, str::FromStr};

/// A named commit: `main@sha1:<40 hex>`, `v1.2.3@sha1:…`, or `sha1:…` where no name was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision {
    /// Branch, tag or ref name; empty when the commit itself was asked for.
    pub name: String,
    /// The commit, 40 lower-case hex digits.
    pub commit: String,
}

/// The text is no revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no revision; expected name@sha1:<40 hex digits>")]
pub struct InvalidRevision(String);

impl FromStr for Revision {
    type Err = InvalidRevision;
    fn from_str(text: &str) -> Result<Self, InvalidRevision> {
        let (name, hash) = text.rsplit_once('@').unwrap_or(("", text));
        let commit =
            hash.strip_prefix("sha1:").filter(|h| h.len() == 40 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        match commit {
            Some(commit) => Ok(Self { name: name.to_owned(), commit: commit.to_ascii_lowercase() }),
            None => Err(InvalidRevision(text.chars().take(120).collect())),
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}@", self.name)?;
        }
        write!(f, "sha1:{}", self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let hex = "0123456789abcdef0123456789abcdef01234567";
        for text in [format!("main@sha1:{hex}"), format!("sha1:{hex}"), format!("a@b@sha1:{hex}")] {
            assert_eq!(text.parse::<Revision>().unwrap().to_string(), text);
        }
        for bad in ["", "main", "main@sha1:12", "main@sha256:00"] {
            assert!(bad.parse::<Revision>().is_err(), "{bad}");
        }
    }
}
