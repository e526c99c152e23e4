//! Real servers and misbehaving ones for tests; never part of the product.
//!
//! Everything listens on loopback, on a port the kernel picks, in a temporary directory, and ends when its
//! handle is dropped. `parts` says where a real server's program comes from; a part that cannot be had makes
//! its tests say `skipped: needs …`, and fails them when `CI=true`.

pub mod certs;
pub mod clock;
pub mod control_plane;
pub mod fake_host;
pub mod fake_registry;
pub mod git_http;
pub mod git_repo;
pub mod gitea;
pub mod gpg;
mod kept;
pub mod parts;
mod port;
pub mod registry_process;
mod serve;
pub mod sshd;
pub mod webhook;
