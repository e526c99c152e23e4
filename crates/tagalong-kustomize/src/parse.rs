//! Reads YAML into nodes: documents as kustomize splits them, aliases and merge keys replaced by what they stand for.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, Tag as SourceTag};

use crate::error::{Fault, Result};
use crate::limits;
use crate::node::{Kind, Node, NodeId, Nodes, Tag};
use crate::resolve;

/// A refusal with the line it stands on, from 1.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) line: u32,
    pub(crate) fault: Fault,
}

impl Refused {
    fn new(line: u32, message: impl Into<String>) -> Self {
        Self { line, fault: Fault::new(message) }
    }
}

/// The documents of a file that have content.
///
/// # Errors
/// What is not YAML, or is YAML that cannot be rendered.
pub(crate) fn documents(nodes: &mut Nodes, bytes: &[u8]) -> Result<Vec<NodeId>, Refused> {
    let text = text(bytes)?.replace("\r\n", "\n");
    let mut found = Vec::new();
    for (line, piece) in split(&text)? {
        let root = first_document(nodes, &piece, line)?;
        found.extend(root.filter(|root| !nodes.get(*root).is_null()));
    }
    Ok(found)
}

/// The first document of a text: how a kustomization file and everything that is no list of objects is read.
///
/// # Errors
/// As [`documents`].
pub(crate) fn single(nodes: &mut Nodes, bytes: &[u8]) -> Result<Option<NodeId>, Refused> {
    first_document(nodes, text(bytes)?, 0)
}

fn text(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        Refused::new(line_of(before), "is no UTF-8 text")
    })
}

fn line_of(before: &[u8]) -> u32 {
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

/// The pieces between lines that begin with `---`, each with the number of lines before it.
fn split(text: &str) -> Result<Vec<(u32, String)>, Refused> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut search = 0;
    while let Some(found) = text.get(search..).and_then(|rest| rest.find("\n---")) {
        let at = search + found;
        let after = text.get(at + 4..).unwrap_or_default();
        let Some(end) = after.find('\n') else { break };
        let trailing = after.get(..end).unwrap_or_default().trim();
        if !trailing.is_empty() && !trailing.starts_with('#') {
            let line = line_of(text.get(..=at).unwrap_or_default().as_bytes());
            return Err(Refused::new(line, format!("invalid document separator: ---{trailing}")));
        }
        pieces.push((before(text, start), format!("{}\n", text.get(start..at).unwrap_or_default())));
        start = at + 4 + end + 1;
        search = start;
    }
    pieces.push((before(text, start), text.get(start..).unwrap_or_default().to_owned()));
    Ok(pieces)
}

fn before(text: &str, start: usize) -> u32 {
    line_of(text.get(..start).unwrap_or_default().as_bytes()) - 1
}

struct Open {
    id: NodeId,
    anchor: usize,
}

struct Reader<'n, 't> {
    nodes: &'n mut Nodes,
    text: &'t str,
    offset: u32,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
}

fn first_document(nodes: &mut Nodes, text: &str, offset: u32) -> Result<Option<NodeId>, Refused> {
    let mut reader = Reader { nodes, text, offset, open: Vec::new(), anchors: HashMap::new(), root: None };
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let line = u32::try_from(error.marker().line()).unwrap_or(0).saturating_add(offset);
            Refused::new(line, format!("malformed YAML: {}", error.info()))
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        reader.event(event, span)?;
    }
    Ok(reader.root)
}

