//! Values of pipelines, commands and operands.

use super::Run;
use super::fields;
use crate::error::{Failure, TemplateError};
use crate::funcs::{self, Callee, Special};
use crate::syntax::ast::{Command, Operand, Pipeline};
use crate::val::Val;

impl<'t> Run<'t, '_> {
    /// A pipeline's value; its variables are set.
    pub(super) fn pipeline(&mut self, pipeline: &'t Pipeline, dot: &Val) -> Result<Val, TemplateError> {
        let value = self.commands(pipeline, dot)?;
        for name in &pipeline.variables {
            if pipeline.assigns {
                self.assign(name, value.clone()).map_err(|failure| failure.at(pipeline.line))?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    pub(super) fn assign(&mut self, name: &str, value: Val) -> Result<(), Failure> {
        let Some((_, slot)) = self.variables.iter_mut().rev().find(|(known, _)| *known == name) else {
            return Err(Failure::Problem(format!("undefined variable `{name}`")));
        };
        *slot = value;
        Ok(())
    }

    /// A pipeline's value, each command given the value of the one before as its last argument.
    pub(super) fn commands(&mut self, pipeline: &'t Pipeline, dot: &Val) -> Result<Val, TemplateError> {
        let mut last = None;
        for command in &pipeline.commands {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or(Val::Nil))
    }

    fn command(&mut self, command: &'t Command, dot: &Val, last: Option<Val>) -> Result<Val, TemplateError> {
        let line = command.line;
        self.context.step().map_err(|failure| failure.at(line))?;
        if let Operand::Function(callee) = &command.head {
            return self.call(callee, &command.arguments, dot, last, line);
        }
        if !command.arguments.is_empty() || last.is_some() {
            let problem = match &command.head {
                Operand::Field(names) | Operand::Variable(_, names) | Operand::Chain(_, names)
                    if !names.is_empty() =>
                {
                    format!("`{}` has arguments but is not a function", names.join("."))
                }
                _ => "only a function can be given arguments".to_owned(),
            };
            return Err(TemplateError::Failed { line, problem });
        }
        self.operand(&command.head, dot, line)
    }

    fn operand(&mut self, operand: &'t Operand, dot: &Val, line: usize) -> Result<Val, TemplateError> {
        self.context.step().map_err(|failure| failure.at(line))?;
        let value = match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Val::Nil),
            Operand::Bool(value) => Ok(Val::Bool(*value)),
            Operand::Int(value) => Ok(Val::Int(*value)),
            Operand::Float(value) => Ok(Val::Float(*value)),
            Operand::Text(text) => self.context.text(text.as_str()),
            Operand::Field(names) => fields::follow(self.context, dot, names),
            Operand::Variable(name, names) => {
                match self.variables.iter().rev().find(|(known, _)| known == name) {
                    Some((_, value)) => fields::follow(self.context, value, names),
                    None => Err(Failure::Problem(format!("undefined variable `{name}`"))),
                }
            }
            Operand::Function(callee) => return self.call(callee, &[], dot, None, line),
            Operand::Parens(inner) => {
                self.deeper(line)?;
                let value = self.pipeline(inner, dot)?;
                self.depth -= 1;
                Ok(value)
            }
            Operand::Chain(inner, names) => {
                let value = self.operand(inner, dot, line)?;
                fields::follow(self.context, &value, names)
            }
        };
        value.map_err(|failure| failure.at(line))
    }

    fn call(
        &mut self,
        callee: &Callee,
        operands: &'t [Operand],
        dot: &Val,
        last: Option<Val>,
        line: usize,
    ) -> Result<Val, TemplateError> {
        let function = match callee {
            Callee::Special(special) => return self.junction(*special, operands, dot, last, line),
            Callee::Function(function) => function,
        };
        let mut arguments = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            arguments.push(self.operand(operand, dot, line)?);
        }
        arguments.extend(last);
        funcs::call(self.context, function, &arguments).map_err(|failure| failure.at(line))
    }

    /// `and` and `or`: the first operand that decides, or the last one. What follows it is not evaluated.
    fn junction(
        &mut self,
        special: Special,
        operands: &'t [Operand],
        dot: &Val,
        last: Option<Val>,
        line: usize,
    ) -> Result<Val, TemplateError> {
        let decides = special == Special::Or;
        let mut value = None;
        for operand in operands {
            let operand = self.operand(operand, dot, line)?;
            if funcs::truth(self.context, &operand) == decides {
                return Ok(operand);
            }
            value = Some(operand);
        }
        last.or(value).ok_or_else(|| {
            let name = if decides { "or" } else { "and" };
            TemplateError::Failed { line, problem: format!("{name}: needs at least 1 argument, got 0") }
        })
    }
}
