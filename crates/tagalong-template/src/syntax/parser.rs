//! Pipelines, commands and operands out of tokens, and the entry point of parsing. Blocks are in [`super::control`].

use std::mem;

use super::ast::{Command, Operand, Pipeline, Source};
use super::lexer::{Lexeme, Token, Word, lex};
use super::literal::Number;
use crate::error::TemplateError;
use crate::{funcs, limits};

/// Reads a template. Names of functions are looked up here, so an unknown one is found even in a branch never taken.
pub(crate) fn parse(source: &str) -> Result<Source, TemplateError> {
    if source.len() > limits::SOURCE {
        let bound = format!("the template is longer than {} bytes", limits::SOURCE);
        return Err(TemplateError::Bound { line: 1, bound });
    }
    let mut parser = Parser::new(lex(source)?);
    let (main, _) = parser.body(&[])?;
    parser.out.main = main;
    Ok(parser.out)
}

/// Where a pipeline stands, which decides how many variables it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Range,
    Other(&'static str),
}

pub(super) struct Parser {
    tokens: std::vec::IntoIter<Lexeme>,
    next: Lexeme,
    /// The line of the token taken last.
    pub(super) line: usize,
    pub(super) variables: Vec<String>,
    pub(super) loops: usize,
    pub(super) nesting: usize,
    pub(super) out: Source,
}

impl Parser {
    fn new(tokens: Vec<Lexeme>) -> Self {
        let mut tokens = tokens.into_iter();
        let next = tokens.next().unwrap_or_else(end);
        let variables = vec!["$".to_owned()];
        Self { tokens, next, line: 1, variables, loops: 0, nesting: 0, out: Source::default() }
    }

    pub(super) fn peek(&self) -> &Token {
        &self.next.token
    }

    pub(super) fn take(&mut self) -> Token {
        let following = self.tokens.next().unwrap_or_else(end);
        let taken = mem::replace(&mut self.next, following);
        self.line = taken.line;
        taken.token
    }

    /// Takes the next token if it is `wanted`.
    pub(super) fn skip(&mut self, wanted: &Token) -> bool {
        let found = *self.peek() == *wanted;
        if found {
            self.take();
        }
        found
    }

    pub(super) fn expect(&mut self, wanted: &Token, place: &str) -> Result<(), TemplateError> {
        if self.skip(wanted) { Ok(()) } else { self.unexpected(place) }
    }

