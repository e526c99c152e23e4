//! What becomes of a folded text (`>`) when kustomize writes it out and reads it again before it prints: Go's YAML 3
//! library adds a line break before lines that are indented further. Only [`crate::value`] asks.

use crate::emit;

/// The text after it was written as a folded block and read back.
pub(crate) fn reread(text: &str) -> String {
    let is_break = |c: char| matches!(c, '\n' | '\u{2028}' | '\u{2029}');
    if !emit::fits_block(text) || text.contains(['\u{2028}', '\u{2029}']) {
        return text.to_owned();
    }
    let content = text.trim_start_matches(is_break);
    // The library looks at the beginning of the text where it should look behind the break.
    let doubles = !content.is_empty() && !is_blank(content);
    let mut read = text.get(..text.len() - content.len()).unwrap_or_default().to_owned();
    let mut rest = content;
    while !rest.is_empty() {
        let end = rest.find('\n').unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        let next = behind.trim_start_matches('\n');
        let breaks = behind.len() - next.len();
        read.push_str(line);
        let written = breaks + usize::from(breaks > 0 && doubles && !is_blank(line));
        let count = if next.is_empty() {
            if breaks > 1 { written } else { breaks }
        } else if is_blank(line) || is_blank(next) {
            written
        } else {
            written - 1
        };
        if count == 0 && !next.is_empty() {
            read.push(' ');
        }
        read.extend(std::iter::repeat_n('\n', count));
        rest = next;
    }
    read
}

fn is_blank(text: &str) -> bool {
    text.starts_with([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_indented_further_get_a_break_more() {
        for (text, expected) in [
            ("a b\n", "a b\n"),
            ("a\nb", "a\nb"),
            ("a(\n  b\n)\n", "a(\n\n  b\n)\n"),
            ("a\n\n  b\nc", "a\n\n\n  b\nc"),
            (" a\nb", " a\nb"),
            ("a\n\n", "a\n\n\n"),
            ("\n\na", "\n\na"),
            ("a \nb", "a \nb"),
            ("", ""),
        ] {
            assert_eq!(reread(text), expected, "{text:?}");
        }
    }
}
