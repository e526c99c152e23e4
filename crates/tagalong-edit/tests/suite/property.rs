//! Generated YAML whose marked values are known: everything marked is found, an edit changes exactly that, a
//! second run plans nothing, and the order of the edits does not matter.

use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Write as _;
use tagalong_edit::{Edit, Field, FileKind, apply, scan};

/// How a scalar is written.
#[derive(Debug, Clone, Copy)]
enum Quote {
    Plain,
    Single,
    Double,
}

/// A value, and what stands around it.
#[derive(Debug, Clone)]
enum Node {
    Scalar {
        quote: Quote,
        marked: bool,
        blanks: usize,
    },
    /// `{k: v}` on one line, its value marked behind the bracket.
    FlowMap {
        quote: Quote,
    },
    /// A flow list over several lines, each of its items marked.
    FlowList(Vec<Quote>),
    Block(&'static str),
    Map(Vec<Self>),
    List(Vec<Self>),
    /// A list item whose marker stands on the line above.
    Anchored,
}

fn quote() -> impl Strategy<Value = Quote> {
    prop_oneof![Just(Quote::Plain), Just(Quote::Single), Just(Quote::Double)]
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        4 => (quote(), any::<bool>(), 1..4_usize).prop_map(|(quote, marked, blanks)| Node::Scalar { quote, marked, blanks }),
        1 => quote().prop_map(|quote| Node::FlowMap { quote }),
        1 => vec(quote(), 1..3).prop_map(Node::FlowList),
        1 => prop_oneof![Just("|"), Just(">-"), Just("|+"), Just("|2-")].prop_map(Node::Block),
        1 => Just(Node::Anchored),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![vec(inner.clone(), 1..4).prop_map(Node::Map), vec(inner, 1..4).prop_map(Node::List)]
    })
}

/// What is the same for a whole file.
#[derive(Debug, Clone)]
struct Style {
    indent: usize,
    line_break: &'static str,
    byte_order_mark: bool,
    non_ascii: bool,
    last_break: bool,
    comments: bool,
    documents: usize,
}

fn style() -> impl Strategy<Value = Style> {
    let breaks = prop_oneof![Just("\n"), Just("\r\n")];
    (2..5_usize, breaks, any::<[bool; 4]>(), 1..3_usize).prop_map(|(indent, line_break, flags, documents)| {
        let [byte_order_mark, non_ascii, last_break, comments] = flags;
        Style { indent, line_break, byte_order_mark, non_ascii, last_break, comments, documents }
    })
}

fn quoted(quote: Quote, value: &str) -> String {
    match quote {
        Quote::Plain => value.to_owned(),
        Quote::Single => format!("'{value}'"),
        Quote::Double => format!("\"{value}\""),
    }
}

/// Writes the file with `values` in the marked fields; counts those.
struct Writer<'a> {
    style: &'a Style,
    values: &'a dyn Fn(usize) -> String,
    marked: usize,
    text: String,
}

impl Writer<'_> {
    fn end_line(&mut self) {
        self.text += self.style.line_break;
    }

    fn scalar(&mut self, quote: Quote, value: &str) {
        self.text += &quoted(quote, value);
    }

    /// The next marked value and its marker, which names the policy by number.
    fn marked(&mut self, quote: Quote, between: &str) {
        let value = (self.values)(self.marked);
        self.scalar(quote, &value);
        self.text += between;
        self.marker();
    }

    fn marker(&mut self) {
        _ = write!(self.text, " # {{\"$imagepolicy\": \"ns:p{}\"}}", self.marked);
        self.marked += 1;
    }

    fn children(&mut self, nodes: &[Node], depth: usize, list: bool) {
        for (index, node) in nodes.iter().enumerate() {
            let indent = " ".repeat(depth * self.style.indent);
            if self.style.comments && index % 2 == 0 {
                self.text +=
                    &format!("{indent}# {} remark", if self.style.non_ascii { "é日本🎉" } else { "a" });
                self.end_line();
                self.end_line();
            }
            if list && matches!(node, Node::Anchored) {
                let value = (self.values)(self.marked);
                self.text += &indent[1..];
                self.marker();
                self.end_line();
                self.text += &format!("{indent}- &a{} {value}", self.marked);
                self.end_line();
                continue;
            }
            self.text += &indent;
            self.text += &if list { "-".to_owned() } else { format!("key{index}:") };
            self.node(node, depth);
        }
    }

    fn node(&mut self, node: &Node, depth: usize) {
        let inside = " ".repeat((depth + 1) * self.style.indent);
        match node {
            Node::Scalar { quote, marked: true, blanks } => {
                self.text.push(' ');
                self.marked(*quote, &" ".repeat(blanks - 1));
            }
            Node::Scalar { quote, .. } => {
                self.text.push(' ');
                self.scalar(
                    *quote,
                    if self.style.non_ascii { "ünmarked # not" } else { "1.10" }.trim_end_matches(" # not"),
                );
            }
            Node::Anchored => {
                self.text += " &x !!str ";
                self.marked(Quote::Plain, "");
            }
            Node::FlowMap { quote } => {
                self.text += " {image: ";
                self.marked(*quote, " }");
            }
            Node::FlowList(items) => {
                self.text += " [";
                for quote in items {
                    self.end_line();
                    self.text += &inside;
                    self.marked(*quote, " ,");
                }
                self.end_line();
                self.text += &format!("{inside}last ]");
            }
            Node::Block(header) => {
                self.text += &format!(" {header}");
                let depth =
                    if header.contains('2') { " ".repeat(depth * self.style.indent + 2) } else { inside };
                for line in ["image: text # no comment", "", "- : {"] {
                    self.end_line();
                    self.text += &format!("{}{line}", if line.is_empty() { "" } else { &depth });
                }
            }
            Node::Map(nodes) | Node::List(nodes) => {
                self.end_line();
                return self.children(nodes, depth + 1, matches!(node, Node::List(_)));
            }
        }
        self.end_line();
    }
}

