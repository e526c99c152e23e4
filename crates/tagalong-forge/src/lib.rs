//! Pull requests on the hosts of Git repositories: GitHub, GitLab, Gitea and Forgejo, each in a file of its own
//! behind [`Forge`]. The automation's turn in `tagalong-engine` is who calls.
//!
//! ```text
//! connect(address of the repository, way) ──▶ dyn Forge
//!                                               │ open, closed, opened_since     what is there
//!                                               │ create, describe, close, …     what is to be
//!                                               ▼
//!                                 github │ gitlab │ gitea │ forgejo
//!                                               │
//!                                              api   one request: credentials, pages, rate limits, errors in our words
//! ```
//!
//! What holds everywhere: the token goes to the repository's own host and to nobody else; no error carries a token or
//! the body of an answer; a host that asks for patience is not asked again before its time, an hour at most.

mod address;
mod allowance;
mod api;
mod error;
mod forge;
mod forgejo;
mod gitea;
mod github;
mod github_app;
mod gitlab;
mod memory;
mod patience;
mod provider;
mod pull_request;

pub use allowance::Allowance;
pub use error::{ErrorKind, ForgeError};
pub use forge::{Forge, Target, Way, connect};
pub use github_app::{App, Credentials, installation_token};
pub use memory::Memory;
pub use provider::Provider;
pub use pull_request::{AutoMerge, Closer, LastCommit, Merge, NewPullRequest, PullRequest, State};
