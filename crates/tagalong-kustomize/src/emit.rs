//! Prints objects byte for byte as `kustomize build` does, which is how Go's YAML 2 library writes: keys in natural
//! order, lists not indented below their key, lines folded after column 80. [`crate::to_yaml`] calls it.

mod analysis;
mod order;
mod scalar;

use std::collections::BTreeMap;

use crate::number;
use crate::value::Value;
use scalar::Style;

/// After this column a space becomes a line break.
const BEST_WIDTH: usize = 80;
const INDENT: usize = 2;
/// A longer key is written behind a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// One document with its last line break.
pub(crate) fn document(value: &Value) -> String {
    let mut emitter = Emitter {
        out: String::new(),
        column: 0,
        whitespace: true,
        indention: true,
        indents: Vec::new(),
        simple_key: false,
    };
    emitter.node(value, false);
    emitter.indents.clear();
    emitter.write_indent();
    emitter.out
}

/// Whether a text can stand in a block of its own.
pub(crate) fn fits_block(text: &str) -> bool {
    analysis::analyse(text).block
}

struct Emitter {
    out: String,
    column: usize,
    /// Whether the last thing written was white space.
    whitespace: bool,
    /// Whether only indentation stands on the line.
    indention: bool,
    indents: Vec<usize>,
    /// Inside a key that stands on the line of its value.
    simple_key: bool,
}

impl Emitter {
    fn indent(&self) -> usize {
        self.indents.last().copied().unwrap_or(0)
    }

    /// Goes one level in; the first level of a block is column 0.
    fn increase_indent(&mut self, flow: bool, indentless: bool) {
        let next = match self.indents.last() {
            None => {
                if flow {
                    INDENT
                } else {
                    0
                }
            }
            Some(indent) if indentless => *indent,
            Some(indent) => indent + INDENT,
        };
        self.indents.push(next);
    }

    fn node(&mut self, value: &Value, in_mapping: bool) {
        match value {
            Value::Map(entries) if entries.is_empty() => self.empty("{", "}"),
            Value::List(items) if items.is_empty() => self.empty("[", "]"),
            Value::Map(entries) => self.mapping(entries),
            Value::List(items) => self.sequence(items, in_mapping),
            Value::Null => self.scalar("null", Style::Plain),
            Value::Bool(true) => self.scalar("true", Style::Plain),
            Value::Bool(false) => self.scalar("false", Style::Plain),
            Value::Int(number) => self.scalar(&number.to_string(), Style::Plain),
            Value::UInt(number) => self.scalar(&number.to_string(), Style::Plain),
            Value::Float(number) => self.scalar(&number::general(*number), Style::Plain),
            Value::String(text) => self.scalar(text, scalar::wanted(text)),
        }
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    fn mapping(&mut self, entries: &BTreeMap<String, Value>) {
        self.increase_indent(false, false);
        let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
        sorted.sort_by(|a, b| order::natural(a.0, b.0));
        for (key, value) in sorted {
            self.write_indent();
            let simple = key.len() <= LONGEST_SIMPLE_KEY && !key.chars().any(analysis::is_break);
            if simple {
                self.simple_key = true;
                self.scalar(key, scalar::wanted(key));
                self.simple_key = false;
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, true);
                self.scalar(key, scalar::wanted(key));
                self.write_indent();
                self.indicator(":", true, false, true);
            }
            self.node(value, true);
        }
        self.indents.pop();
    }

    fn sequence(&mut self, items: &[Value], in_mapping: bool) {
        let indentless = in_mapping && !self.indention;
        self.increase_indent(false, indentless);
        for item in items {
            self.write_indent();
            self.indicator("-", true, false, true);
            self.node(item, false);
        }
        self.indents.pop();
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn write_indent(&mut self) {
        let indent = self.indent();
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, need_whitespace: bool, is_whitespace: bool, is_indention: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        for c in text.chars() {
            self.put(c);
        }
        self.whitespace = is_whitespace;
        self.indention = self.indention && is_indention;
    }
}
