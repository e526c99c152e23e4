//! Writes values as Go's `fmt` does. Used for actions, the print functions and wherever a function wants text.

pub(crate) mod number;
mod printf;
mod quote;
mod verb;

pub(crate) use printf::sprintf;
pub(crate) use quote::{printable, quote};

use crate::context::Context;
use crate::error::Failure;
use crate::val::Val;
use verb::Spec;

/// Text that grows up to the longest one a function may make.
#[derive(Debug)]
pub(crate) struct Output<'c> {
    context: &'c Context,
    text: String,
}

impl<'c> Output<'c> {
    pub(crate) fn new(context: &'c Context) -> Self {
        Self { context, text: String::new() }
    }

    pub(crate) fn push(&mut self, text: &str) -> Result<(), Failure> {
        self.context.work(1)?;
        self.context.room(self.text.len() + text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    pub(crate) fn push_char(&mut self, value: char) -> Result<(), Failure> {
        self.push(value.encode_utf8(&mut [0; 4]))
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// What `%v` gives; nothing gives `<nil>`.
pub(crate) fn plain(context: &Context, value: &Val) -> Result<String, Failure> {
    if let Val::Text(text) = value {
        context.work(text.len() / 16)?;
        return Ok(text.to_string());
    }
    let mut out = Output::new(context);
    verb::write(&mut out, value, &Spec::plain(), 0)?;
    Ok(out.finish())
}

/// The values side by side, with a space between two of which neither is text.
pub(crate) fn sprint(context: &Context, values: &[Val]) -> Result<String, Failure> {
    let mut out = Output::new(context);
    let mut after_text = true;
    for value in values {
        let text = matches!(value, Val::Text(_));
        if !after_text && !text {
            out.push(" ")?;
        }
        verb::write(&mut out, value, &Spec::plain(), 0)?;
        after_text = text;
    }
    Ok(out.finish())
}

/// The values with a space between any two, and a line feed at the end.
pub(crate) fn sprintln(context: &Context, values: &[Val]) -> Result<String, Failure> {
    let mut out = Output::new(context);
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(" ")?;
        }
        verb::write(&mut out, value, &Spec::plain(), 0)?;
    }
    out.push("\n")?;
    Ok(out.finish())
}

/// The name of the value's type as `%T` gives it.
pub(crate) fn type_name(value: &Val) -> &str {
    match value {
        Val::Nil => "<nil>",
        Val::Bool(_) => "bool",
        Val::Int(_) => "int",
        Val::Float(_) => "float64",
        Val::Text(_) => "string",
        Val::List(_) => "[]interface {}",
        Val::Map(_) => "map[string]string",
        Val::Dict(_) => "map[string]interface {}",
        Val::Struct(value) => &value.name,
    }
}
