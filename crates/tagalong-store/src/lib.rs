//! Keeps tag lists and first-seen times on disk so that a restart rescans nothing early, and the archives of
//! GitRepositories that are served (`artifacts`).
//!
//! The engine holds one [`Store`] on the state folder. One file per image and access ([`ListingKey`]):
//!
//! ```text
//! STATE/lists/ghcr.io_acme_app-<sha256 of the key>.tags
//!     tagalong-tags 1 tags=3 gone=1 bytes=52 revision=123456 sha256=<of all that follows>
//!     1764000000 1.0.0          first seen (seconds since 1970), tag; in the registry's order
//!     1764000000 1.1.0
//!     1764003600 1.2.0
//!     1763000000 0.9.0          the last `gone` lines: tags that are no longer listed
//! ```
//!
//! Where a policy asks for a minimum age, the first sight of each image under a tag stands beside (`sights`).
//!
//! The time of the last scan is the file's modification time: a scan that found nothing new touches the file and
//! writes nothing. Files are replaced by rename, so that a reader in another process sees the old list or the
//! new one. Only the first line is kept in memory ([`ListingHead`]). Whatever is deleted or damaged is found again
//! by the next scan: a cache may change when, never what (RULES 9), the first-seen times aside.

mod artifacts;
mod disk;
mod error;
mod format;
mod key;
mod listing;
mod sights;
mod store;

pub use artifacts::{ArtifactPath, Artifacts, Draft, InvalidArtifactPath, Retention, Stored};
pub use error::{Damage, StoreError};
pub use format::revision;
pub use key::ListingKey;
pub use listing::{Listing, ListingHead};
pub use sights::{Sight, Sights};
pub use store::{Saved, Store};
