//! Block scalars without an indentation indicator.

use super::Reader;
use crate::place::offset;
use crate::yaml::token::{Kind, Scalar, Style, Token};
use std::borrow::Cow;

impl Reader<'_> {
    /// A block scalar whose header stands at `at`, in the block at `column`. Its content is not looked at.
    pub(super) fn block_scalar(&mut self, at: usize, end: usize, column: usize) -> Option<()> {
        let after = if matches!(self.byte(at + 1), Some(b'-' | b'+')) { at + 2 } else { at + 1 };
        let index = self.tokens.len();
        self.rest(after, end)?;
        let (mut start, mut content_column, mut first_line) = (None, 0, self.line);
        let mut blank = 0;
        while self.next_line < self.text.len() {
            let before = (self.line, self.line_start, self.next_line);
            let (line_at, line_end) = self.next_line();
            let depth = line_at - self.line_start;
            if line_at == line_end {
                blank = blank.max(depth);
                continue;
            }
            if start.is_none() && depth > column {
                (start, content_column, first_line) = (Some(line_at), depth, self.line);
                if blank > depth {
                    return None;
                }
            }
            if start.is_none() || depth < content_column {
                (self.line, self.line_start, self.next_line) = before;
                if depth > column {
                    return None;
                }
                break;
            }
        }
        let start = start?;
        let scalar =
            Scalar { value: Cow::Borrowed(""), style: Style::Block, multiline: true, other_type: false };
        let column = offset(content_column).saturating_add(1);
        let token = Token {
            kind: Kind::Scalar(scalar),
            start,
            end: self.next_line.min(self.text.len()),
            line: first_line,
            column,
        };
        self.tokens.insert(index, token);
        Some(())
    }
}
