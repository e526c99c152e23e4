//! What is encrypted with SOPS for age keys, opened on its way into the renderer.
//!
//! ```text
//! files ── Opened ─▶ render ─▶ objects ── open_values ─▶ objects, and what nobody may be shown of them
//! ```
//!
//! An encrypted value is replaced where it stands, after the checksum over all values was found right. Nothing here is
//! logged, and no error holds a value.
//! Called by the engine, and by `tagalong build`, which masks instead.

mod age;
mod bech32;
mod cipher;
mod document;
mod dotenv;
mod error;
mod files;
mod format;
mod metadata;
mod object;
mod open;
mod write;

pub use age::Identities;
pub use error::SopsError;
pub use files::Opened;
pub use object::open_values;
pub use open::Opening;
