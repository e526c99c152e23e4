//! The full parser, as a stream of tokens.

use super::token::{Kind, Scalar, Style, Token};
use crate::place::offset;
use crate::{Problem, ProblemReason};
use granit_parser::{
    ErrorKind, Event, Parser, Placement, ScalarStyle, ScanError, StrInput, StructureStyle, Tag,
};
use std::borrow::Cow;

/// The tokens of a file; ends behind the first problem.
pub(super) struct Tokens<'s> {
    text: &'s str,
    parser: Parser<'s, StrInput<'s>>,
}

/// Parses `text`. There is no limit on comments, since the size of the file was bounded before; the limits on
/// nesting are the parser's own.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    Tokens { text, parser: Parser::new_from_str_with_options(text, options) }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Result<Token<'s>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (event, span) = match self.parser.next()? {
                Ok(next) => next,
                Err(error) => return Some(Err(problem(self.text, &error))),
            };
            let multiline = span.start.line() != span.end.line();
            let (Some(kind), Some(range)) = (kind(event, multiline), span.byte_range()) else { continue };
            return Some(Ok(Token {
                kind,
                start: range.start,
                end: range.end,
                line: offset(span.start.line()),
                column: offset(span.start.col()).saturating_add(1),
            }));
        }
    }
}

fn kind(event: Event<'_>, multiline: bool) -> Option<Kind<'_>> {
    Some(match event {
        Event::DocumentStart(..) => Kind::Document,
        Event::Scalar(value, style, _, tag) => Kind::Scalar(scalar(value, style, tag.as_deref(), multiline)),
        Event::Alias(_) | Event::UnresolvedAlias(_) => Kind::Alias,
        Event::MappingStart(style, ..) => Kind::Open { sequence: false, flow: style == StructureStyle::Flow },
        Event::SequenceStart(style, ..) => Kind::Open { sequence: true, flow: style == StructureStyle::Flow },
        Event::MappingEnd | Event::SequenceEnd => Kind::Close,
        Event::Comment(_, placement) => Kind::Comment { trailing: placement == Placement::Right },
        _ => return None,
    })
}

fn scalar<'s>(value: Cow<'s, str>, style: ScalarStyle, tag: Option<&Tag>, multiline: bool) -> Scalar<'s> {
    let (value, style) = match style {
        ScalarStyle::Plain => (value, Style::Plain),
        ScalarStyle::SingleQuoted => (value, Style::SingleQuoted),
        ScalarStyle::DoubleQuoted => (value, Style::DoubleQuoted),
        ScalarStyle::Literal | ScalarStyle::Folded => (Cow::Borrowed(""), Style::Block),
    };
    let standard = tag.and_then(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"));
    let other_type = standard.is_some_and(|name| name != "str");
    Scalar { value, style, multiline: multiline || style == Style::Block, other_type }
}

/// The parser's refusal as a problem of the file.
fn problem(text: &str, error: &ScanError) -> Problem {
    let (line, column) = (offset(error.marker().line()), offset(error.marker().col()).saturating_add(1));
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        let message = "collections are nested too deeply; the file is left alone";
        return Problem::new(line, column, ProblemReason::TooDeep, message);
    }
    let template = if text.contains("{{") {
        "; if this is a template, name the file in spec.update.lineFiles and put each marker on a line of its own"
    } else {
        ""
    };
    let message =
        format!("the file is not YAML, so none of its markers is served: {}{template}", error.info());
    Problem::new(line, column, ProblemReason::InvalidYaml, message)
}
