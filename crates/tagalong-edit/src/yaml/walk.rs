//! Reads the event stream once and keeps what lies on the marked lines: nodes with their place in the tree, and
//! comments. The rest of the file only passes through.

use super::spots::Spots;
use super::tree::{Frame, Object, Step, Tree};
use crate::place::offset;
use crate::{Problem, ProblemReason};
use granit_parser::{ErrorKind, Event, Parser, Placement, ScalarStyle, ScanError, Span, StructureStyle, Tag};
use std::{borrow::Cow, ops::Range};

/// What a node is, as far as a marker can speak for it.
#[derive(Debug)]
pub(super) enum Content<'s> {
    Scalar {
        value: Cow<'s, str>,
        style: ScalarStyle,
        /// It begins and ends on different lines.
        multiline: bool,
        /// Its tag makes it something else than a string.
        other_type: bool,
    },
    Alias,
    /// The start of a mapping.
    Mapping,
    /// The start of a sequence.
    Sequence,
    /// The end of an empty flow collection: a value that has no scalar.
    EmptyMapping,
    /// See [`Content::EmptyMapping`].
    EmptySequence,
}

/// A node on a marked line.
#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) content: Content<'s>,
    /// It is a key, or part of one.
    pub(super) in_key: bool,
    /// Its collection, an index into the tree's frames; `None` where it is the whole document.
    pub(super) parent: Option<usize>,
    /// The step from there.
    pub(super) step: Step<'s>,
    /// The object that it belongs to, an index into the tree's objects.
    pub(super) object: usize,
}

/// A comment on a marked line, from its `#` to the end of the line.
#[derive(Debug)]
pub(super) struct CommentSpan {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: u32,
    pub(super) column: u32,
    /// Something stands before it on its line.
    pub(super) trailing: bool,
}

/// What the walk brings back, nodes and comments ascending.
#[derive(Debug, Default)]
pub(super) struct Sheet<'s> {
    pub(super) nodes: Vec<Node<'s>>,
    pub(super) comments: Vec<CommentSpan>,
    pub(super) tree: Tree<'s>,
}

/// The parser of both the scan and the check after an edit: no limit on comments, since every byte of them was
/// bounded before; the limits on nesting are the parser's own.
pub(super) fn parser(text: &str) -> Parser<'_, granit_parser::StrInput<'_>> {
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    Parser::new_from_str_with_options(text, options)
}

/// Reads `text` and keeps the nodes and comments that touch `spots`.
///
/// # Errors
/// `InvalidYaml` or `TooDeep` at the place where the parser stopped.
pub(super) fn walk(text: &str, spots: Spots) -> Result<Sheet<'_>, Problem> {
    let mut walk = Walk { spots, stack: Vec::new(), sheet: Sheet::default() };
    for event in parser(text) {
        let (event, span) = event.map_err(|error| parse_problem(text, &error))?;
        let Some(range) = span.byte_range() else { continue };
        walk.event(event, &span, range);
    }
    walk.sheet.nodes.sort_by_key(|node| node.start);
    walk.sheet.comments.sort_by_key(|comment| comment.start);
    Ok(walk.sheet)
}

/// The parser's refusal as a problem of the file.
pub(super) fn parse_problem(text: &str, error: &ScanError) -> Problem {
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

/// What a collection means for the identity of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Document,
    Metadata,
    Items,
    Item,
    Other,
}

/// A collection that is open.
struct Open<'s> {
    sequence: bool,
    flow: bool,
    empty: bool,
    in_key: bool,
    /// A mapping's next node is a key.
    key_next: bool,
    step: Step<'s>,
    role: Role,
    object: usize,
    name: Option<Cow<'s, str>>,
    /// Index into the tree's frames once a marked value lies below.
    frame: Option<usize>,
}

struct Walk<'s> {
    spots: Spots,
    stack: Vec<Open<'s>>,
    sheet: Sheet<'s>,
}

