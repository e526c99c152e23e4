//! Mirrors remotes, reads trees, writes and pushes commits; no git binary, no working tree.
//!
//! ```text
//! Remote ── Mirror::open ── fetch ──▶ Fetched { commit }      2 requests when nothing moved
//!                             │
//!              Reader::walk / read  (trees and blobs by id, nothing is checked out)
//!                             │
//!                    commit(edits) ──▶ Prepared               objects in memory only
//!                             │
//!                    push(expected old value) ──▶ Pushed::{Done, Moved, Rejected}
//! ```
//!
//! All calls block; an async caller puts them on a thread that may. Two processes that write one branch are kept
//! apart by the expected old value of a push, nothing else. Who calls: the automation's turn in `tagalong-engine`.

mod archive;
mod check;
mod checkout;
mod commit;
mod error;
mod history;
mod id;
mod ignore;
mod init;
mod io;
mod keys;
mod local;
mod mirror;
mod moving;
mod past;
mod push;
mod remote;
mod repository;
mod sign;
mod stats;
pub mod trailer;
mod tree;
mod unpack;
mod url;
mod verify;
mod wire;

pub use archive::Selected;
pub use checkout::{Checkout, ChooseTag, Fetched, Tips};
pub use commit::{CommitMeta, Prepared};
pub use error::{ErrorKind, GitError};
pub use history::CommitInfo;
pub use id::{BlobId, CommitId, TreeId};
pub use init::init;
pub use mirror::Mirror;
pub use past::{Change, Deepened, Past, PastCommit, PastReader};
pub use push::{Expected, Pushed, Update};
pub use remote::{Auth, Proxy, Remote, Tls};
pub use sign::Signer;
pub use stats::Stats;
pub use tree::{Entry, Listing, Reader, Skipped, SkippedKind, Visitor};
pub use unpack::unpack;
pub use url::RemoteUrl;
pub use verify::{Signed, TrustedKeys};
