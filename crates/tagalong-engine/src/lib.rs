//! Turns each kind: gather, validate, plan, act, report. Knows no desk, no cluster and no folder.
//!
//! ```text
//!            Desk (wishes)                                   Desk (findings)
//!                │                                                 ▲
//!   wheel ──▶ repository: gather → plan → act → report ────────────┤ tag lists
//!         ──▶ policy:     gather → decide → act → report ──────────┤ the tag to run
//!         ──▶ automation: gather → look → plan → act → report ─────┤ a commit on the branch
//!         ──▶ source:     gather → plan → act → report ────────────┤ an archive of the commit
//!         ──▶ kustomization: gather → render → act → report ───────┘ the objects of a folder of it, applied
//! ```
//!
//! Clients and stores are on the floors below; what a value means is decided there. Here is only the order in
//! which things happen, and what is said about it.

pub mod automation;
mod contain;
mod context;
pub mod credentials;
mod desk;
mod known_tips;
pub mod kustomization;
mod listings;
mod meters;
mod mirrors;
mod outcome;
pub mod policy;
mod record;
pub mod repository;
mod retries;
pub mod source;
mod target;
pub mod wake;
pub mod wheel;

pub use context::{Context, Settings};
pub use desk::{Desk, DeskError, Event, EventType, Finding, Judges, Kinds, SecretData, Wish};
pub use kustomization::Syncing;
pub use listings::Listings;
pub use meters::Meters;
pub use mirrors::Mirrors;
pub use record::Record;
pub use source::Served;
pub use target::Target;
