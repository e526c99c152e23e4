//! Patterns in RE2's dialect made into the dialect of the `regex` crate, where some of them mean something else.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

use crate::error::Failure;

/// Compiles a pattern that was written for Go.
pub(super) fn compile(pattern: &str) -> Result<Regex, Failure> {
    let unusable =
        |reason: &str| Failure::Problem(format!("the pattern `{pattern}` cannot be used: {reason}"));
    let translated = translated(pattern).map_err(unusable)?;
    let built =
        RegexBuilder::new(&translated).size_limit(1 << 20).dfa_size_limit(1 << 20).nest_limit(100).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => unusable("it is too large"),
        other => unusable(other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ")),
    })
}

/// Most repetitions RE2 counts.
const REPEAT: u32 = 1000;

struct Translator<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

/// `\d`, `\w`, `\s` and `\b` are about ASCII, `\Q…\E` is literal, a brace that counts nothing is a brace, and `[…]`
/// knows no sets within sets. What RE2 does not have is refused.
fn translated(pattern: &str) -> Result<String, &'static str> {
    let mut translator = Translator { rest: pattern.chars().peekable(), out: String::new() };
    let mut repeated = false;
    while let Some(value) = translator.rest.next() {
        let repeats = match value {
            '*' | '+' | '?' => true,
            '{' => translator.counted()?,
            _ => false,
        };
        if repeats {
            if repeated {
                return Err("invalid nested repetition operator");
            }
            if value != '{' {
                translator.out.push(value);
            }
            // Directly after a repetition, `?` makes it take as little as it can.
            if translator.rest.next_if_eq(&'?').is_some() {
                translator.out.push('?');
            }
        } else {
            translator.one(value)?;
        }
        repeated = repeats;
    }
    Ok(translator.out)
}

