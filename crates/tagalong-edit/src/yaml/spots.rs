//! The places of a file that matter: the lines that hold a marker's word, each with the line below. Nodes
//! elsewhere are passed over by the walk.

use memchr::{memchr2, memrchr2};
use std::ops::Range;

/// Byte ranges, ascending: each from the start of a marked line to the end of the line below it.
pub(super) struct Spots(Vec<Range<usize>>);

impl Spots {
    /// Whether any byte of `start..=end` lies in a spot.
    pub(super) fn touches(&self, start: usize, end: usize) -> bool {
        let next = self.0.partition_point(|spot| spot.end < start);
        self.0.get(next).is_some_and(|spot| spot.start <= end)
    }
}

/// The spots of the lines on which `words` (ascending) stand.
pub(super) fn spots(text: &str, words: &[usize]) -> Spots {
    let mut spots: Vec<Range<usize>> = Vec::with_capacity(words.len());
    let mut line_end = 0;
    for word in words {
        if *word < line_end {
            continue;
        }
        let start = line_start(text, *word);
        line_end = self::line_end(text, *word);
        spots.push(start..self::line_end(text, after_break(text, line_end)));
    }
    Spots(spots)
}

/// Start of the line that holds `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes().get(..at).and_then(|head| memrchr2(b'\n', b'\r', head)).map_or(0, |found| found + 1)
}

/// End of the line that holds `at`, its line break not included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.as_bytes()
        .get(at..)
        .and_then(|tail| memchr2(b'\n', b'\r', tail))
        .map_or(text.len(), |found| at + found)
}

/// The offset behind the line break (LF, CRLF or CR) at `at`.
pub(super) fn after_break(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at..) {
        Some([b'\r', b'\n', ..]) => at + 2,
        Some([_, ..]) => at + 1,
        _ => at,
    }
}

/// The line above the one that starts at `start`; empty where there is none.
pub(super) fn line_above(text: &str, start: usize) -> &str {
    let above = text.get(..start).unwrap_or_default();
    let above = above.strip_suffix("\r\n").or_else(|| above.strip_suffix(['\n', '\r'])).unwrap_or_default();
    above.get(line_start(above, above.len())..).unwrap_or_default()
}

/// What stands before `at` on its line, at most the last 64 bytes of it.
pub(super) fn line_before(text: &str, at: usize) -> &str {
    let head = text.get(text.ceil_char_boundary(at.saturating_sub(64))..at).unwrap_or_default();
    head.rsplit(['\n', '\r']).next().unwrap_or_default()
}
