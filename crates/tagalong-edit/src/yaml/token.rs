//! What a YAML file consists of, as far as markers and edits care. Made by the full parser (`parse`) and, for the
//! plain files that are nearly all there are, by the quick reader (`quick`); read by `walk` and `verify`.

use std::borrow::Cow;

/// One thing in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind<'s>,
    /// Byte offsets.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where it starts, both from 1, the column in characters.
    pub(super) line: u32,
    pub(super) column: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'s> {
    /// A document begins.
    Document,
    Scalar(Scalar<'s>),
    Alias,
    /// A collection begins.
    Open {
        sequence: bool,
        flow: bool,
    },
    /// The innermost collection ends.
    Close,
    Comment {
        /// Something stands before it on its line.
        trailing: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar<'s> {
    /// The decoded value; empty for block scalars, which nobody reads.
    pub(super) value: Cow<'s, str>,
    pub(super) style: Style,
    /// It begins and ends on different lines; always set for block scalars.
    pub(super) multiline: bool,
    /// Its tag makes it something else than a string.
    pub(super) other_type: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|` or `>`.
    Block,
}
