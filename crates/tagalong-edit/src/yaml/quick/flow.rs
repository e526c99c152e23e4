//! Flow collections that begin and end on one line, with plain words and quoted strings in them.

use super::Reader;
use crate::yaml::token::{Kind, Style};

const MAX_FLOW_DEPTH: usize = 20;

impl Reader<'_> {
    /// A flow collection at `at`; the offset behind it.
    pub(super) fn flow(&mut self, at: usize, end: usize, depth: usize) -> Option<usize> {
        let sequence = self.byte(at)? == b'[';
        let close = if sequence { b']' } else { b'}' };
        if depth > MAX_FLOW_DEPTH {
            return None;
        }
        self.push(Kind::Open { sequence, flow: true }, at, at + 1);
        let mut at = self.skip_spaces(at + 1, end);
        let mut first = true;
        loop {
            if first && self.byte(at)? == close {
                self.push(Kind::Close, at, at + 1);
                return Some(at + 1);
            }
            if !sequence {
                let after = self.flow_scalar(at, end)?;
                if self.byte(after)? != b':' || self.byte(after + 1)? != b' ' {
                    return None;
                }
                at = self.skip_spaces(after + 1, end);
            }
            let after = match self.byte(at)? {
                b'{' | b'[' => self.flow(at, end, depth + 1)?,
                _ => self.flow_scalar(at, end)?,
            };
            at = self.skip_spaces(after, end);
            match self.byte(at)? {
                b',' => at = self.skip_spaces(at + 1, end),
                byte if byte == close => {
                    self.push(Kind::Close, at, at + 1);
                    return Some(at + 1);
                }
                _ => return None,
            }
            first = false;
        }
    }

    /// A quoted string or a plain word; the offset behind it.
    fn flow_scalar(&mut self, at: usize, end: usize) -> Option<usize> {
        let first = self.byte(at)?;
        if matches!(first, b'"' | b'\'') {
            return self.quoted(at, end, first);
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_./=+@%$-".contains(&byte);
        let line = self.slice(at, end).as_bytes();
        let inside = |(index, byte): (usize, &u8)| {
            word(*byte) || (*byte == b':' && line.get(index + 1).is_some_and(|next| word(*next)))
        };
        let length = line.iter().enumerate().position(|next| !inside(next)).unwrap_or(line.len());
        let second = line.get(1).copied();
        let begins = match first {
            b'-' => second.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            _ => first.is_ascii_alphanumeric() || matches!(first, b'_' | b'/' | b'.' | b'$'),
        };
        if !begins {
            return None;
        }
        self.push_scalar(at, at + length, Style::Plain)?;
        Some(at + length)
    }
}
