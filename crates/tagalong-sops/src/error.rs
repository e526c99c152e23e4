//! Why something encrypted stays closed. None of it holds a value, a key, or a part of one.

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SopsError {
    /// A line that holds no identity.
    #[error("line {0} holds no age identity; write AGE-SECRET-KEY-1… as age-keygen prints it")]
    Identity(usize),
    /// The keys that are there do not open it.
    #[error("{0}")]
    NoKey(String),
    /// The age file around the data key is none, or was changed.
    #[error("the age envelope of its data key is damaged")]
    Envelope,
    /// The metadata lacks something, or has something that is not served.
    #[error("{0}")]
    Metadata(String),
    /// A value that is not what its metadata say.
    #[error("{0}: the value cannot be decrypted; it was not encrypted, or was changed afterwards")]
    Value(String),
    /// The checksum over all values.
    #[error(
        "its checksum (sops.mac) does not match: it was changed without SOPS; check it with \
         `sops decrypt --ignore-mac`, and encrypt it again"
    )]
    Checksum,
    /// It does not parse.
    #[error("{0}")]
    Malformed(String),
    /// A format that is not served.
    #[error("{0} files are not decrypted; use YAML, JSON, dotenv or binary")]
    Format(&'static str),
    /// Encrypted in another format than that of the key.
    #[error("it is encrypted as {found}, and '{name}' is read as {read}; give it the ending of its format")]
    OtherFormat {
        /// What it is.
        found: &'static str,
        /// What decides how it is read.
        name: String,
        /// How it is read.
        read: &'static str,
    },
    /// Nothing says that it is to be decrypted.
    #[error(
        "is encrypted with SOPS: set .spec.decryption (provider: sops, and secretRef for a Secret with an age key under \
         a name that ends in .agekey)"
    )]
    Closed,
}
