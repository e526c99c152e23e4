//! Renders the tree of a template. Called by [`crate::Template::render`].

mod eval;
mod fields;

use std::collections::BTreeMap;

use crate::context::Context;
use crate::error::{Failure, TemplateError};
use crate::syntax::ast::{Branches, Node, Pipeline, Source};
use crate::val::Val;
use crate::value::Value;
use crate::{format, funcs, limits};

/// The message that the template makes of the data.
pub(crate) fn render(source: &Source, data: &Value) -> Result<String, TemplateError> {
    let context = Context::default();
    let dot = Val::of(data, context.meter());
    let mut run = Run {
        named: &source.named,
        context: &context,
        out: String::new(),
        variables: vec![("$", dot.clone())],
        depth: 0,
    };
    run.body(&source.main, &dot)?;
    Ok(run.out)
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Run<'t, 'c> {
    named: &'t BTreeMap<String, Vec<Node>>,
    context: &'c Context,
    out: String,
    variables: Vec<(&'t str, Val)>,
    depth: usize,
}

impl<'t> Run<'t, '_> {
    fn body(&mut self, nodes: &'t [Node], dot: &Val) -> Result<Flow, TemplateError> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'t Node, dot: &Val) -> Result<Flow, TemplateError> {
        match node {
            Node::Text(text) => self.write(text, 0)?,
            Node::Action(pipeline) => self.action(pipeline, dot)?,
            Node::If(branches) => return self.branches(branches, dot, false),
            Node::With(branches) => return self.branches(branches, dot, true),
            Node::Range { pipeline, body, otherwise } => return self.range(pipeline, body, otherwise, dot),
            Node::Template { line, name, argument } => self.template(*line, name, argument.as_ref(), dot)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, text: &str, line: usize) -> Result<(), TemplateError> {
        if self.out.len() + text.len() > limits::OUTPUT {
            let bound = format!("the message would be longer than {} bytes", limits::OUTPUT);
            return Err(TemplateError::Bound { line: line.max(1), bound });
        }
        self.out.push_str(text);
        Ok(())
    }

    fn deeper(&mut self, line: usize) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth <= limits::DEPTH {
            return Ok(());
        }
        let bound = format!("templates call each other deeper than {}", limits::DEPTH);
        Err(TemplateError::Bound { line, bound })
    }

    fn action(&mut self, pipeline: &'t Pipeline, dot: &Val) -> Result<(), TemplateError> {
        let value = self.pipeline(pipeline, dot)?;
        if !pipeline.variables.is_empty() {
            return Ok(());
        }
        let text = match value {
            Val::Nil => "<no value>".to_owned(),
            value => format::plain(self.context, &value).map_err(|failure| failure.at(pipeline.line))?,
        };
        self.write(&text, pipeline.line)
    }

    fn branches(&mut self, branches: &'t Branches, dot: &Val, moves: bool) -> Result<Flow, TemplateError> {
        let known = self.variables.len();
        let flow = self.taken_branch(branches, dot, moves);
        self.variables.truncate(known);
        flow
    }

    fn taken_branch(
        &mut self,
        branches: &'t Branches,
        dot: &Val,
        moves: bool,
    ) -> Result<Flow, TemplateError> {
        let line = branches.arms.first().map_or(1, |(pipeline, _)| pipeline.line);
        self.deeper(line)?;
        for (pipeline, body) in &branches.arms {
            let value = self.pipeline(pipeline, dot)?;
            if funcs::truth(self.context, &value) {
                let flow = self.body(body, if moves { &value } else { dot })?;
                self.depth -= 1;
                return Ok(flow);
            }
        }
        let flow = self.body(&branches.otherwise, dot)?;
        self.depth -= 1;
        Ok(flow)
    }

    fn range(
        &mut self,
        pipeline: &'t Pipeline,
        body: &'t [Node],
        otherwise: &'t [Node],
        dot: &Val,
    ) -> Result<Flow, TemplateError> {
        self.deeper(pipeline.line)?;
        let known = self.variables.len();
        let value = self.commands(pipeline, dot)?;
        let turns =
            self.turns(value, pipeline.variables.len() > 1).map_err(|failure| failure.at(pipeline.line))?;
        let mut empty = true;
        for (key, item) in turns {
            self.context.step().map_err(|failure| failure.at(pipeline.line))?;
            empty = false;
            self.bind(pipeline, key, &item)?;
            let flow = self.body(body, &item)?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        let flow = if empty { self.body(otherwise, dot)? } else { Flow::Next };
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(flow)
    }

    /// Gives the loop's variables their values for one turn.
    fn bind(&mut self, pipeline: &'t Pipeline, key: Val, item: &Val) -> Result<(), TemplateError> {
        let values = match pipeline.variables.len() {
            2 => vec![key, item.clone()],
            _ => vec![item.clone()],
        };
        for (name, value) in pipeline.variables.iter().zip(values) {
            if pipeline.assigns {
                self.assign(name, value).map_err(|failure| failure.at(pipeline.line))?;
            } else {
                self.variables.push((name, value));
            }
        }
        Ok(())
    }

    /// What a `range` visits: pairs of key and item.
    fn turns(&self, value: Val, pair: bool) -> Result<Box<dyn Iterator<Item = (Val, Val)>>, Failure> {
        Ok(match value {
            Val::Nil => Box::new(std::iter::empty()),
            Val::Int(_) if pair => return Err("range over a number gives one variable only".into()),
            Val::Int(count) => Box::new((0..count).map(|at| (Val::Int(at), Val::Int(at)))),
            Val::List(items) => Box::new((0..items.len()).filter_map(move |at| {
                let key = Val::Int(i64::try_from(at).unwrap_or(i64::MAX));
                items.get(at).map(|item| (key, item.clone()))
            })),
            Val::Map(map) => {
                Box::new((0..map.entries.len()).filter_map(move |at| map.entries.get(at).cloned()))
            }
            Val::Dict(dict) => {
                let mut turns = Vec::new();
                for (key, item) in self.context.entries(dict)? {
                    turns.push((self.context.text(key)?, item));
                }
                Box::new(turns.into_iter())
            }
            other => return Err(Failure::Problem(format!("range cannot iterate over {}", other.noun()))),
        })
    }

    fn template(
        &mut self,
        line: usize,
        name: &'t str,
        argument: Option<&'t Pipeline>,
        dot: &Val,
    ) -> Result<(), TemplateError> {
        self.deeper(line)?;
        let given = match argument {
            Some(argument) => self.pipeline(argument, dot)?,
            None => Val::Nil,
        };
        let Some(body) = self.named.get(name) else {
            return Err(TemplateError::Failed { line, problem: format!("template `{name}` is not defined") });
        };
        let outside = std::mem::replace(&mut self.variables, vec![("$", given.clone())]);
        self.context.step().map_err(|failure| failure.at(line))?;
        self.body(body, &given)?;
        self.variables = outside;
        self.depth -= 1;
        Ok(())
    }
}