impl Reader<'_, '_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Refused> {
        let line = u32::try_from(span.start.line()).unwrap_or(0).saturating_add(self.offset);
        if self.nodes.len() > limits::NODES {
            return Err(Refused::new(line, "too many values; aliases may have been used to multiply them"));
        }
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                // The parser writes a tilde where there is nothing.
                let missing =
                    style == ScalarStyle::Plain && span.byte_range().is_some_and(|range| range.is_empty());
                let mut text = if missing { "" } else { &value };
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    text = without_missing_break(text, self.text);
                }
                let node = scalar(text, style, tag.as_deref(), line)?;
                let id = self.nodes.add(node);
                self.keep(anchor, id);
                self.attach(id);
            }
            Event::SequenceStart(style, anchor, tag) => {
                check_collection(tag.as_deref(), "seq", line)?;
                let flow = style == StructureStyle::Flow;
                self.start(Node { tag: Tag::Seq, line, flow, ..Node::of(Kind::Sequence) }, anchor);
            }
            Event::MappingStart(style, anchor, tag) => {
                check_collection(tag.as_deref(), "map", line)?;
                let flow = style == StructureStyle::Flow;
                self.start(Node { tag: Tag::Map, line, flow, ..Node::of(Kind::Mapping) }, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(Refused::new(line, "an alias stands inside what it names"));
                };
                let id = self.nodes.copy(target);
                self.attach(id);
            }
            Event::UnresolvedAlias(name) => {
                return Err(Refused::new(line, format!("unknown anchor `{name}`")));
            }
            _ => {}
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, id: NodeId) {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn start(&mut self, node: Node, anchor: usize) {
        let id = self.nodes.add(node);
        self.open.push(Open { id, anchor });
    }

    fn end(&mut self) -> Result<(), Refused> {
        let Some(closed) = self.open.pop() else { return Ok(()) };
        if self.nodes.kind(closed.id) == Kind::Mapping {
            merge(self.nodes, closed.id)?;
        }
        self.keep(closed.anchor, closed.id);
        self.attach(closed.id);
        Ok(())
    }

    fn attach(&mut self, id: NodeId) {
        match self.open.last() {
            Some(parent) => {
                let parent = parent.id;
                self.nodes.get_mut(parent).content.push(id);
            }
            None => self.root = self.root.or(Some(id)),
        }
    }
}

/// The text of a block without the line break that the parser adds where the file ends in the middle of a line.
fn without_missing_break<'v>(value: &'v str, file: &str) -> &'v str {
    let Some(stripped) = value.strip_suffix('\n') else { return value };
    let (ends, of) = (file.rsplit('\n').next(), stripped.rsplit('\n').next());
    let (last, own) = (ends.unwrap_or_default(), of.unwrap_or_default());
    let content = last.trim_start_matches(' ');
    let is_last = !own.is_empty() && last.starts_with(' ') && own.ends_with(content);
    if is_last { stripped } else { value }
}

fn scalar(value: &str, style: ScalarStyle, tag: Option<&SourceTag>, line: u32) -> Result<Node, Refused> {
    let mut quoted = style != ScalarStyle::Plain;
    let tag = match tag {
        None if quoted => Tag::Str,
        None => resolve::tag(&resolve::core(value)),
        Some(tag) => match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
            Some("str") => {
                quoted = true;
                Tag::Str
            }
            Some("int") => Tag::Int,
            Some("float") => Tag::Float,
            Some("bool") => Tag::Bool,
            Some("null") => Tag::Null,
            Some("timestamp") => Tag::Timestamp,
            _ => return Err(Refused { line, fault: Fault::unsupported("this YAML tag is not rendered") }),
        },
    };
    let folded = style == ScalarStyle::Folded;
    Ok(Node { quoted, folded, line, ..Node::scalar(value, tag) })
}

fn check_collection(tag: Option<&SourceTag>, own: &str, line: u32) -> Result<(), Refused> {
    match tag {
        Some(tag) if tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() != Some(own) => {
            Err(Refused { line, fault: Fault::unsupported("this YAML tag is not rendered") })
        }
        _ => Ok(()),
    }
}

/// Whether the key is a plain `<<`.
fn is_merge(node: &Node) -> bool {
    node.kind == Kind::Scalar && !node.quoted && node.value == "<<"
}

/// Replaces a merge key by the entries it brings: the mapping's own come first, then those of earlier mappings.
fn merge(nodes: &mut Nodes, id: NodeId) -> Result<(), Refused> {
    let keys: Vec<(NodeId, NodeId)> =
        nodes.entries(id).filter(|(key, _)| is_merge(nodes.get(*key))).collect();
    let (key, value) = match keys.as_slice() {
        [] => return Ok(()),
        [one] => *one,
        [_, second, ..] => return Err(Refused::new(nodes.get(second.0).line, "duplicate merge key")),
    };
    let line = nodes.get(key).line;
    let sources = match nodes.kind(value) {
        Kind::Mapping => vec![value],
        Kind::Sequence => nodes.elements(value).to_vec(),
        Kind::Scalar => vec![value],
    };
    if sources.iter().any(|source| nodes.kind(*source) != Kind::Mapping) {
        return Err(Refused::new(line, "a merge key takes a mapping or a list of mappings"));
    }
    nodes.clear(id, "<<");
    for source in sources {
        let entries: Vec<(NodeId, NodeId)> = nodes.entries(source).collect();
        for (key, value) in entries {
            let name = nodes.get(key).value.clone();
            if nodes.field(id, &name).is_none() {
                let (key, value) = (nodes.copy(key), nodes.copy(value));
                nodes.push_entry(id, key, value);
            }
        }
    }
    Ok(())
}
