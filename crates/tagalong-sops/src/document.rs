//! The documents of a YAML or JSON file with the place of every value, so that a value can be replaced and nothing else
//! is touched.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use serde_json::Value;

use crate::error::SopsError;

/// Deeper documents are no manifests.
const DEPTH: usize = 100;
/// More values than a file of the largest size has.
const NODES: usize = 1 << 20;

/// A value and where it stands, in bytes.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) shape: Shape,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Scalar {
        text: String,
        plain: bool,
    },
    /// Keys and values; `flow` is in brackets.
    Map {
        entries: Vec<(Node, Node)>,
        flow: bool,
    },
    List {
        items: Vec<Node>,
        flow: bool,
    },
    Alias,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[(Self, Self)] {
        match &self.shape {
            Shape::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    pub(crate) fn is_flow(&self) -> bool {
        matches!(&self.shape, Shape::Map { flow: true, .. } | Shape::List { flow: true, .. })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The text at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&str> {
        path.iter().try_fold(self, |node, key| node.get(key))?.text()
    }

    /// As JSON; every scalar is text.
    pub(crate) fn json(&self) -> Value {
        match &self.shape {
            Shape::Scalar { text, plain } if *plain && matches!(text.as_str(), "" | "~" | "null") => {
                Value::Null
            }
            Shape::Scalar { text, .. } => Value::String(text.clone()),
            Shape::Map { entries, .. } => {
                let pairs =
                    entries.iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), value.json())));
                Value::Object(pairs.collect())
            }
            Shape::List { items, .. } => Value::Array(items.iter().map(Self::json).collect()),
            Shape::Alias => Value::Null,
        }
    }
}

/// The documents of a file.
///
/// # Errors
/// What is no YAML; the words of the parser may hold a value, so only the line is told.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, SopsError> {
    let mut reader = Reader { open: Vec::new(), documents: Vec::new(), nodes: 0 };
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) =
            event.map_err(|error| malformed(&format!("line {}: it is no YAML", error.marker().line())))?;
        reader.event(event, span)?;
    }
    Ok(reader.documents)
}

fn malformed(why: &str) -> SopsError {
    SopsError::Malformed(why.to_owned())
}

struct Reader {
    open: Vec<Open>,
    documents: Vec<Node>,
    nodes: usize,
}

struct Open {
    node: Node,
    /// A key that waits for its value.
    key: Option<Node>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SopsError> {
        let range = span.byte_range().unwrap_or_default();
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                let text = if plain && range.is_empty() { String::new() } else { text.into_owned() };
                self.attach(node(Shape::Scalar { text, plain }, range))
            }
            Event::Alias(_) => self.attach(node(Shape::Alias, range)),
            Event::MappingStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                self.begin(node(Shape::Map { entries: Vec::new(), flow }, range))
            }
            Event::SequenceStart(style, ..) => {
                let flow = style == StructureStyle::Flow;
                self.begin(node(Shape::List { items: Vec::new(), flow }, range))
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(Open { mut node, .. }) = self.open.pop() else { return Ok(()) };
                // In brackets it ends behind its own; else behind the last value in it.
                if node.is_flow() {
                    node.end = range.end;
                }
                self.attach(node)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, node: Node) -> Result<(), SopsError> {
        if self.open.len() >= DEPTH {
            return Err(malformed("it is nested too deeply"));
        }
        self.open.push(Open { node, key: None });
        Ok(())
    }

    fn attach(&mut self, node: Node) -> Result<(), SopsError> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(malformed("it holds too many values"));
        }
        let Some(Open { node: parent, key }) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        parent.end = parent.end.max(node.end);
        match &mut parent.shape {
            Shape::Map { entries, .. } => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            Shape::List { items, .. } => items.push(node),
            Shape::Scalar { .. } | Shape::Alias => {}
        }
        Ok(())
    }
}

fn node(shape: Shape, range: Range<usize>) -> Node {
    Node { shape, start: range.start, end: range.end }
}
