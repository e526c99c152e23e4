//! Which fields of the data a template reads, told from its tree alone. Serves [`crate::Template::uses_field`].

use std::collections::BTreeSet;

use super::ast::{Branches, Command, Node, Operand, Pipeline, Source};
use crate::limits;

/// A place in the data, as the fields that lead there from the root; `None` when that cannot be told.
type Path = Option<Vec<String>>;

/// Whether the template, when rendered, may read `wanted` or something below it.
pub(crate) fn reads(source: &Source, wanted: &[&str]) -> bool {
    let root: Path = Some(Vec::new());
    let mut scan =
        Scan { wanted, found: false, seen: BTreeSet::new(), pending: Vec::new(), variables: Vec::new() };
    scan.whole(&source.main, &root);
    while let Some((name, given)) = scan.pending.pop() {
        if let Some(body) = source.named.get(&name) {
            scan.whole(body, &given);
        }
    }
    scan.found
}

struct Scan<'s> {
    wanted: &'s [&'s str],
    found: bool,
    /// Named templates met so far, with what they are given.
    seen: BTreeSet<(String, Path)>,
    /// Those of them still to look into.
    pending: Vec<(String, Path)>,
    variables: Vec<(String, Path)>,
}

impl Scan<'_> {
    /// The body of the template itself or of a named one, given `dot`.
    fn whole(&mut self, nodes: &[Node], dot: &Path) {
        self.variables = vec![("$".to_owned(), dot.clone())];
        self.body(nodes, dot);
    }

    fn body(&mut self, nodes: &[Node], dot: &Path) {
        for node in nodes {
            self.node(node, dot);
        }
    }

    fn node(&mut self, node: &Node, dot: &Path) {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Action(pipeline) => {
                self.pipeline(pipeline, dot);
            }
            Node::If(branches) => self.branches(branches, dot, false),
            Node::With(branches) => self.branches(branches, dot, true),
            Node::Range { pipeline, body, otherwise } => {
                let known = self.variables.len();
                self.pipeline(pipeline, dot);
                for (_, path) in self.variables.iter_mut().skip(known) {
                    *path = None;
                }
                self.body(body, &None);
                self.variables.truncate(known);
                self.body(otherwise, dot);
            }
            Node::Template { name, argument, .. } => {
                let given = argument.as_ref().and_then(|argument| self.pipeline(argument, dot));
                let call = (name.clone(), given);
                if self.seen.len() < limits::DEPTH && self.seen.insert(call.clone()) {
                    self.pending.push(call);
                }
            }
        }
    }

    fn branches(&mut self, branches: &Branches, dot: &Path, moves: bool) {
        let known = self.variables.len();
        for (pipeline, body) in &branches.arms {
            let path = self.pipeline(pipeline, dot);
            self.body(body, if moves { &path } else { dot });
        }
        self.body(&branches.otherwise, dot);
        self.variables.truncate(known);
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Path) -> Path {
        let mut path = None;
        for command in &pipeline.commands {
            path = self.command(command, dot);
        }
        let path = if pipeline.commands.len() == 1 { path } else { None };
        for name in &pipeline.variables {
            if pipeline.assigns {
                // Which assignment was the last to run cannot be told from the tree.
                self.variables
                    .iter_mut()
                    .filter(|(known, _)| known == name)
                    .for_each(|(_, known)| *known = None);
            } else {
                self.variables.push((name.clone(), path.clone()));
            }
        }
        path
    }

    fn command(&mut self, command: &Command, dot: &Path) -> Path {
        let path = self.operand(&command.head, dot);
        for argument in &command.arguments {
            self.operand(argument, dot);
        }
        path.filter(|_| command.arguments.is_empty())
    }

    fn operand(&mut self, operand: &Operand, dot: &Path) -> Path {
        let (base, fields): (Path, &[String]) = match operand {
            Operand::Dot => (dot.clone(), &[]),
            Operand::Field(fields) => (dot.clone(), fields),
            Operand::Variable(name, fields) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                (known.and_then(|(_, path)| path.clone()), fields)
            }
            Operand::Parens(pipeline) => (self.pipeline(pipeline, dot), &[]),
            Operand::Chain(inner, fields) => (self.operand(inner, dot), fields),
            _ => (None, &[]),
        };
        let mut path = base?;
        path.extend(fields.iter().cloned());
        self.found |= path.len() >= self.wanted.len() && path.iter().zip(self.wanted).all(|(a, b)| a == b);
        Some(path)
    }
}
