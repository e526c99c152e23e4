//! Objects to a cluster, as Flux's kustomize-controller brings them there: server-side apply of what drifted, the
//! inventory of what was applied, prune of what left it, and whether it all became healthy. Called by the sync.
//!
//! ```text
//! objects ─▶ Cluster::apply ─▶ Outcome {changes, failures} ─▶ Inventory (in the status)
//!                                   │ what is not healthy yet      │ what left it
//!                                   ▼                              ▼
//!                              Cluster::wait                 Cluster::prune
//! ```
//!
//! The API server is the only truth: nothing is kept but which kinds it serves. Whoever is ended in the middle begins
//! again and reaches the same state, provided that [`Inventory::of`] the objects was noted before [`Cluster::apply`].

mod access;
mod anew;
mod apply;
mod below;
mod change;
mod cluster;
mod compare;
mod diff;
mod error;
mod health;
mod id;
mod ignore;
mod inventory;
mod kinds;
mod look;
mod managed;
mod mark;
mod object;
mod order;
mod owner;
mod pod;
mod prepare;
mod prune;
mod rules;
mod secret;
mod sights;
mod slot;
mod stage;
mod standing;
mod takeover;
mod wait;

pub use access::{Trust, impersonate, remote};
pub use apply::Options;
pub use below::{Below, Owned};
pub use change::{Action, Change, FieldDrift, Holder, Outcome};
pub use cluster::Cluster;
pub use diff::Difference;
pub use error::ApplyError;
pub use health::{Health, State};
pub use id::ObjectId;
pub use inventory::{Entry, Inventory};
pub use look::Look;
pub use mark::kept as is_kept;
pub use mark::skipped as is_skipped;
pub use owner::Owner;
pub use rules::{HealthRule, Rules};
pub use secret::{Hidden, is_encrypted};
pub use sights::{Sight, Sights};
pub use slot::Slot;
pub use standing::Standing;
pub use wait::Unhealthy;
