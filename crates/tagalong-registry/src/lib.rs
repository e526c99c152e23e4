//! Talks to container registries: lists tags, asks for digests, manifests and platforms.
//!
//! The engine holds one [`Registry`] for the whole process and asks it with an [`Access`] per object.
//!
//! ```text
//! Registry ── share ──▶ list ──▶ page, link          one scan per image and access, pages until whole
//!     │                  │
//!     └─▶ manifest ──────┤
//!                     session ──▶ auth/*              who we are: Basic, Bearer, token service
//!                        │
//!                     attempt ──▶ host, retry         when we may ask: turns, budget, pauses, tries
//!                        │
//!                    transport ──▶ client, endpoint   one request: scheme, redirects, size caps; `meters` counts it
//! ```
//!
//! What holds everywhere: credentials go to the registry's own host and to the token service that it names,
//! under rule 25 of the design; no error, log line or URL carries a secret or a body; a listing that broke in
//! the middle is an error, never a shorter list.

mod access;
mod attempt;
mod auth;
mod client;
mod docker_config;
mod endpoint;
mod error;
mod host;
mod link;
mod list;
mod manifest;
mod meters;
mod options;
mod page;
mod registry;
mod resolve;
mod retry;
mod session;
mod share;
mod transport;

pub use access::{Access, AccessScope, Credentials, Proxy, Tls};
pub use docker_config::{DockerConfig, InvalidDockerConfig};
pub use error::{Error, ErrorKind};
pub use list::TagList;
pub use manifest::{Manifest, ManifestKind, PlatformEntry, Reference};
pub use meters::Meters;
pub use options::Options;
pub use registry::Registry;