    pub(super) fn fail<T>(&self, problem: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::Syntax { line: self.line, problem: problem.into() })
    }

    pub(super) fn unexpected<T>(&mut self, place: &str) -> Result<T, TemplateError> {
        let found = describe(&self.take());
        self.fail(format!("unexpected {found} in {place}"))
    }

    pub(super) fn deeper(&mut self) -> Result<(), TemplateError> {
        self.nesting += 1;
        if self.nesting <= limits::NESTING {
            return Ok(());
        }
        let bound = format!("blocks and parentheses nest deeper than {}", limits::NESTING);
        Err(TemplateError::Bound { line: self.line, bound })
    }

    /// A pipeline up to and with `close`.
    pub(super) fn pipeline(&mut self, place: Place, close: &Token) -> Result<Pipeline, TemplateError> {
        let line = self.next.line;
        let (variables, assigns) = self.declarations(place)?;
        let name = match place {
            Place::Range => "range",
            Place::Other(name) => name,
        };
        let mut commands = Vec::new();
        loop {
            let command = self.command(name, !commands.is_empty())?;
            commands.push(command);
            if self.skip(close) {
                break;
            }
            self.expect(&Token::Pipe, name)?;
        }
        self.variables.extend(variables.iter().cloned());
        Ok(Pipeline { line, variables, assigns, commands })
    }

    /// `$x :=`, `$x =`, and in a `range` also `$k, $v :=`.
    fn declarations(&mut self, place: Place) -> Result<(Vec<String>, bool), TemplateError> {
        let following = self.tokens.as_slice().first().map(|lexeme| &lexeme.token);
        let declares = matches!(following, Some(Token::Declare | Token::Assign | Token::Comma));
        let Token::Variable(first) = self.peek().clone() else {
            return Ok((Vec::new(), false));
        };
        if !declares {
            return Ok((Vec::new(), false));
        }
        self.take();
        let mut names = vec![first];
        if self.skip(&Token::Comma) {
            let second = self.take();
            match (second, place) {
                (Token::Variable(second), Place::Range) => names.push(second),
                (_, Place::Range) => return self.fail("range can only initialize variables"),
                (_, Place::Other(name)) => return self.fail(format!("too many declarations in {name}")),
            }
        }
        let assigns = self.skip(&Token::Assign);
        if !assigns {
            self.expect(&Token::Declare, "a declaration")?;
        }
        if let Some(unknown) = names.iter().find(|name| assigns && !self.variables.contains(name)) {
            return self.fail(format!("undefined variable `{unknown}`"));
        }
        Ok((names, assigns))
    }

    fn command(&mut self, place: &str, piped: bool) -> Result<Command, TemplateError> {
        let line = self.next.line;
        let Some(head) = self.operand()? else {
            return match self.peek() {
                Token::Close | Token::RightParen | Token::Pipe => {
                    self.take();
                    self.fail(format!("missing value for {place}"))
                }
                _ => self.unexpected(place),
            };
        };
        if matches!(head, Operand::Nil) {
            return self.fail("nil is not a command");
        }
        let constant = matches!(
            head,
            Operand::Dot | Operand::Bool(_) | Operand::Int(_) | Operand::Float(_) | Operand::Text(_)
        );
        if piped && constant {
            return self.fail("a constant cannot follow `|`; a function or field must");
        }
        let mut arguments = Vec::new();
        while self.next.spaced {
            match self.operand()? {
                Some(operand) => arguments.push(operand),
                None => break,
            }
        }
        Ok(Command { line, head, arguments })
    }

    /// An operand with the fields that follow it without a space; `None` if none begins here.
    fn operand(&mut self) -> Result<Option<Operand>, TemplateError> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        while !self.next.spaced {
            let Token::Field(name) = self.peek().clone() else { break };
            self.take();
            fields.push(name);
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        Ok(Some(match term {
            Operand::Field(mut first) => {
                first.append(&mut fields);
                Operand::Field(first)
            }
            Operand::Variable(name, _) => Operand::Variable(name, fields),
            Operand::Function(_) | Operand::Parens(_) => Operand::Chain(Box::new(term), fields),
            _ => return self.fail("unexpected `.` after a constant"),
        }))
    }

    fn term(&mut self) -> Result<Option<Operand>, TemplateError> {
        let begins = matches!(
            self.peek(),
            Token::Name(_)
                | Token::Dot
                | Token::Word(Word::Nil)
                | Token::Variable(_)
                | Token::Field(_)
                | Token::Bool(_)
                | Token::Number(_)
                | Token::Quoted(_)
                | Token::LeftParen
        );
        if !begins {
            return Ok(None);
        }
        Ok(Some(match self.take() {
            Token::Name(name) => Operand::Function(funcs::find(&name, self.line)?),
            Token::Dot => Operand::Dot,
            Token::Field(name) => Operand::Field(vec![name]),
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return self.fail(format!("undefined variable `{name}`"));
                }
                Operand::Variable(name, Vec::new())
            }
            Token::Bool(value) => Operand::Bool(value),
            Token::Number(Number::Int(value)) => Operand::Int(value),
            Token::Number(Number::Float(value)) => Operand::Float(value),
            Token::Quoted(text) => Operand::Text(text),
            Token::LeftParen => {
                self.deeper()?;
                let inner = self.pipeline(Place::Other("parenthesized pipeline"), &Token::RightParen)?;
                self.nesting -= 1;
                Operand::Parens(Box::new(inner))
            }
            _ => Operand::Nil,
        }))
    }
}

fn end() -> Lexeme {
    Lexeme { token: Token::End, line: 1, spaced: true }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Text(_) => "text".to_owned(),
        Token::Open => "`{{`".to_owned(),
        Token::Close => "`}}`".to_owned(),
        Token::Word(word) => format!("`{}`", format!("{word:?}").to_lowercase()),
        Token::Name(name) | Token::Variable(name) => format!("`{name}`"),
        Token::Field(name) => format!("`.{name}`"),
        Token::Number(_) => "a number".to_owned(),
        Token::Quoted(_) => "a quoted text".to_owned(),
        Token::Bool(value) => format!("`{value}`"),
        Token::Dot => "`.`".to_owned(),
        Token::Pipe => "`|`".to_owned(),
        Token::Comma => "`,`".to_owned(),
        Token::Declare => "`:=`".to_owned(),
        Token::Assign => "`=`".to_owned(),
        Token::LeftParen => "`(`".to_owned(),
        Token::RightParen => "`)`".to_owned(),
        Token::End => "end of the template".to_owned(),
    }
}
