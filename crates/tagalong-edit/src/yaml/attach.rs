//! Which value a marker speaks for. The rules are those of yaml.v3's line and head comments as kyaml reads them,
//! which is what Flux stands on, made stricter where more than one value could be meant.

use super::spots;
use super::token::{Scalar, Style};
use super::walk::{Comment, Content, Node};
use crate::ProblemReason as Reason;

/// Why a marker speaks for no value that can be written.
pub(super) type Refusal = (Reason, String);

fn refuse<T>(reason: Reason, message: &str) -> Result<T, Refusal> {
    Err((reason, message.to_owned()))
}

pub(super) struct Attacher<'a, 's> {
    text: &'s str,
    nodes: &'a [Node<'s>],
    comments: &'a [Comment],
}

impl<'a, 's> Attacher<'a, 's> {
    /// Over the nodes and comments that the walk kept, both ascending.
    pub(super) fn new(text: &'s str, nodes: &'a [Node<'s>], comments: &'a [Comment]) -> Self {
        Self { text, nodes, comments }
    }

    /// The scalar that `comment`, which is a marker, speaks for.
    ///
    /// # Errors
    /// The reason why there is none, and what to do.
    pub(super) fn value_of(&self, comment: &Comment) -> Result<&'a Node<'s>, Refusal> {
        let line = spots::line_start(self.text, comment.place.start);
        let before = self.slice(line, comment.place.start).trim_start_matches('\u{feff}');
        if !comment.trailing && before.trim().is_empty() {
            return self.value_below(comment, Some(before.len()));
        }
        if is_dashes(before) {
            return self.value_below(comment, None);
        }
        self.value_before(line, comment)
    }

    /// The value on the marker's own line: the only one there, with nothing but closing brackets between.
    fn value_before(&self, line: usize, comment: &Comment) -> Result<&'a Node<'s>, Refusal> {
        let nodes = || self.on_line(line, comment.place.start).filter(|node| !node.is_block_scalar());
        let mut values = nodes().filter(|node| !node.in_key && node.is_value());
        let (Some(node), second) = (values.next(), values.next()) else {
            return self.no_value(nodes().next_back(), comment);
        };
        let between = self.slice(node.place.end, comment.place.start);
        if second.is_some() {
            return refuse(
                Reason::AmbiguousMarker,
                "several values stand on this line; give the marked one a line of its own",
            );
        }
        if between.contains(['|', '>']) {
            return refuse(Reason::MarkerOnBlockScalar, BLOCK_SCALAR);
        }
        if node.place.start == node.place.end {
            return refuse(Reason::MarkerOnEmptyValue, "there is no value yet; write one before the marker");
        }
        if between.contains(|c: char| !c.is_ascii_whitespace() && !matches!(c, ',' | '}' | ']')) {
            return refuse(
                Reason::AmbiguousMarker,
                "the marker stands behind more than one value; give the marked value a line of its own",
            );
        }
        node.served()
    }

    /// Why there is no value before a marker that has something before it; `last` is the last node there.
    fn no_value(&self, last: Option<&Node<'s>>, comment: &Comment) -> Result<&'a Node<'s>, Refusal> {
        let Some(last) = last else {
            let line = spots::line_start(self.text, comment.place.start);
            return match self.slice(line, comment.place.start).split_ascii_whitespace().next_back() {
                Some(word) if word.ends_with('}') => refuse(Reason::MarkerOnMapping, MAPPING),
                Some(word) if word.ends_with(']') => refuse(Reason::MarkerOnSequence, SEQUENCE),
                Some(word) if word.starts_with(['|', '>']) => {
                    refuse(Reason::MarkerOnBlockScalar, BLOCK_SCALAR)
                }
                _ => refuse(Reason::MarkerWithoutValue, WITHOUT_VALUE),
            };
        };
        if self.slice(last.place.end, comment.place.start).contains(['|', '>']) {
            return refuse(Reason::MarkerOnBlockScalar, BLOCK_SCALAR);
        }
        match last.content {
            Content::Mapping if !last.in_key => return refuse(Reason::MarkerOnMapping, MAPPING),
            Content::Sequence if !last.in_key => return refuse(Reason::MarkerOnSequence, SEQUENCE),
            _ => {}
        }
        match self.first_after(comment.place.end).map(|next| &next.content) {
            Some(Content::Mapping) => refuse(Reason::MarkerOnMapping, MAPPING),
            Some(Content::Sequence) => refuse(Reason::MarkerOnSequence, SEQUENCE),
            _ => refuse(
                Reason::MarkerOnKey,
                "the marker stands behind a key, where Flux passes it over; move it behind the value",
            ),
        }
    }

    /// The value on the line below, for a marker that stands alone on its line, `indent` bytes from its start,
    /// or right behind the dash of a list item.
    fn value_below(&self, comment: &Comment, indent: Option<usize>) -> Result<&'a Node<'s>, Refusal> {
        let line_start = spots::line_start(self.text, comment.place.start);
        let next = spots::after_break(self.text, comment.place.end);
        let next_end = spots::line_end(self.text, next);
        let below = self.slice(next, next_end);
        let line_above = spots::line_above(self.text, line_start);
        if indent.is_some() && line_above.trim_ascii_start().starts_with('#')
            || below.trim_ascii_start().starts_with('#')
        {
            return refuse(
                Reason::InvalidMarker,
                "other comment lines stand with this marker, so it is not the whole comment; move it to the end of the value's line",
            );
        }
        let depth = below.len() - below.trim_ascii_start().len();
        let astray =
            indent.map_or(below.split_ascii_whitespace().next() == Some("-"), |indent| indent != depth);
        if next == comment.place.end || below.trim().is_empty() || astray {
            return refuse(Reason::MarkerWithoutValue, WITHOUT_VALUE);
        }
        let nodes = || self.on_line(next, next_end).filter(|node| node.place.start >= next);
        let mut values = nodes().filter(|node| !node.in_key && (node.is_value() || node.is_block_scalar()));
        let first = nodes().find(|node| !matches!(node.content, Content::Sequence));
        match (values.next(), first) {
            (Some(node), _) if values.next().is_none() && self.is_first(next, node) => {
                let behind = self.comments.partition_point(|c| c.place.start < node.place.end);
                if self.comments.get(behind).is_some_and(|c| c.place.start < next_end) {
                    return refuse(
                        Reason::AmbiguousMarker,
                        "the value below has a comment of its own, which Flux reads instead; move the marker there",
                    );
                }
                node.served()
            }
            (_, Some(Node { content: Content::Mapping, .. }))
                if below.trim_ascii_start().starts_with(['-', '{']) =>
            {
                refuse(Reason::MarkerOnMapping, MAPPING)
            }
            (_, Some(Node { content: Content::Mapping, .. } | Node { in_key: true, .. })) => refuse(
                Reason::MarkerOnKey,
                "the marker stands above an entry, where Flux passes it over; move it to the end of the value's line",
            ),
            (Some(_), _) => refuse(Reason::MarkerOnSequence, SEQUENCE),
            _ if below.contains(['|', '>']) => refuse(Reason::MarkerOnBlockScalar, BLOCK_SCALAR),
            _ => refuse(Reason::MarkerWithoutValue, WITHOUT_VALUE),
        }
    }

    /// Whether nothing stands before `node` on the line from `line` but one dash and the node's own properties.
    fn is_first(&self, line: usize, node: &Node<'_>) -> bool {
        let before = self.slice(line, node.place.start).trim();
        let before = before.strip_prefix('-').unwrap_or(before);
        before.split_ascii_whitespace().all(|word| word.starts_with(['&', '!']))
    }

    /// The nodes that lie on a line, whole or with their end, in order.
    fn on_line(&self, line: usize, end: usize) -> impl DoubleEndedIterator<Item = &'a Node<'s>> {
        let nodes = self.nodes;
        let last = nodes.partition_point(|node| node.place.start < end);
        let head = nodes.get(..last).unwrap_or_default();
        // A node that began above ends at the earliest where the next one begins, so at most one reaches into the line.
        let first = head.partition_point(|node| node.place.start < line).saturating_sub(1);
        head.get(first..)
            .unwrap_or_default()
            .iter()
            .filter(move |node| node.place.start >= line || node.place.end > line)
    }

    /// The first node behind `at`, if the walk kept it: it stands on the next line.
    fn first_after(&self, at: usize) -> Option<&'a Node<'s>> {
        let nodes = self.nodes;
        nodes.get(nodes.partition_point(|node| node.place.start < at))
    }

    fn slice(&self, start: usize, end: usize) -> &'s str {
        self.text.get(start..end).unwrap_or_default()
    }
}

