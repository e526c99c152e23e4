//! Reads the plain block YAML that nearly every manifest consists of, several times faster than the full parser.
//!
//! It reads a subset: no tabs, plain keys, one-line ASCII scalars, one-line flow collections, block scalars without
//! indentation indicator, comments, `---`. At the first thing outside of it the answer is `None` and the
//! caller parses in full. Inside of it the tokens are exactly the full parser's, which the tests below compare
//! and every edit compares again (`verify`).

mod block;
mod flow;
mod line;
#[cfg(test)]
mod tests;

use super::token::{Kind, Scalar, Style, Token};
use crate::place::offset;
use std::borrow::Cow;

/// Longer lines, and deeper nesting, are left to the full parser and its limits.
const MAX_LINE: usize = 1000;
const MAX_DEPTH: usize = 100;

/// The tokens of `text`, or `None` where it goes beyond the subset.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    if !text.bytes().all(|byte| byte == b'\n' || (byte >= b' ' && byte != 0x7f)) {
        return None;
    }
    if !text.is_ascii() && text.chars().any(is_special) {
        return None;
    }
    let mut reader = Reader {
        text,
        tokens: Vec::with_capacity(text.len() / 8),
        blocks: Vec::new(),
        pending: None,
        document: Document::None,
        line: 0,
        line_start: 0,
        next_line: 0,
    };
    while reader.next_line < text.len() {
        reader.read_line()?;
    }
    reader.end_document()?;
    Some(reader.tokens)
}

/// Line breaks and marks that YAML versions treat in their own ways, and what they forbid.
fn is_special(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A block collection that is open.
#[derive(Clone, Copy)]
struct Block {
    column: usize,
    sequence: bool,
}

/// A key that has no value yet.
struct Pending {
    /// Where its value goes if it turns out to be empty: into the tokens, and into the text.
    index: usize,
    at: usize,
    line: u32,
    column: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    /// None was begun.
    None,
    /// Begun by `---`, nothing in it yet.
    Empty,
    /// Something is in it.
    Open,
}

struct Reader<'s> {
    text: &'s str,
    tokens: Vec<Token<'s>>,
    blocks: Vec<Block>,
    pending: Option<Pending>,
    document: Document,
    line: u32,
    line_start: usize,
    next_line: usize,
}

impl<'s> Reader<'s> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, start: usize, end: usize) -> &'s str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The first offset from `at`, at most `end`, that is no space.
    fn skip_spaces(&self, at: usize, end: usize) -> usize {
        let spaces = self.slice(at, end).bytes().take_while(|byte| *byte == b' ').count();
        at + spaces
    }

    /// Adds a token of the current line.
    fn push(&mut self, kind: Kind<'s>, start: usize, end: usize) {
        let column = offset(start - self.line_start).saturating_add(1);
        self.tokens.push(Token { kind, start, end, line: self.line, column });
    }

    /// Adds a scalar, which must be ASCII for columns to be offsets.
    fn push_scalar(&mut self, start: usize, end: usize, style: Style) -> Option<()> {
        let value = match style {
            Style::Plain => self.slice(start, end),
            _ => self.slice(start + 1, end - 1),
        };
        let scalar = Scalar { value: Cow::Borrowed(value), style, multiline: false, other_type: false };
        self.push(Kind::Scalar(scalar), start, end);
        value.is_ascii().then_some(())
    }

    /// Opens a block collection.
    fn open(&mut self, at: usize, column: usize, sequence: bool) -> Option<()> {
        self.push(Kind::Open { sequence, flow: false }, at, at);
        self.blocks.push(Block { column, sequence });
        (self.blocks.len() <= MAX_DEPTH).then_some(())
    }

    fn close(&mut self) {
        self.blocks.pop();
        let at = self.line_start;
        self.push(Kind::Close, at, at);
    }

    /// Gives the pending key, if there is one, the empty value that it has.
    fn settle(&mut self) {
        let Some(Pending { index, at, line, column }) = self.pending.take() else { return };
        let value = Cow::Borrowed("~");
        let kind = Kind::Scalar(Scalar { value, style: Style::Plain, multiline: false, other_type: false });
        self.tokens.insert(index.min(self.tokens.len()), Token { kind, start: at, end: at, line, column });
    }

    /// Ends the document, of which something must have been read if it was begun.
    fn end_document(&mut self) -> Option<()> {
        self.settle();
        while !self.blocks.is_empty() {
            self.close();
        }
        (self.document != Document::Empty).then_some(())
    }
}