impl Translator<'_> {
    fn one(&mut self, value: char) -> Result<(), &'static str> {
        match value {
            '\\' => self.escape(false),
            '[' => self.class(),
            '{' | '}' => {
                self.out.extend(['\\', value]);
                Ok(())
            }
            '(' if self.rest.peek() == Some(&'?') => self.flags(),
            other => {
                self.out.push(other);
                Ok(())
            }
        }
    }

    /// `{2}`, `{2,}` or `{2,3}` after its brace, if it is one.
    fn counted(&mut self) -> Result<bool, &'static str> {
        let ahead: String = self.rest.clone().take(12).collect();
        let Some((inside, _)) = ahead.split_once('}') else { return Ok(false) };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if least.is_empty() || !number(least) || !number(most) {
            return Ok(false);
        }
        let large = |text: &str| !text.is_empty() && text.parse().map_or(true, |count: u32| count > REPEAT);
        if large(least) || large(most) {
            return Err("a repetition counts further than 1000");
        }
        for _ in 0..=inside.len() {
            self.rest.next();
        }
        write!(self.out, "{{{inside}}}").unwrap_or_default();
        Ok(true)
    }

    /// `(?i)`, `(?i:`, `(?P<name>`, `(?<name>` or `(?:` after its parenthesis.
    fn flags(&mut self) -> Result<(), &'static str> {
        self.rest.next();
        self.out.push_str("(?");
        while let Some(flag) = self.rest.next_if(|value| !matches!(value, ')' | ':' | '<')) {
            if !matches!(flag, 'i' | 'm' | 's' | 'U' | '-' | 'P') {
                return Err("unknown flag or look-around after `(?`");
            }
            self.out.push(flag);
        }
        if self.rest.clone().nth(1).is_some_and(|value| matches!(value, '=' | '!')) {
            return Err("look-around is not supported");
        }
        Ok(())
    }

    /// `[…]` after its bracket.
    fn class(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let value = self.rest.next().ok_or("missing `]`")?;
            match value {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.peek() == Some(&':') => self.named_class()?,
                '\\' => self.escape(true)?,
                // A range; a hyphen at either end of the class is only a hyphen.
                '-' if !first && self.rest.peek().is_some_and(|next| *next != ']') => self.out.push('-'),
                other => self.literal(other),
            }
            first = false;
            if self.rest.peek() == Some(&'-') && self.rest.clone().nth(1).is_some_and(|next| next != ']') {
                self.rest.next();
                self.out.push('-');
                match self.rest.next() {
                    Some('\\') => self.escape(true)?,
                    Some(end) => self.literal(end),
                    None => return Err("missing `]`"),
                }
            }
        }
    }

    /// `[:alpha:]` after its first bracket, or a bracket that only looks like one.
    fn named_class(&mut self) -> Result<(), &'static str> {
        let ahead: String = self.rest.clone().take(12).collect();
        match ahead.split_once(":]") {
            Some((name, _)) => {
                write!(self.out, "[{name}:]").unwrap_or_default();
                for _ in 0..name.len() + 2 {
                    self.rest.next();
                }
            }
            None => self.literal('['),
        }
        Ok(())
    }

    fn literal(&mut self, value: char) {
        // Not every mark: an escaped `<` would be the start of a word.
        if "\\.+*?()|[]{}^$#&-~".contains(value) {
            self.out.push('\\');
        }
        self.out.push(value);
    }

    /// What follows a backslash.
    fn escape(&mut self, class: bool) -> Result<(), &'static str> {
        let value = self.rest.next().ok_or("a backslash at the end")?;
        let set = match value {
            'd' => "0-9",
            'w' => "0-9A-Za-z_",
            's' => "\\t\\n\\f\\r ",
            'D' => "^0-9",
            'W' => "^0-9A-Za-z_",
            'S' => "^\\t\\n\\f\\r ",
            'b' | 'B' if !class => {
                write!(self.out, "(?-u:\\{value})").unwrap_or_default();
                return Ok(());
            }
            'Q' if !class => {
                self.quoted();
                return Ok(());
            }
            '0'..='7' => return self.octal(value),
            'a' | 'f' | 'n' | 'r' | 't' | 'v' => {
                self.out.extend(['\\', value]);
                return Ok(());
            }
            'x' | 'p' | 'P' => {
                let mut ahead = self.rest.clone();
                let negated = value != 'x' && ahead.next() == Some('{') && ahead.next() == Some('^');
                let flipped = if value == 'p' { 'P' } else { 'p' };
                self.out.extend(['\\', if negated { flipped } else { value }]);
                self.braced();
                return Ok(());
            }
            'A' | 'z' if !class => {
                self.out.extend(['\\', value]);
                return Ok(());
            }
            value if value.is_ascii_punctuation() || value == ' ' => {
                self.literal(value);
                return Ok(());
            }
            _ => return Err("invalid escape sequence"),
        };
        write!(self.out, "[{set}]").unwrap_or_default();
        Ok(())
    }

    /// `\101`; a single digit other than 0 would be a back-reference.
    fn octal(&mut self, first: char) -> Result<(), &'static str> {
        let mut code = first.to_digit(8).unwrap_or(0);
        if first != '0' && self.rest.peek().is_none_or(|next| !next.is_digit(8)) {
            return Err("back-references are not supported");
        }
        for _ in 0..2 {
            if let Some(digit) = self.rest.next_if(|next| next.is_digit(8)) {
                code = code * 8 + digit.to_digit(8).unwrap_or(0);
            }
        }
        write!(self.out, "\\x{{{code:X}}}").unwrap_or_default();
        Ok(())
    }

    /// The braces of `\x{…}` and `\p{…}` as they are, if there are any.
    fn braced(&mut self) {
        if self.rest.peek() == Some(&'{') {
            for value in self.rest.by_ref() {
                // `\p{^L}` has been made `\P{L}`.
                if value != '^' {
                    self.out.push(value);
                }
                if value == '}' {
                    return;
                }
            }
        }
    }

    fn quoted(&mut self) {
        while let Some(value) = self.rest.next() {
            if value == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(value);
        }
    }
}
