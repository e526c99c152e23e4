//! Writes one scalar in the style that its text allows.

use super::analysis::{self, is_break, is_printable};
use super::{BEST_WIDTH, Emitter, INDENT};
use crate::resolve::{self, Resolved};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// The style that a string asks for; the text may not allow it.
pub(super) fn wanted(text: &str) -> Style {
    if text.contains('\n') {
        Style::Literal
    } else if resolve::yaml11(text) == Resolved::Str && !resolve::is_base60(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    }
}

impl Emitter {
    pub(super) fn scalar(&mut self, text: &str, wanted: Style) {
        let style = self.select(text, wanted);
        self.increase_indent(true, false);
        let folds = !self.simple_key;
        match style {
            Style::Plain => self.plain(text, folds),
            Style::SingleQuoted => self.single_quoted(text, folds),
            Style::DoubleQuoted => self.double_quoted(text, folds),
            Style::Literal => self.literal(text),
        }
        self.indents.pop();
    }

    fn select(&self, text: &str, wanted: Style) -> Style {
        let allowed = analysis::analyse(text);
        let mut style = wanted;
        if self.simple_key && allowed.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain && (!allowed.plain || (text.is_empty() && self.simple_key)) {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !allowed.single_quoted {
            style = Style::DoubleQuoted;
        }
        if style == Style::Literal && (!allowed.block || self.simple_key) {
            style = Style::DoubleQuoted;
        }
        style
    }

    fn plain(&mut self, text: &str, folds: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut spaces = false;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if c == ' ' {
                if folds && !spaces && self.column > BEST_WIDTH && rest.peek() != Some(&' ') {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                self.indention = false;
                spaces = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, folds: bool) {
        self.indicator("'", true, false, false);
        let (mut spaces, mut breaks, mut first) = (false, false, true);
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if c == ' ' {
                let inner = !first && rest.peek().is_some_and(|next| *next != ' ');
                if folds && !spaces && self.column > BEST_WIDTH && inner {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                spaces = true;
            } else if is_break(c) {
                self.out.push(c);
                self.column = 0;
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
            first = false;
        }
        self.indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn double_quoted(&mut self, text: &str, folds: bool) {
        self.indicator("\"", true, false, false);
        // The library looks for the byte order mark at the start of the text whatever character it is at.
        let marked = text.starts_with('\u{feff}');
        let (mut spaces, mut first) = (false, true);
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
                spaces = false;
            } else if c == ' ' {
                if folds && !spaces && self.column > BEST_WIDTH && !first && rest.peek().is_some() {
                    self.write_indent();
                    if rest.peek() == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
            first = false;
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => Some('0'),
            '\x07' => Some('a'),
            '\x08' => Some('b'),
            '\t' => Some('t'),
            '\n' => Some('n'),
            '\x0b' => Some('v'),
            '\x0c' => Some('f'),
            '\r' => Some('r'),
            '\x1b' => Some('e'),
            '"' | '\\' => Some(c),
            '\u{85}' => Some('N'),
            '\u{a0}' => Some('_'),
            '\u{2028}' => Some('L'),
            '\u{2029}' => Some('P'),
            _ => None,
        };
        let code = u32::from(c);
        let written = match short {
            Some(short) => format!("\\{short}"),
            None if code <= 0xff => format!("\\x{code:02X}"),
            None if code <= 0xffff => format!("\\u{code:04X}"),
            None => format!("\\U{code:08X}"),
        };
        for c in written.chars() {
            self.put(c);
        }
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            self.indicator(&INDENT.to_string(), false, false, false);
        }
        let mut backwards = text.chars().rev();
        let chomp = match (backwards.next(), backwards.next()) {
            (Some(last), _) if !is_break(last) => "-",
            (Some(_), None) => "+",
            (Some(_), Some(before)) if is_break(before) => "+",
            _ => "",
        };
        if !chomp.is_empty() {
            self.indicator(chomp, false, false, false);
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.out.push(c);
                self.column = 0;
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }
}
