//! YAML documents as trees that know their places. Reads any YAML: what a value means is decided by the schema, so
//! scalars keep their text (`1.10` stays `1.10`). Used by `load`.

use crate::problem::{Code, Finding, Place};
use granit_parser::{Event, Options, Parser, ScalarStyle, Span};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// How many entries merge keys may copy in one file; far above any real file, far below what hurts.
const MERGE_LIMIT: usize = 100_000;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Scalar {
        text: String,
        /// Whether it stood there without quotes and not as a block.
        plain: bool,
    },
    List(Vec<Arc<Node>>),
    Map(Vec<Entry>),
}

/// One entry of a map. A map may hold a key twice; the schema check reports it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Arc<Node>,
}

impl Node {
    /// The first value under `key`, if this is a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Self>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether this is YAML's null: nothing, `~` or `null` without quotes.
    pub(crate) fn is_null(&self) -> bool {
        let null = |text: &str| matches!(text, "" | "~" | "null" | "Null" | "NULL");
        matches!(&self.value, Value::Scalar { text, plain: true } if null(text))
    }
}

/// The documents of a file, without empty ones. Aliases and merge keys are resolved.
///
/// # Errors
/// Where the text stops being YAML.
pub(crate) fn documents(text: &str) -> Result<Vec<Arc<Node>>, Finding> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut composer = Composer::default();
    for event in Parser::new_from_str_with_options(text.trim_start_matches('\u{feff}'), options) {
        let (event, span) = event.map_err(|error| {
            let (line, column) = (error.marker().line(), error.marker().col() + 1);
            let place = Place { line: number(line), column: number(column), length: 1 };
            Finding::new(place, Code::Yaml, format!("not valid YAML: {}", error.info()))
        })?;
        composer.take(event, &span)?;
    }
    Ok(composer.roots)
}

#[derive(Default)]
struct Composer {
    roots: Vec<Arc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    merged: usize,
}

/// A collection whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Arc<Node>>),
    Map {
        entries: Vec<Entry>,
        /// What stands after `<<`.
        merges: Vec<Entry>,
        /// The key whose value comes next.
        key: Option<Key>,
    },
}

struct Key {
    text: String,
    place: Place,
    merge: bool,
}

