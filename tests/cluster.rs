//! `tagalong controller` against a real API server, a registry and a Git server. Each test has a namespace of its own
//! and a controller that looks at nothing else.

mod place;
mod story;
