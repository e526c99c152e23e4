//! `tagalong controller` against a real API server, a registry and a Git server. Each test has a namespace of its own
//! and a controller that looks at nothing else, with the rights that deploy/install.yaml gives it and no others.

mod api;
mod cli;
mod clock;
mod faults;
mod flux;
mod grants;
mod install;
mod leader;
mod metrics;
mod migration;
mod observe;
mod place;
mod pulls;
mod scope;
mod source;
mod story;
mod sync;
mod table;
mod taken_over;
mod when;
