//! The files desk: wishes from a folder of YAML, findings back to its reader.
//!
//! ```text
//! paths ──► walk ──► yaml ──────► kind ────► schema ─────────► load
//!           files    documents    served?    unknown fields,   Loaded | every problem at
//!                    with places             types, limits     file:line:col
//! ```
//!
//! Called by every command that takes a DIR. Loading reads files and nothing else; secrets are looked up afterwards,
//! one by one and within bounds ([`resolve_secret`]), so that `lint` never touches them.

mod desk;
mod docker;
mod folder;
mod inventories;
mod kind;
mod load;
mod located;
mod problem;
mod schema;
mod secret;
mod target;
mod url;
mod walk;
mod watch;
mod yaml;

pub use desk::{FilesDesk, SyncTo};
pub use docker::docker_config;
pub use folder::Folder;
pub use load::{LoadError, Loaded, load, load_synced, load_variables, scan, scan_texts};
pub use located::Located;
pub use problem::{Code, Place, Problem, underline};
pub use secret::{SecretError, SecretRules, resolve_secret, stated_secret};
pub use target::FolderTarget;
pub use url::resolve_url;
pub use watch::watch;
