//! The values every other crate speaks: image names, tags, digests, revisions, paths.
//!
//! Each is parsed once at the rim and typed from there on; a value of one of these types is
//! well-formed by construction, so nobody below has to check again. Nothing here does I/O.
//!
//! ```text
//! "ghcr.io/acme/app:1.2.3@sha256:…"  →  ImageRef { ImageName, Tag, Digest }
//! "apps:frontend:tag"                →  MarkerTarget { ObjectKey, Setter }
//! "main@sha1:0123…"                  →  Revision
//! "deploy/app.yaml"                  →  RepoPath
//! "1h30m"                            →  Duration (parse_duration)
//! ```

mod digest;
mod duration;
mod image;
mod key;
mod path;
mod platform;
mod revision;
mod setter;
mod tag;

pub use digest::{Digest, InvalidDigest};
pub use duration::{InvalidDuration, format_duration, parse_duration};
pub use image::{ImageName, ImageRef, InvalidImage};
pub use key::ObjectKey;
pub use path::{InvalidPath, RepoPath};
pub use platform::{InvalidPlatform, Platform};
pub use revision::{InvalidRevision, Revision};
pub use setter::{InvalidMarker, MarkerTarget, Setter};
pub use tag::{InvalidTag, Tag};
