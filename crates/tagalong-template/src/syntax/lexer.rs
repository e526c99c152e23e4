//! Cuts a template into tokens, trims the text beside `{{-` and `-}}`, drops comments. Used by the parser.

use super::literal::{self, Number};
use crate::error::TemplateError;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    Word(Word),
    /// A function's name.
    Name(String),
    /// `.Name`, without the point.
    Field(String),
    /// `$` or `$name`, with the `$`.
    Variable(String),
    Number(Number),
    Quoted(String),
    Bool(bool),
    Dot,
    Pipe,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    LeftParen,
    RightParen,
    End,
}

/// The words a template gives a meaning to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) line: usize,
    /// White space stands before it; operands need that between them.
    pub(crate) spaced: bool,
}

/// All tokens of a template, ended by [`Token::End`].
pub(crate) fn lex(source: &str) -> Result<Vec<Lexeme>, TemplateError> {
    let mut lexer = Lexer { rest: source, line: 1, out: Vec::new(), trim_next: false };
    while lexer.text()? {
        lexer.action()?;
    }
    lexer.push(Token::End, true);
    Ok(lexer.out)
}

struct Lexer<'s> {
    rest: &'s str,
    line: usize,
    out: Vec<Lexeme>,
    /// The last `-}}` swallows the white space that follows.
    trim_next: bool,
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

impl<'s> Lexer<'s> {
    fn push(&mut self, token: Token, spaced: bool) {
        self.out.push(Lexeme { token, line: self.line, spaced });
    }

