//! Reads the event stream once and keeps what lies on the marked lines: nodes with their place in the tree, and
//! comments. The rest of the file only passes through.

use super::spots::Spots;
use super::token::{Kind, Scalar, Style, Token};
use super::tree::{Frame, Object, Step, Tree};
use super::{parse, quick};
use crate::Problem;
use std::borrow::Cow;

/// What a node is, as far as a marker can speak for it.
#[derive(Debug)]
pub(super) enum Content<'s> {
    Scalar(Scalar<'s>),
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

/// Byte offsets, and line and column of the start, both from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A node on a marked line.
#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) place: Place,
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
pub(super) struct Comment {
    pub(super) place: Place,
    /// Something stands before it on its line.
    pub(super) trailing: bool,
}

/// What the walk brings back, nodes and comments ascending.
#[derive(Debug, Default)]
pub(super) struct Sheet<'s> {
    pub(super) nodes: Vec<Node<'s>>,
    pub(super) comments: Vec<Comment>,
    pub(super) tree: Tree<'s>,
}

/// Reads `text` and keeps the nodes and comments that touch `spots`.
///
/// # Errors
/// `InvalidYaml` or `TooDeep` at the place where the parser stopped.
pub(super) fn walk(text: &str, spots: Spots) -> Result<Sheet<'_>, Problem> {
    let mut walk = Walk { spots, stack: Vec::new(), sheet: Sheet::default() };
    match quick::tokens(text) {
        Some(tokens) => tokens.into_iter().for_each(|token| walk.token(token)),
        None => {
            for token in parse::tokens(text) {
                walk.token(token?);
            }
        }
    }
    walk.sheet.nodes.sort_by_key(|node| node.place.start);
    walk.sheet.comments.sort_by_key(|comment| comment.place.start);
    Ok(walk.sheet)
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
    fn token(&mut self, token: Token<'s>) {
        let place = Place { start: token.start, end: token.end, line: token.line, column: token.column };
        match token.kind {
            Kind::Document => {
                self.stack.clear();
                self.sheet.tree.objects.push(Object::default());
            }
            Kind::Scalar(scalar) => self.scalar(scalar, place),
            Kind::Alias => {
                let in_key = self.enter(|| Step::Complex);
                self.keep(Content::Alias, in_key, place);
            }
            Kind::Open { sequence, flow } => self.open(sequence, flow, place),
            Kind::Close => self.close(place),
            Kind::Comment { trailing } => {
                if self.spots.touches(place.start, place.end) {
                    self.sheet.comments.push(Comment { place, trailing });
                }
            }
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

    fn scalar(&mut self, scalar: Scalar<'s>, place: Place) {
        let in_key = self.enter(|| Step::Key(scalar.value.clone()));
        if !in_key && scalar.style != Style::Block {
            self.identify(|| scalar.value.clone());
        }
        if self.spots.touches(place.start, place.end) {
            self.keep(Content::Scalar(scalar), in_key, place);
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

    fn open(&mut self, sequence: bool, flow: bool, place: Place) {
        let in_key = self.enter(|| Step::Complex);
        let content = if sequence { Content::Sequence } else { Content::Mapping };
        self.keep(content, in_key, place);
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
            flow,
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

    fn close(&mut self, place: Place) {
        let Some(closed) = self.stack.pop() else { return };
        if let Some(frame) = closed.frame.and_then(|frame| self.sheet.tree.frames.get_mut(frame)) {
            let object =
                (closed.role == Role::Item).then(|| self.sheet.tree.objects.get(closed.object)).flatten();
            frame.name =
                closed.name.or_else(|| object.map(|object| object.name.clone()).filter(|n| !n.is_empty()));
        }
        if closed.empty && closed.flow {
            let content = if closed.sequence { Content::EmptySequence } else { Content::EmptyMapping };
            self.keep(content, closed.in_key, place);
        }
    }

    fn keep(&mut self, content: Content<'s>, in_key: bool, place: Place) {
        if !self.spots.touches(place.start, place.end) {
            return;
        }
        let parent = self.frame(self.stack.len());
        let top = self.stack.last();
        let document = self.sheet.tree.objects.len().saturating_sub(1);
        self.sheet.nodes.push(Node {
            place,
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
