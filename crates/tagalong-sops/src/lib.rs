//! What is encrypted with SOPS for age keys, opened on its way into the renderer.
//!
//! ```text
//! files ── Opened ─▶ render ─▶ objects ── open_values, take_mark ─▶ objects, and which of them hold what was encrypted
//! ```
//!
//! An encrypted value is replaced where it stands, after the checksum over all values was found right; an object keeps a
//! mark until it is rendered, so that its values are shown nowhere. Nothing here is logged, and no error holds a value.
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
pub use object::{open_values, take_mark};
pub use open::Opening;
