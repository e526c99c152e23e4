//! How much one render may read and make. A repository is untrusted input.

/// Folders within folders.
pub(crate) const DEPTH: usize = 64;
/// Bytes of one file: more of it need not be read.
pub const FILE: usize = 16 << 20;
/// Bytes of all files, counted each time one is read.
pub(crate) const BYTES: usize = 256 << 20;
/// Bytes that are looked at for patterns of variables (`${a##*x}`).
pub(crate) const STEPS: usize = 2_000_000_000;
/// Nodes of all documents, aliases expanded.
pub(crate) const NODES: usize = 8_000_000;
