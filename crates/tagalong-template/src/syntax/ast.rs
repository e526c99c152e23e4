//! The tree of a template. Made by the parser; walked by [`crate::exec`] and [`super::usage`].

use std::collections::BTreeMap;

use crate::funcs::Callee;

/// A whole source: the body outside any `define`, and the named templates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    pub(crate) main: Vec<Node>,
    pub(crate) named: BTreeMap<String, Vec<Node>>,
}

/// One piece of a body.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(String),
    Action(Pipeline),
    /// `if … else if … else`.
    If(Branches),
    /// `with … else with … else`.
    With(Branches),
    Range {
        pipeline: Pipeline,
        body: Vec<Self>,
        otherwise: Vec<Self>,
    },
    Template {
        line: usize,
        name: String,
        argument: Option<Pipeline>,
    },
    Break,
    Continue,
}

/// The arms of an `if` or `with`, tried in order, and what stands after the last `else`.
#[derive(Debug, Clone)]
pub(crate) struct Branches {
    pub(crate) arms: Vec<(Pipeline, Vec<Node>)>,
    pub(crate) otherwise: Vec<Node>,
}

/// Commands joined by `|`, with the variables they declare or assign.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) line: usize,
    pub(crate) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

/// Operands side by side: the first may be a function that takes the others.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) line: usize,
    pub(crate) head: Operand,
    pub(crate) arguments: Vec<Operand>,
}

/// One operand.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`; the name keeps its `$`.
    Variable(String, Vec<String>),
    Function(Callee),
    /// `(pipeline)`
    Parens(Box<Pipeline>),
    /// `(pipeline).A.B` or `function.A.B`
    Chain(Box<Self>, Vec<String>),
}
