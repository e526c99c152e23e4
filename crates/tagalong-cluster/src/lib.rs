//! The desk over the Kubernetes API: objects come from watches, findings go back into status and events. Built by
//! `tagalong controller`; the engine behind it is the one that turns a folder.
//!
//! ```text
//! API server ──watch──▶ shelf (a store per kind) ──what changed──▶ wakers ──▶ engine
//!      ▲                  ▲                                                     │
//!      └── status, finalizer, events ◀── ClusterDesk ◀───────── findings ───────┘
//!           (the answer goes onto the shelf at once; the watch need not bring it first)
//! ```
//!
//! Secrets, ServiceAccounts and Namespaces are read one by one, by name, when a turn needs them; they are never
//! listed, watched or kept.

mod bounded;
mod cluster;
mod desk;
mod error;
mod event;
mod finalizer;
mod health;
mod lease;
mod notify;
mod requests;
mod selector;
mod shelf;
mod status;
mod urgent;
mod watch;

pub use cluster::{Access, connect_to, instance};
pub use desk::{Beside, ClusterDesk, Options, Reach, kubeconfig};
pub use error::ClusterError;
pub use health::Health;
pub use lease::{Election, Terms, lease_name};
pub use requests::Requests;
pub use selector::parse_selector;