impl Composer {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Finding> {
        let place = place(span);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.finish(Node { place, value }, anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open.push(Open { place, anchor, items: Items::List(Vec::new()) });
            }
            Event::MappingStart(_, anchor, _) => {
                let items = Items::Map { entries: Vec::new(), merges: Vec::new(), key: None };
                self.open.push(Open { place, anchor, items });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(anchor) => {
                let unknown =
                    || Finding::new(place, Code::Yaml, "not valid YAML: an alias within its own anchor");
                let node = self.anchors.get(&anchor).cloned().ok_or_else(unknown)?;
                self.place(node);
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Finding> {
        let Some(Open { mut place, anchor, items }) = self.open.pop() else { return Ok(()) };
        let value = match items {
            Items::List(items) => Value::List(items),
            Items::Map { mut entries, merges, .. } => {
                self.merge(&mut entries, merges)?;
                Value::Map(entries)
            }
        };
        place.length = 1;
        self.finish(Node { place, value }, anchor);
        Ok(())
    }

    /// Keys written out win over merged ones, and earlier merges over later ones.
    fn merge(&mut self, entries: &mut Vec<Entry>, merges: Vec<Entry>) -> Result<(), Finding> {
        if merges.is_empty() {
            return Ok(());
        }
        let mut known: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        for merge in merges {
            let sources = match &merge.value.value {
                Value::List(sources) => sources.as_slice(),
                _ => std::slice::from_ref(&merge.value),
            };
            for entry in sources.iter().flat_map(|source| source.entries()) {
                self.merged += 1;
                if self.merged > MERGE_LIMIT {
                    return Err(Finding::new(
                        merge.place,
                        Code::Yaml,
                        "merge keys copy too many entries; write them out",
                    ));
                }
                if known.insert(entry.key.clone()) {
                    entries.push(entry.clone());
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) {
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.place(node);
    }

    /// Puts a finished node where it belongs: into the open collection, or among the documents.
    fn place(&mut self, node: Arc<Node>) {
        match self.open.last_mut().map(|open| &mut open.items) {
            None if node.is_null() => {}
            None => self.roots.push(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map { entries, merges, key }) => match key.take() {
                None => *key = Some(read_key(&node)),
                Some(Key { text, place, merge }) => {
                    let entry = Entry { key: text, place, value: node };
                    if merge { merges.push(entry) } else { entries.push(entry) }
                }
            },
        }
    }
}

/// A key that is a list or map has no name; no kind of ours has such a field.
fn read_key(node: &Node) -> Key {
    let (text, merge) = match &node.value {
        Value::Scalar { text, plain } => (text.clone(), *plain && text == "<<"),
        _ => ("?".to_owned(), false),
    };
    Key { text, place: node.place, merge }
}

fn place(span: &Span) -> Place {
    let (line, column) = (span.start.line(), span.start.col());
    let length = if span.end.line() == line { span.end.col().saturating_sub(column).max(1) } else { 1 };
    Place { line: number(line), column: number(column + 1), length: number(length) }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in flow style, scalars in quotes.
    fn show(node: &Node) -> String {
        match &node.value {
            Value::Scalar { text, .. } => format!("{text:?}"),
            Value::List(items) => {
                format!("[{}]", items.iter().map(|item| show(item)).collect::<Vec<_>>().join(", "))
            }
            Value::Map(entries) => {
                let entry = |entry: &Entry| format!("{}: {}", entry.key, show(&entry.value));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn read(text: &str) -> String {
        match documents(text) {
            Ok(roots) => roots.iter().map(|root| show(root)).collect::<Vec<_>>().join(" --- "),
            Err(finding) => format!("{}:{}: {}", finding.place.line, finding.place.column, finding.message),
        }
    }

    #[test]
    fn documents_become_trees_with_their_text_as_written() {
        for (text, expected) in [
            ("", ""),
            ("# only a comment\n---\n---\n~\n", ""),
            ("a: 1.10\nb: [x, 'y']\n", r#"{a: "1.10", b: ["x", "y"]}"#),
            ("\u{feff}a: b\r\n---\r\nc: d\r\n", r#"{a: "b"} --- {c: "d"}"#),
            (
                "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x",
                r#"{a: {p: "1", q: "2"}, b: {q: "3", p: "1"}, c: {p: "1", q: "2"}}"#,
            ),
            (
                "a: &x {p: 1}\nb: &y {p: 2, q: 3}\nc: {<<: [*x, *y]}",
                r#"{a: {p: "1"}, b: {p: "2", q: "3"}, c: {p: "1", q: "3"}}"#,
            ),
            ("a: 1\na: 2\n", r#"{a: "1", a: "2"}"#),
            ("? [a, b]\n: c\n'<<': d\n", r#"{?: "c", <<: "d"}"#),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        for (text, place) in
            [("a: b: c\n", "1:5: "), ("a: [b\n", "1:4: "), ("a: *x\n", "1:4: "), ("a: &x [*x]\n", "1:8: ")]
        {
            let got = read(text);
            assert!(got.starts_with(place) && got.contains("not valid YAML"), "{text:?}: {got}");
        }
        assert!(read(&"[".repeat(100_000)).contains("not valid YAML"));
    }

    #[test]
    fn aliases_and_merges_cannot_be_made_to_grow() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..30 {
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
        }
        assert_eq!(documents(&bomb).unwrap().len(), 1);
        let wide: String = (0..1000).map(|n| format!("  k{n}: v\n")).collect();
        let merges: String = (0..200).map(|n| format!("m{n}: {{<<: *w}}\n")).collect();
        assert!(read(&format!("w: &w\n{wide}{merges}")).contains("merge keys copy too many entries"));
    }
}
