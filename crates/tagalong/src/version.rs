//! Version and commit, for `--version`, the user agent and the log.

/// The version alone.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Version and commit: `0.1.0 (0123456789ab)`.
pub(crate) const LONG: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("TAGALONG_COMMIT"), ")");
