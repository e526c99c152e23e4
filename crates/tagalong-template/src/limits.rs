//! The bounds that a hostile template runs into. Generous: a message about 5,000 changes stays far below each.

/// Longest template that is read, in bytes.
pub(crate) const SOURCE: usize = 256 * 1024;
/// Deepest nesting of `if`/`with`/`range` blocks and parentheses that is read.
pub(crate) const NESTING: usize = 64;
/// Deepest chain of templates, blocks and parentheses while rendering.
pub(crate) const DEPTH: usize = 200;
/// Longest message, in bytes.
pub(crate) const OUTPUT: usize = 1024 * 1024;
/// Longest text a function may make, in bytes.
pub(crate) const TEXT: usize = 1024 * 1024;
/// Longest list a function may make.
pub(crate) const LIST: usize = 100_000;
/// How deep lists may lie within lists; walking and freeing a value recurse as deep.
pub(crate) const VALUE_DEPTH: usize = 64;
/// Actions, operands and loop turns of one rendering.
pub(crate) const STEPS: u64 = 1_000_000;
/// Work inside functions of one rendering: a list item or 16 bytes of text touched is one unit.
pub(crate) const WORK: u64 = 50_000_000;
/// Bytes of texts, lists and dictionaries alive at one time.
pub(crate) const MEMORY: usize = 64 * 1024 * 1024;
