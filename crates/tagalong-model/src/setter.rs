//! What a marker asks for: which policy, and which part of its image. Parsed by `tagalong-edit`.

use crate::ObjectKey;
use std::{fmt, str::FromStr};

/// Which part of the selected image a marked field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Setter {
    /// `ns:name` — the whole reference, `name:tag[@digest]`.
    Image,
    /// `ns:name:name` — the repository, as the ImageRepository spells it.
    Name,
    /// `ns:name:tag` — the tag alone.
    Tag,
    /// `ns:name:digest` — the digest alone.
    Digest,
}

impl Setter {
    /// The word after the second colon of a marker; empty for [`Setter::Image`].
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "",
            Self::Name => "name",
            Self::Tag => "tag",
            Self::Digest => "digest",
        }
    }
}

/// A marker's value: `namespace:policy` or `namespace:policy:{name,tag,digest}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct MarkerTarget {
    /// The ImagePolicy that serves the field.
    pub policy: ObjectKey,
    /// Which part of the selected image goes into the field.
    pub setter: Setter,
}

/// The marker's value does not name a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("marker value {0:?} must be namespace:policy, optionally followed by :name, :tag or :digest")]
pub struct InvalidMarker(String);

impl FromStr for MarkerTarget {
    type Err = InvalidMarker;
    fn from_str(text: &str) -> Result<Self, InvalidMarker> {
        let invalid = || InvalidMarker(text.chars().take(120).collect());
        let mut parts = text.split(':');
        let (namespace, name) = (parts.next().unwrap_or_default(), parts.next().ok_or_else(invalid)?);
        let setter = match parts.next() {
            None => Setter::Image,
            Some("name") => Setter::Name,
            Some("tag") => Setter::Tag,
            Some("digest") => Setter::Digest,
            Some(_) => return Err(invalid()),
        };
        let object_name = |s: &str| {
            !s.is_empty()
                && s.len() <= 253
                && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        };
        if parts.next().is_some() || !object_name(namespace) || !object_name(name) {
            return Err(invalid());
        }
        Ok(Self { policy: ObjectKey::new(namespace, name), setter })
    }
}

impl fmt::Display for MarkerTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.policy.namespace, self.policy.name)?;
        match self.setter {
            Setter::Image => Ok(()),
            other => write!(f, ":{}", other.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_a_policy_and_a_part() {
        for text in ["apps:web", "apps:web:tag", "flux-system:a.b:name", "apps:web:digest"] {
            assert_eq!(text.parse::<MarkerTarget>().unwrap().to_string(), text);
        }
        for bad in
            ["", "web", ":web", "apps:", "apps:web:", "apps:web:sha", "apps:web:tag:x", "Apps:web", "a b:c"]
        {
            assert!(bad.parse::<MarkerTarget>().is_err(), "{bad}");
        }
    }
}
