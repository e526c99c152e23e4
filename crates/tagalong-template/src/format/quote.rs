//! Go's quoted texts and characters (`%q`, `quote`).

use std::fmt::Write;
use std::sync::LazyLock;

use regex::Regex;

/// The text in double quotes with Go's escapes; `ascii` escapes everything beyond ASCII.
pub(crate) fn quote(text: &str, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for value in text.chars() {
        push(&mut out, value, '"', ascii);
    }
    out.push('"');
    out
}

/// The character in single quotes with Go's escapes.
pub(super) fn quote_char(value: char, ascii: bool) -> String {
    let mut out = String::from("'");
    push(&mut out, value, '\'', ascii);
    out.push('\'');
    out
}

/// Whether a text may stand between backquotes unchanged.
pub(super) fn fits_backquotes(text: &str) -> bool {
    text.chars()
        .all(|value| value == '\t' || !(value == '`' || value == '\u{feff}' || value.is_ascii_control()))
}

fn push(out: &mut String, value: char, mark: char, ascii: bool) {
    let escape = match value {
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        value if value == mark || value == '\\' => value,
        value => {
            let code = u32::from(value);
            let done = match code {
                _ if (value.is_ascii() || !ascii) && printable(value) => {
                    out.push(value);
                    Ok(())
                }
                0..0x80 => write!(out, "\\x{code:02x}"),
                0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            return done.unwrap_or_default();
        }
    };
    out.push('\\');
    out.push(escape);
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(crate) fn printable(value: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if value.is_ascii() {
        return value == ' ' || value.is_ascii_graphic();
    }
    let mut buffer = [0; 4];
    PRINTABLE.as_ref().is_some_and(|pattern| pattern.is_match(value.encode_utf8(&mut buffer)))
}
