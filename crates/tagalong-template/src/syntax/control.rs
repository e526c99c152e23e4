//! Blocks out of tokens: `if`, `with`, `range`, `define`, `template`, `block`, `break`, `continue`.

use std::mem;

use super::ast::{Branches, Node, Pipeline};
use super::lexer::{Token, Word};
use super::parser::{Parser, Place};
use crate::error::TemplateError;

/// What ended a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The end of the template.
    Source,
    /// `{{end}}`, read to its `}}`.
    End,
    /// `{{else`, read up to there.
    Else,
}

impl Parser {
    /// Nodes up to one of the `endings`; none given means up to the end of the template.
    pub(super) fn body(&mut self, endings: &[Ending]) -> Result<(Vec<Node>, Ending), TemplateError> {
        let mut nodes = Vec::new();
        loop {
            match self.take() {
                Token::Text(text) => nodes.push(Node::Text(text)),
                Token::End if endings.is_empty() => return Ok((nodes, Ending::Source)),
                Token::End => return self.fail("unexpected end of the template; an `{{end}}` is missing"),
                _ => {
                    let ending = self.action(endings.is_empty(), &mut nodes)?;
                    match ending {
                        Some(ending) if endings.contains(&ending) => return Ok((nodes, ending)),
                        Some(Ending::Else) => return self.fail("unexpected {{else}}"),
                        Some(_) => return self.fail("unexpected {{end}}"),
                        None => {}
                    }
                }
            }
        }
    }

    /// One action after its `{{`; says so if it ends the body.
    fn action(&mut self, top: bool, nodes: &mut Vec<Node>) -> Result<Option<Ending>, TemplateError> {
        let Token::Word(word) = *self.peek() else {
            let pipeline = self.pipeline(Place::Other("command"), &Token::Close)?;
            nodes.push(Node::Action(pipeline));
            return Ok(None);
        };
        if word == Word::Nil {
            return self.fail("nil is not a command");
        }
        self.take();
        match word {
            Word::Else => return Ok(Some(Ending::Else)),
            Word::End => {
                self.expect(&Token::Close, "end")?;
                return Ok(Some(Ending::End));
            }
            Word::If => nodes.push(Node::If(self.branches(Word::If, "if")?)),
            Word::With => nodes.push(Node::With(self.branches(Word::With, "with")?)),
            Word::Range => nodes.push(self.range()?),
            Word::Template => nodes.push(self.template()?),
            Word::Block => nodes.push(self.block()?),
            Word::Define if top => self.define()?,
            Word::Define => return self.fail("unexpected {{define}}; it must not stand inside a block"),
            Word::Break | Word::Continue | Word::Nil => {
                let name = if word == Word::Break { "break" } else { "continue" };
                self.expect(&Token::Close, name)?;
                if self.loops == 0 {
                    return self.fail(format!("{{{{{name}}}}} outside {{{{range}}}}"));
                }
                nodes.push(if word == Word::Break { Node::Break } else { Node::Continue });
            }
        }
        Ok(None)
    }

    /// The arms of `if` or `with`; `word` is the one that may follow `else`.
    fn branches(&mut self, word: Word, name: &'static str) -> Result<Branches, TemplateError> {
        self.deeper()?;
        let known = self.variables.len();
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let pipeline = self.pipeline(Place::Other(name), &Token::Close)?;
            let (body, ending) = self.body(&[Ending::Else, Ending::End])?;
            arms.push((pipeline, body));
            if ending == Ending::End {
                break;
            }
            if self.skip(&Token::Word(word)) {
                continue;
            }
            self.expect(&Token::Close, "else")?;
            (otherwise, _) = self.body(&[Ending::End])?;
            break;
        }
        self.variables.truncate(known);
        self.nesting -= 1;
        Ok(Branches { arms, otherwise })
    }

    fn range(&mut self) -> Result<Node, TemplateError> {
        self.deeper()?;
        let known = self.variables.len();
        let pipeline = self.pipeline(Place::Range, &Token::Close)?;
        self.loops += 1;
        let (body, ending) = self.body(&[Ending::Else, Ending::End])?;
        self.loops -= 1;
        let mut otherwise = Vec::new();
        if ending == Ending::Else {
            self.expect(&Token::Close, "else")?;
            (otherwise, _) = self.body(&[Ending::End])?;
        }
        self.variables.truncate(known);
        self.nesting -= 1;
        Ok(Node::Range { pipeline, body, otherwise })
    }

    fn template(&mut self) -> Result<Node, TemplateError> {
        let name = self.template_name("template")?;
        let line = self.line;
        let argument = self.template_argument()?;
        Ok(Node::Template { line, name, argument })
    }

    fn template_name(&mut self, place: &str) -> Result<String, TemplateError> {
        match self.peek().clone() {
            Token::Quoted(name) => {
                self.take();
                Ok(name)
            }
            _ => self.unexpected(place),
        }
    }

    fn template_argument(&mut self) -> Result<Option<Pipeline>, TemplateError> {
        if self.skip(&Token::Close) {
            return Ok(None);
        }
        self.pipeline(Place::Other("template"), &Token::Close).map(Some)
    }

    fn define(&mut self) -> Result<(), TemplateError> {
        let name = self.template_name("define")?;
        self.expect(&Token::Close, "define")?;
        self.named_body(name)
    }

    /// A `block` is a `define` and a `template` of the same name in one place.
    fn block(&mut self) -> Result<Node, TemplateError> {
        let name = self.template_name("block")?;
        let line = self.line;
        let argument = self.pipeline(Place::Other("block"), &Token::Close)?;
        self.named_body(name.clone())?;
        Ok(Node::Template { line, name, argument: Some(argument) })
    }

    /// A named template sees no variables but `$` and belongs to no loop around it.
    fn named_body(&mut self, name: String) -> Result<(), TemplateError> {
        self.deeper()?;
        let variables = mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let loops = mem::take(&mut self.loops);
        let (body, _) = self.body(&[Ending::End])?;
        self.variables = variables;
        self.loops = loops;
        self.nesting -= 1;
        let blank = |body: &[Node]| body.iter().all(is_blank);
        match self.out.named.get(&name) {
            Some(first) if !blank(first) && !blank(&body) => {
                return self.fail(format!("multiple definition of template `{name}`"));
            }
            Some(first) if !blank(first) => {}
            _ => {
                self.out.named.insert(name, body);
            }
        }
        Ok(())
    }
}

fn is_blank(node: &Node) -> bool {
    matches!(node, Node::Text(text) if text.trim().is_empty())
}
