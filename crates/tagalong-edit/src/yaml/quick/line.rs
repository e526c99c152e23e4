//! One line: its place among the open blocks, its dashes, key and value.

use super::{Document, MAX_LINE, Pending, Reader};
use crate::place::offset;
use crate::yaml::token::{Kind, Style};
use memchr::memchr;

impl Reader<'_> {
    /// Moves to the next line; the range of its content, without indentation.
    pub(super) fn next_line(&mut self) -> (usize, usize) {
        let start = self.next_line;
        let end = memchr(b'\n', self.slice(start, self.text.len()).as_bytes())
            .map_or(self.text.len(), |at| start + at);
        (self.line, self.line_start, self.next_line) = (self.line.saturating_add(1), start, end + 1);
        (self.skip_spaces(start, end), end)
    }

    pub(super) fn read_line(&mut self) -> Option<()> {
        let (at, end) = self.next_line();
        if end - self.line_start > MAX_LINE {
            return None;
        }
        if at == end {
            return Some(());
        }
        if self.byte(at) == Some(b'#') {
            self.push(Kind::Comment { trailing: false }, at, end);
            return Some(());
        }
        if at == self.line_start {
            let line = self.slice(at, end);
            if line.starts_with("---") {
                return self.document_marker(at, end);
            }
            if line.starts_with("...") || line.starts_with('%') {
                return None;
            }
        }
        self.content(at, end)
    }

    fn document_marker(&mut self, at: usize, end: usize) -> Option<()> {
        self.end_document()?;
        self.document = Document::Empty;
        self.push(Kind::Document, at, at + 3);
        self.rest(at + 3, end)
    }

    /// A line that is neither blank nor a comment: an entry or a key, at the column of an open block or below a
    /// key that waits for its value.
    fn content(&mut self, at: usize, end: usize) -> Option<()> {
        let column = at - self.line_start;
        let entry = self.is_entry(at, end);
        if let (Some(top), true) = (self.blocks.last(), self.pending.is_some())
            && (column > top.column || (column == top.column && entry && !top.sequence))
        {
            self.pending = None;
            return self.node(at, end);
        }
        self.settle();
        while self.blocks.last().is_some_and(|top| top.column > column) {
            self.close();
        }
        if self.blocks.last().is_some_and(|top| top.sequence && top.column == column) && !entry {
            // The end of a list that stands at the column of its key.
            self.close();
        }
        match (self.blocks.last(), self.document) {
            (Some(top), _) if top.column == column && top.sequence == entry => {}
            (None, Document::None) => self.push(Kind::Document, at, at),
            (None, Document::Empty) => {}
            _ => return None,
        }
        self.document = Document::Open;
        self.node(at, end)
    }

    /// Whether a list entry's dash stands at `at`.
    fn is_entry(&self, at: usize, end: usize) -> bool {
        self.byte(at) == Some(b'-') && (at + 1 == end || self.byte(at + 1) == Some(b' '))
    }

    /// An entry or a key at `at`, which begins a block if none is open at its column.
    fn node(&mut self, at: usize, end: usize) -> Option<()> {
        let column = at - self.line_start;
        let entry = self.is_entry(at, end);
        let key_end = if entry { at } else { self.key_end(at, end)? };
        match self.blocks.last() {
            Some(top) if top.column == column && top.sequence == entry => {}
            // The full parser lets a list at the column of its key begin at its first item.
            Some(top) if top.column == column => self.open(self.skip_spaces(at + 1, end), column, entry)?,
            _ => self.open(at, column, entry)?,
        }
        if !entry {
            self.push_scalar(at, key_end, Style::Plain)?;
            return self.key_value(key_end, end, column);
        }
        let next = self.skip_spaces(at + 1, end);
        if next == end || self.byte(next) == Some(b'#') {
            return None;
        }
        if self.is_entry(next, end) || self.key_end(next, end).is_some() {
            return self.node(next, end);
        }
        self.value(next, end, column)
    }

    /// The end of a plain key at `at`, where its colon stands.
    fn key_end(&self, at: usize, end: usize) -> Option<usize> {
        let line = self.slice(at, end).as_bytes();
        let length = line.iter().take_while(|b| b.is_ascii_alphanumeric() || b"._/-$".contains(b)).count();
        let begins =
            line.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'$'));
        let colon = line.get(length) == Some(&b':') && matches!(line.get(length + 1), None | Some(b' '));
        (begins && colon).then_some(at + length)
    }

    fn key_value(&mut self, key_end: usize, end: usize, column: usize) -> Option<()> {
        let at = self.skip_spaces(key_end + 1, end);
        if at < end && self.byte(at) != Some(b'#') {
            return self.value(at, end, column);
        }
        self.pending = Some(Pending {
            index: self.tokens.len(),
            at: key_end,
            line: self.line,
            column: offset(key_end - self.line_start).saturating_add(1),
        });
        self.rest(key_end + 1, end)
    }

    /// A value at `at` of the block at `column`.
    fn value(&mut self, at: usize, end: usize, column: usize) -> Option<()> {
        match self.byte(at)? {
            quote @ (b'"' | b'\'') => {
                let after = self.quoted(at, end, quote)?;
                self.rest(after, end)
            }
            b'{' | b'[' => {
                let after = self.flow(at, end, 0)?;
                self.rest(after, end)
            }
            b'|' | b'>' => self.block_scalar(at, end, column),
            b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'?' | b':' | b',' | b']' | b'}' | b'#' => None,
            b'-' if self.is_entry(at, end) => None,
            _ => self.plain(at, end),
        }
    }

    fn plain(&mut self, at: usize, end: usize) -> Option<()> {
        let line = self.slice(at, end);
        let text = line.split(" #").next()?;
        let value = text.trim_end_matches(' ');
        if value.contains(": ") || value.ends_with(':') {
            return None;
        }
        self.push_scalar(at, at + value.len(), Style::Plain)?;
        self.rest(at + value.len(), end)
    }

    /// A quoted scalar without escapes; the offset behind it.
    pub(super) fn quoted(&mut self, at: usize, end: usize, quote: u8) -> Option<usize> {
        let inner = self.slice(at + 1, end);
        let length = memchr(quote, inner.as_bytes())?;
        let after = at + length + 2;
        let escaped = match quote {
            b'"' => inner.get(..length)?.contains('\\'),
            _ => after < end && self.byte(after) == Some(quote),
        };
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        self.push_scalar(at, after, style)?;
        (!escaped).then_some(after)
    }

    /// What follows the last value of a line: nothing, or a comment behind a space.
    pub(super) fn rest(&mut self, at: usize, end: usize) -> Option<()> {
        let next = self.skip_spaces(at, end);
        if next == end {
            return Some(());
        }
        if self.byte(next) != Some(b'#') || next == at {
            return None;
        }
        self.push(Kind::Comment { trailing: true }, next, end);
        Some(())
    }
}
