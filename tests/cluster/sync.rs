//! Kustomizations that are served: what a folder of the repository says comes into the cluster, as the ServiceAccount
//! that is named, and nothing else of the cluster is touched.

mod apply;
mod canary;
mod claims;
mod commands;
mod depends;
mod drift;
mod elsewhere;
mod flux;
mod health;
mod killed;
mod leave;
mod place;
mod rollback;
mod rough;
mod sealed;
mod story;
mod variables;
mod webhook;

pub(super) use place::config;
