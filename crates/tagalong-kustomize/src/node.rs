//! The document nodes that everything here works on: one arena, nodes named by index.
//!
//! kustomize hangs one and the same node into several places (a label that it adds to an object and to that object's
//! selectors) and later writes through one of them; what it prints then shows the change in all. An arena gives the
//! same behaviour with the same operations. A mapping's content is key, value, key, value.

use crate::resolve::{self, Resolved};

/// Names a node of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Mapping,
    Sequence,
    Scalar,
}

/// The explicit or resolved type; `Empty` is decided anew from the text when the object is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Empty,
    Str,
    Int,
    Float,
    Bool,
    Null,
    Timestamp,
    Map,
    Seq,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) tag: Tag,
    pub(crate) value: String,
    /// Any style that makes the text a string: quoted, literal, folded.
    pub(crate) quoted: bool,
    /// A folded text, which the printer may not give back as it was.
    pub(crate) folded: bool,
    /// A collection in brackets.
    pub(crate) flow: bool,
    /// Where it stood in its file, from 1; 0 for nodes made here.
    pub(crate) line: u32,
    pub(crate) content: Vec<NodeId>,
}

impl Node {
    pub(crate) fn of(kind: Kind) -> Self {
        Self {
            kind,
            tag: Tag::Empty,
            value: String::new(),
            quoted: false,
            folded: false,
            flow: false,
            line: 0,
            content: Vec::new(),
        }
    }

    pub(crate) fn scalar(value: &str, tag: Tag) -> Self {
        Self { value: value.to_owned(), tag, ..Self::of(Kind::Scalar) }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.tag == Tag::Null
    }

    /// Null, or a collection without content.
    pub(crate) fn is_nil_or_empty(&self) -> bool {
        self.is_null() || (self.kind != Kind::Scalar && self.content.is_empty())
    }

    pub(crate) fn is_string(&self) -> bool {
        self.kind == Kind::Scalar && matches!(self.tag, Tag::Str | Tag::Empty)
    }

    /// The text as a user of the value sees it: nothing for null.
    pub(crate) fn text(&self) -> &str {
        if self.is_null() { "" } else { &self.value }
    }
}

/// All nodes of one build. Nodes are never freed before the build ends; [`crate::limits`] bounds how many there are.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    all: Vec<Node>,
}

impl Nodes {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(node);
        id
    }

    pub(crate) fn scalar(&mut self, value: &str, tag: Tag) -> NodeId {
        self.add(Node::scalar(value, tag))
    }

    pub(crate) fn get(&self, id: NodeId) -> &Node {
        &self.all[id.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.all[id.0 as usize]
    }

    /// Writes `from` through `to`: every place that holds `to` sees it; children stay shared.
    pub(crate) fn assign(&mut self, to: NodeId, from: NodeId) {
        if to != from {
            let node = self.get(from).clone();
            *self.get_mut(to) = node;
        }
    }

    /// A copy that shares nothing.
    pub(crate) fn copy(&mut self, id: NodeId) -> NodeId {
        let mut node = self.get(id).clone();
        for child in &mut node.content {
            *child = self.copy(*child);
        }
        self.add(node)
    }

    pub(crate) fn kind(&self, id: NodeId) -> Kind {
        self.get(id).kind
    }

    /// Key and value of each entry; nothing unless `id` is a mapping.
    pub(crate) fn entries(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let node = self.get(id);
        let content = if node.kind == Kind::Mapping { node.content.as_slice() } else { &[] };
        content.chunks_exact(2).filter_map(|pair| match pair {
            [key, value] => Some((*key, *value)),
            _ => None,
        })
    }

    /// The value of the first entry called `name`.
    pub(crate) fn field(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.entries(id).find(|(key, _)| self.get(*key).value == name).map(|(_, value)| value)
    }

    /// The names of a mapping's entries, in order.
    pub(crate) fn names(&self, id: NodeId) -> Vec<String> {
        self.entries(id).map(|(key, _)| self.get(key).value.clone()).collect()
    }

    pub(crate) fn elements(&self, id: NodeId) -> &[NodeId] {
        let node = self.get(id);
        if node.kind == Kind::Sequence { &node.content } else { &[] }
    }

    pub(crate) fn is_missing_or_null(&self, id: Option<NodeId>) -> bool {
        id.is_none_or(|id| self.get(id).is_null())
    }

    pub(crate) fn push_entry(&mut self, map: NodeId, key: NodeId, value: NodeId) {
        self.get_mut(map).content.extend([key, value]);
    }

    /// Takes the first entry called `name` out.
    pub(crate) fn clear(&mut self, map: NodeId, name: &str) {
        let found = self.entries(map).position(|(key, _)| self.get(key).value == name);
        if let Some(at) = found {
            let content = &mut self.get_mut(map).content;
            content.drain(at * 2..at * 2 + 2);
        }
    }

    /// What the scalar means once written out and read again, as kustomize does before it prints.
    ///
    /// # Errors
    /// The text does not have the type that the tag claims.
    pub(crate) fn meaning(node: &Node) -> Result<Resolved, String> {
        if node.tag == Tag::Str || (node.tag == Tag::Empty && node.quoted) {
            return Ok(Resolved::Str);
        }
        let resolved = resolve::core(&node.value);
        let same = match node.tag {
            Tag::Empty => true,
            tag => resolve::tag(&resolved) == tag,
        };
        match (same, node.quoted, node.tag, resolved) {
            (true, true, ..) => Ok(Resolved::Str),
            (true, false, _, resolved) => Ok(resolved),
            (false, _, Tag::Float, Resolved::Int(value)) => Ok(Resolved::Float(value as f64)),
            (false, _, Tag::Float, Resolved::UInt(value)) => Ok(Resolved::Float(value as f64)),
            (false, _, tag, _) => {
                Err(format!("`{}` is not a value of the type {}", node.value, resolve::name(tag)))
            }
        }
    }
}