const BLOCK_SCALAR: &str = "the value is a block scalar; write it on one line, plain or in quotes";
const MAPPING: &str = "the marker speaks for a mapping; move it behind the value of one of its entries";
const SEQUENCE: &str =
    "the marker speaks for a list; move it behind one of its items, on the item's own line";
const WITHOUT_VALUE: &str =
    "no value stands where this marker points; move it to the end of the value's line";

/// Whether `text` is only the dashes of list items.
fn is_dashes(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek().is_some() && words.all(|word| word == "-")
}

impl<'s> Node<'s> {
    /// Whether it counts as a value of its line.
    fn is_value(&self) -> bool {
        match self.content {
            Content::Scalar(_) => !self.is_block_scalar(),
            Content::Alias | Content::EmptyMapping | Content::EmptySequence => true,
            Content::Mapping | Content::Sequence => false,
        }
    }

    fn is_block_scalar(&self) -> bool {
        matches!(&self.content, Content::Scalar(scalar) if scalar.style == Style::Block)
    }

    /// The node, if it can be written safely.
    fn served(&self) -> Result<&Self, Refusal> {
        match &self.content {
            Content::EmptyMapping | Content::Mapping => refuse(Reason::MarkerOnMapping, MAPPING),
            Content::EmptySequence | Content::Sequence => refuse(Reason::MarkerOnSequence, SEQUENCE),
            Content::Alias => refuse(
                Reason::MarkerOnAlias,
                "the value is an alias; move the marker to where its anchor is defined",
            ),
            Content::Scalar(_) if self.is_block_scalar() => refuse(Reason::MarkerOnBlockScalar, BLOCK_SCALAR),
            Content::Scalar(_) if self.place.start == self.place.end => {
                refuse(Reason::MarkerOnEmptyValue, "there is no value yet; write one before the marker")
            }
            Content::Scalar(Scalar { multiline: true, .. }) => {
                refuse(Reason::MarkerOnMultilineScalar, "the value goes over several lines; write it on one")
            }
            Content::Scalar(Scalar { other_type: true, .. }) => {
                refuse(Reason::MarkerOnTaggedValue, "the value's tag makes it no string; remove the tag")
            }
            Content::Scalar(_) => Ok(self),
        }
    }
}