impl<'s> Walk<'s> {
    fn event(&mut self, event: Event<'s>, span: &Span, range: Range<usize>) {
        match event {
            Event::DocumentStart(..) => {
                self.stack.clear();
                self.sheet.tree.objects.push(Object::default());
            }
            Event::Scalar(value, style, _, tag) => self.scalar(value, style, tag.as_deref(), span, range),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let in_key = self.enter(|| Step::Complex);
                self.keep(Content::Alias, in_key, span, range);
            }
            Event::MappingStart(style, ..) => self.open(false, style, span, range),
            Event::SequenceStart(style, ..) => self.open(true, style, span, range),
            Event::MappingEnd | Event::SequenceEnd => self.close(span, range),
            Event::Comment(_, placement) => self.comment(placement, span, &range),
            _ => {}
        }
    }

    /// Takes the next node's place in the innermost collection, with `key` as the step from there if it is one;
    /// whether it is (part of) a key.
    fn enter(&mut self, key: impl FnOnce() -> Step<'s>) -> bool {
        let Some(top) = self.stack.last_mut() else { return false };
        top.empty = false;
        if top.sequence {
            top.step = match top.step {
                Step::Index(index) => Step::Index(index.saturating_add(1)),
                _ => Step::Index(0),
            };
            return top.in_key;
        }
        let is_key = top.key_next;
        top.key_next = !is_key;
        if is_key {
            top.step = key();
        }
        is_key || top.in_key
    }

    fn scalar(
        &mut self,
        value: Cow<'s, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
        range: Range<usize>,
    ) {
        let in_key = self.enter(|| Step::Key(value.clone()));
        if !in_key {
            self.identify(|| value.clone());
        }
        if self.spots.touches(range.start, range.end) {
            let multiline = span.start.line() != span.end.line();
            let other_type =
                tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.core_suffix() != Some("str"));
            self.keep(Content::Scalar { value, style, multiline, other_type }, in_key, span, range);
        }
    }

    /// Takes what names the object or list item that the scalar is a value of.
    fn identify(&mut self, value: impl Fn() -> Cow<'s, str>) {
        let Some(top) = self.stack.last_mut() else { return };
        let Step::Key(key) = &top.step else { return };
        let object = self.sheet.tree.objects.get_mut(top.object);
        match (top.role, key.as_ref(), object) {
            (Role::Document | Role::Item, "apiVersion", Some(object)) => object.api_version = value(),
            (Role::Document | Role::Item, "kind", Some(object)) => object.kind = value(),
            (Role::Metadata, "namespace", Some(object)) => object.namespace = value(),
            (Role::Metadata, "name", Some(object)) => object.name = value(),
            (_, "name", _) => top.name = Some(value()),
            _ => {}
        }
    }

    fn open(&mut self, sequence: bool, style: StructureStyle, span: &Span, range: Range<usize>) {
        let in_key = self.enter(|| Step::Complex);
        let content = if sequence { Content::Sequence } else { Content::Mapping };
        self.keep(content, in_key, span, range);
        let document = self.sheet.tree.objects.len().saturating_sub(1);
        let (above, object) = self.stack.last().map_or((None, document), |top| (Some(top), top.object));
        let key = above.and_then(|top| match &top.step {
            Step::Key(key) if !top.in_key => Some(key.as_ref()),
            _ => None,
        });
        let role = match (above.map(|top| top.role), key, sequence) {
            (None, _, false) => Role::Document,
            (Some(Role::Document | Role::Item), Some("metadata"), false) => Role::Metadata,
            (Some(Role::Document), Some("items"), true) => Role::Items,
            (Some(Role::Items), _, false) => Role::Item,
            _ => Role::Other,
        };
        let object = if role == Role::Item {
            self.sheet.tree.objects.push(Object { list: Some(object), ..Object::default() });
            self.sheet.tree.objects.len() - 1
        } else {
            object
        };
        self.stack.push(Open {
            sequence,
            flow: style == StructureStyle::Flow,
            empty: true,
            in_key,
            key_next: true,
            step: Step::Complex,
            role,
            object,
            name: None,
            frame: None,
        });
    }

    fn close(&mut self, span: &Span, range: Range<usize>) {
        let Some(closed) = self.stack.pop() else { return };
        if let Some(frame) = closed.frame.and_then(|frame| self.sheet.tree.frames.get_mut(frame)) {
            let object =
                (closed.role == Role::Item).then(|| self.sheet.tree.objects.get(closed.object)).flatten();
            frame.name =
                closed.name.or_else(|| object.map(|object| object.name.clone()).filter(|n| !n.is_empty()));
        }
        if closed.empty && closed.flow {
            let content = if closed.sequence { Content::EmptySequence } else { Content::EmptyMapping };
            self.keep(content, closed.in_key, span, range);
        }
    }

    fn comment(&mut self, placement: Placement, span: &Span, range: &Range<usize>) {
        if self.spots.touches(range.start, range.end) {
            self.sheet.comments.push(CommentSpan {
                start: range.start,
                end: range.end,
                line: offset(span.start.line()),
                column: offset(span.start.col()).saturating_add(1),
                trailing: placement == Placement::Right,
            });
        }
    }

    fn keep(&mut self, content: Content<'s>, in_key: bool, span: &Span, range: Range<usize>) {
        if !self.spots.touches(range.start, range.end) {
            return;
        }
        let parent = self.frame(self.stack.len());
        let top = self.stack.last();
        let document = self.sheet.tree.objects.len().saturating_sub(1);
        self.sheet.nodes.push(Node {
            start: range.start,
            end: range.end,
            line: offset(span.start.line()),
            column: offset(span.start.col()).saturating_add(1),
            content,
            in_key,
            parent,
            step: top.map_or(Step::Complex, |top| top.step.clone()),
            object: top.map_or(document, |top| top.object),
        });
    }

    /// The frame of the innermost of the first `depth` open collections; makes those that are missing.
    fn frame(&mut self, depth: usize) -> Option<usize> {
        let made =
            self.stack.get(..depth)?.iter().rposition(|open| open.frame.is_some()).map_or(0, |at| at + 1);
        for at in made..depth {
            let parent = at.checked_sub(1).and_then(|above| {
                let above = self.stack.get(above)?;
                Some((above.frame?, above.step.clone()))
            });
            self.sheet.tree.frames.push(Frame { parent, name: None });
            let index = self.sheet.tree.frames.len() - 1;
            if let Some(open) = self.stack.get_mut(at) {
                open.frame = Some(index);
            }
        }
        depth.checked_sub(1).and_then(|top| self.stack.get(top)?.frame)
    }
}
