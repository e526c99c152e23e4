//! Offsets to lines and columns, in one pass over the file. Used wherever a problem is not at a parsed node.

use memchr::{memchr_iter, memrchr};

/// Offsets are kept in 32 bits; files beyond `MAX_BYTES` are refused before any offset is taken.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Walks through a text and says line and column (both from 1) of ascending offsets in linear time.
pub(crate) struct Places<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    column: u32,
}

impl<'t> Places<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    /// Line and column of `at`, which must not be before the offset asked for last.
    pub(crate) fn of(&mut self, at: usize) -> (u32, u32) {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        let breaks = memchr_iter(b'\n', passed.as_bytes()).count();
        let tail = match memrchr(b'\n', passed.as_bytes()) {
            Some(last) => {
                self.column = 1;
                passed.get(last + 1..).unwrap_or_default()
            }
            None => passed,
        };
        self.line = self.line.saturating_add(offset(breaks));
        self.column = self.column.saturating_add(offset(tail.chars().count()));
        self.at = self.at.max(at);
        (self.line, self.column)
    }
}

/// Line and column of an offset in bytes of which only those before it are known to be text.
pub(crate) fn of_bytes(bytes: &[u8], at: usize) -> (u32, u32) {
    let text = bytes.get(..at).and_then(|head| std::str::from_utf8(head).ok()).unwrap_or_default();
    Places::new(text).of(text.len())
}