fn write(style: &Style, nodes: &[Node], values: &dyn Fn(usize) -> String) -> (String, usize) {
    let mut writer = Writer { style, values, marked: 0, text: String::new() };
    if style.byte_order_mark {
        writer.text.push('\u{feff}');
    }
    for document in 0..style.documents {
        if document > 0 {
            writer.text += "---";
            writer.end_line();
        }
        writer.children(nodes, 0, false);
    }
    if !style.last_break && !matches!(nodes.last(), Some(Node::Block("|+"))) {
        writer.text.truncate(writer.text.trim_end_matches(['\r', '\n']).len());
    }
    (writer.text, writer.marked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn output_differs_in_the_marked_values_only(style in style(), nodes in vec(node(), 1..5), shuffle in any::<u64>()) {
        let (old, new) = (|at: usize| format!("reg.io/old{at}:v{at}"), |at: usize| format!("ghcr.io/new/x{at}:2.0.{at}"));
        let (before, marked) = write(&style, &nodes, &old);
        let (after, _) = write(&style, &nodes, &new);
        let found = scan(before.as_bytes(), FileKind::Yaml);
        prop_assert_eq!(&found.problems, &[], "{}", before);
        let fields: Vec<&Field> = found.sites.iter().flat_map(|site| &site.fields).collect();
        prop_assert_eq!(fields.len(), marked, "{}", before);
        let values: Vec<String> = (0..marked).map(new).collect();
        let mut edits: Vec<Edit<'_>> = fields.iter().zip(&values).map(|(field, value)| Edit { field, value }).collect();
        for (at, field) in fields.iter().enumerate() {
            prop_assert_eq!(&field.value, &old(at));
        }
        if !edits.is_empty() {
            let middle = usize::try_from(shuffle % edits.len() as u64).unwrap_or(0);
            edits.rotate_left(middle);
            edits[middle..].reverse();
        }
        let edited = apply(before.as_bytes(), FileKind::Yaml, &edits).unwrap();
        prop_assert_eq!(std::str::from_utf8(&edited.bytes).unwrap(), after.as_str());
        let again = scan(&edited.bytes, FileKind::Yaml);
        let fields = again.sites.iter().flat_map(|site| &site.fields);
        let edits: Vec<Edit<'_>> = fields.zip(&values).map(|(field, value)| Edit { field, value }).collect();
        let second = apply(&edited.bytes, FileKind::Yaml, &edits).unwrap();
        prop_assert!(second.splices.is_empty() && second.bytes == edited.bytes);
    }

    #[test]
    fn any_value_reads_back_as_the_same_string(value in "[ -~é日]{0,12}", quote in quote()) {
        let text = format!("k: {{a: {}}} # {{\"$imagepolicy\": \"ns:x\"}}\n", quoted(quote, "old"));
        let found = scan(text.as_bytes(), FileKind::Yaml);
        let edit = Edit { field: &found.sites[0].fields[0], value: &value };
        let edited = apply(text.as_bytes(), FileKind::Yaml, &[edit]).unwrap();
        let again = scan(&edited.bytes, FileKind::Yaml);
        prop_assert_eq!(&again.sites[0].fields[0].value, &value);
    }
}
