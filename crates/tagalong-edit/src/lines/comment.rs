//! Where the comment of a line begins, by the habits of its format.

use crate::LineFormat;

/// The offset at which the comment of `line` begins: where the line is nothing else, or behind a value where
/// the text before it ends with a blank and is outside of quotes.
pub(super) fn find(line: &str, format: LineFormat) -> Option<usize> {
    let indent = line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len();
    let rest = line.get(indent..).unwrap_or_default();
    if rest.starts_with('#') || (format.has_slash_comments() && rest.starts_with("//")) {
        return Some(indent);
    }
    let mut quote = None;
    let mut previous = b' ';
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        let begins =
            byte == b'#' || (format.has_slash_comments() && line.as_bytes().get(at..at + 2) == Some(b"//"));
        match quote {
            Some(_) if escaped => escaped = false,
            Some(b'"') if byte == b'\\' => escaped = true,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if begins && matches!(previous, b' ' | b'\t') => return Some(at),
            None => {}
        }
        previous = byte;
    }
    None
}

/// The line without its trailing comment, in formats that have them.
pub(super) fn without(line: &str, format: LineFormat) -> &str {
    let end = if format.has_trailing_comments() { find(line, format) } else { None };
    line.get(..end.unwrap_or(line.len())).unwrap_or_default()
}