    fn fail<T>(&self, problem: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::Syntax { line: self.line, problem: problem.into() })
    }

    /// Takes `length` bytes, which must end at a character's boundary.
    fn take(&mut self, length: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        taken
    }

    /// Text and comments up to the next action; false at the end of the template.
    fn text(&mut self) -> Result<bool, TemplateError> {
        loop {
            let open = self.rest.find("{{");
            let line = self.line;
            let mut text = self.take(open.unwrap_or(self.rest.len()));
            if std::mem::take(&mut self.trim_next) {
                text = text.trim_start_matches(SPACE);
            }
            if open.is_some() {
                self.take(2);
                if self.rest.strip_prefix('-').is_some_and(|after| after.starts_with(SPACE)) {
                    text = text.trim_end_matches(SPACE);
                    self.take(2);
                }
            }
            if !text.is_empty() {
                self.out.push(Lexeme { token: Token::Text(text.to_owned()), line, spaced: false });
            }
            if open.is_none() || !self.rest.starts_with("/*") {
                return Ok(open.is_some());
            }
            self.comment()?;
        }
    }

    fn comment(&mut self) -> Result<(), TemplateError> {
        let Some(end) = self.rest.find("*/") else {
            return self.fail("unclosed comment");
        };
        self.take(end + 2);
        if self.close() { Ok(()) } else { self.fail("comment ends before closing delimiter") }
    }

    /// Takes `}}` or ` -}}` if that is next.
    fn close(&mut self) -> bool {
        if self.rest.starts_with("}}") {
            self.take(2);
            return true;
        }
        if self.rest.strip_prefix(SPACE).is_some_and(|after| after.starts_with("-}}")) {
            self.take(4);
            self.trim_next = true;
            return true;
        }
        false
    }

    /// The tokens up to and with `}}`.
    fn action(&mut self) -> Result<(), TemplateError> {
        self.push(Token::Open, false);
        let mut parens = 0usize;
        let mut spaced = false;
        loop {
            let line = self.line;
            if self.close() {
                if parens > 0 {
                    return self.fail("unclosed left paren");
                }
                self.out.push(Lexeme { token: Token::Close, line, spaced });
                return Ok(());
            }
            let Some(first) = self.rest.chars().next() else {
                return self.fail("unclosed action");
            };
            if SPACE.contains(&first) {
                self.take(1);
                spaced = true;
                continue;
            }
            let token = self.token(first)?;
            match token {
                Token::LeftParen => parens += 1,
                Token::RightParen if parens == 0 => return self.fail("unexpected right paren"),
                Token::RightParen => parens -= 1,
                _ => {}
            }
            self.push(token, spaced);
            spaced = false;
        }
    }

    fn token(&mut self, first: char) -> Result<Token, TemplateError> {
        let single = match first {
            '|' => Some(Token::Pipe),
            ',' => Some(Token::Comma),
            '(' => Some(Token::LeftParen),
            ')' => Some(Token::RightParen),
            '=' => Some(Token::Assign),
            _ => None,
        };
        if let Some(token) = single {
            self.take(1);
            return Ok(token);
        }
        match first {
            ':' if self.rest.starts_with(":=") => {
                self.take(2);
                Ok(Token::Declare)
            }
            ':' => self.fail("expected :="),
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '$' => {
                self.take(1);
                let name = self.name();
                self.end_of_word(&format!("${name}"))?;
                Ok(Token::Variable(format!("${name}")))
            }
            '.' if !self.rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
                self.take(1);
                let name = self.name();
                self.end_of_word(&format!(".{name}"))?;
                Ok(if name.is_empty() { Token::Dot } else { Token::Field(name.to_owned()) })
            }
            '.' | '+' | '-' | '0'..='9' => self.number(),
            c if c.is_alphanumeric() || c == '_' => self.word(),
            c => self.fail(format!("unexpected character `{}` in an action", c.escape_debug())),
        }
    }

    fn name(&mut self) -> &'s str {
        let length = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        self.take(length)
    }

    /// A name must be followed by something that can end it.
    fn end_of_word(&self, word: &str) -> Result<(), TemplateError> {
        let ended = match self.rest.chars().next() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | '=' | '(' | ')') => true,
            Some(_) => self.rest.starts_with("}}"),
        };
        if ended { Ok(()) } else { self.fail(format!("unexpected character after `{word}`")) }
    }

    fn word(&mut self) -> Result<Token, TemplateError> {
        let name = self.name();
        self.end_of_word(name)?;
        Ok(match name {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            "block" => Token::Word(Word::Block),
            "break" => Token::Word(Word::Break),
            "continue" => Token::Word(Word::Continue),
            "define" => Token::Word(Word::Define),
            "else" => Token::Word(Word::Else),
            "end" => Token::Word(Word::End),
            "if" => Token::Word(Word::If),
            "nil" => Token::Word(Word::Nil),
            "range" => Token::Word(Word::Range),
            "template" => Token::Word(Word::Template),
            "with" => Token::Word(Word::With),
            name => Token::Name(name.to_owned()),
        })
    }

    fn number(&mut self) -> Result<Token, TemplateError> {
        let bytes = self.rest.as_bytes();
        let hexadecimal = self.rest.trim_start_matches(['+', '-']).starts_with(['0']) && {
            let digits = self.rest.trim_start_matches(['+', '-']);
            digits.starts_with("0x") || digits.starts_with("0X")
        };
        let mut length = 1;
        while let Some(byte) = bytes.get(length) {
            let sign = matches!(byte, b'+' | b'-');
            let after_exponent = !hexadecimal && matches!(bytes.get(length - 1), Some(b'e' | b'E'));
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || (sign && after_exponent) {
                length += 1;
            } else {
                break;
            }
        }
        let text = self.take(length);
        match literal::number(text) {
            Ok(number) => Ok(Token::Number(number)),
            Err(problem) => self.fail(problem),
        }
    }

    /// The length of the literal that begins here, quotes included.
    fn literal_length(&self, quote: u8) -> Option<usize> {
        let mut escaped = false;
        for (at, byte) in self.rest.bytes().enumerate().skip(1) {
            match byte {
                b'\n' => return None,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                byte if byte == quote => return Some(at + 1),
                _ => {}
            }
        }
        None
    }

    fn quoted(&mut self) -> Result<Token, TemplateError> {
        let Some(length) = self.literal_length(b'"') else {
            return self.fail("unterminated quoted string");
        };
        let inner = self.take(length).get(1..length - 1).unwrap_or_default();
        literal::text(inner).map(Token::Quoted).or_else(|problem| self.fail(problem))
    }

    fn raw(&mut self) -> Result<Token, TemplateError> {
        let Some(end) = self.rest.get(1..).and_then(|rest| rest.find('`')) else {
            return self.fail("unterminated raw quoted string");
        };
        // Go drops carriage returns from raw strings, so a template saved with CRLF gives the same text.
        let inner = self.take(end + 2).get(1..=end).unwrap_or_default().replace('\r', "");
        Ok(Token::Quoted(inner))
    }

    fn character(&mut self) -> Result<Token, TemplateError> {
        let Some(length) = self.literal_length(b'\'') else {
            return self.fail("unterminated character constant");
        };
        let inner = self.take(length).get(1..length - 1).unwrap_or_default();
        let code = literal::character(inner);
        code.map(|code| Token::Number(Number::Int(code))).or_else(|problem| self.fail(problem))
    }
}
