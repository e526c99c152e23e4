//! The demo: a small shop with a Git repository and a registry of its own, and the engine at work on it. Nothing is
//! installed, nothing leaves this machine. Called by the command `demo`.
//!
//! ```text
//! place    the folder            estate   what it is filled with      person   who works in it as well
//! storage  images as files       server   the registry over them       image   what is pushed
//! play     the story             teller   findings as they come        why     the reasons of a policy
//!                                voice    how it looks
//! ```

pub(crate) mod image;
pub(crate) mod place;
pub(crate) mod play;
pub(crate) mod server;
pub(crate) mod storage;
pub(crate) mod voice;

mod estate;
mod person;
mod teller;
mod why;
