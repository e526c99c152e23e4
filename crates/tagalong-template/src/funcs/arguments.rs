//! What a function is given, with the checks every function needs.

use crate::context::{Context, Dict};
use crate::error::Failure;
use crate::format;
use crate::val::{List, Val};

/// The arguments of one call, the piped value last.
pub(super) struct Arguments<'a> {
    pub(super) context: &'a Context,
    pub(super) values: &'a [Val],
}

impl<'a> Arguments<'a> {
    /// The argument at `at`; nothing if it is not there.
    pub(super) fn get(&self, at: usize) -> &'a Val {
        self.values.get(at).unwrap_or(&Val::Nil)
    }

    /// The arguments from `at` on.
    pub(super) fn from(&self, at: usize) -> &'a [Val] {
        self.values.get(at..).unwrap_or_default()
    }

    pub(super) fn wrong<T>(&self, at: usize, wanted: &str) -> Result<T, Failure> {
        let found = self.get(at).noun();
        Err(Failure::Problem(format!("argument {} must be {wanted}, not {found}", at + 1)))
    }

    pub(super) fn text(&self, at: usize) -> Result<&'a str, Failure> {
        match self.get(at) {
            Val::Text(text) => Ok(text),
            _ => self.wrong(at, "text"),
        }
    }

    pub(super) fn int(&self, at: usize) -> Result<i64, Failure> {
        match self.get(at) {
            Val::Int(number) => Ok(*number),
            // A literal such as `3.0` serves as a whole number in Go.
            Val::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => Ok(*number as i64),
            _ => self.wrong(at, "a whole number"),
        }
    }

    /// A count that must not be negative.
    pub(super) fn count(&self, at: usize) -> Result<usize, Failure> {
        let number = self.int(at)?;
        usize::try_from(number)
            .map_err(|_| Failure::Problem(format!("argument {} is negative: {number}", at + 1)))
    }

    pub(super) fn bool(&self, at: usize) -> Result<bool, Failure> {
        match self.get(at) {
            Val::Bool(truth) => Ok(*truth),
            _ => self.wrong(at, "a truth value"),
        }
    }

    pub(super) fn list(&self, at: usize) -> Result<&'a List, Failure> {
        match self.get(at) {
            Val::List(list) => Ok(list),
            _ => self.wrong(at, "a list"),
        }
    }

    /// A dictionary that may be changed, as its place in the context.
    pub(super) fn dict(&self, at: usize) -> Result<usize, Failure> {
        match self.get(at) {
            Val::Dict(dict) => Ok(*dict),
            Val::Map(_) => {
                Err("the data of the message cannot be changed; copy it with `merge (dict) …`".into())
            }
            _ => self.wrong(at, "a dictionary"),
        }
    }

    /// The entries of a dictionary, or of a map of the data with keys of text.
    pub(super) fn entries(&self, at: usize) -> Result<Dict, Failure> {
        match self.context.entries_of(self.get(at))? {
            Some(entries) => Ok(entries.into_iter().collect()),
            None => self.wrong(at, "a dictionary"),
        }
    }

    /// The argument as text, whatever it is.
    pub(super) fn shown(&self, at: usize) -> Result<String, Failure> {
        format::plain(self.context, self.get(at))
    }

    /// A text as the result.
    pub(super) fn give(&self, text: impl Into<Box<str>>) -> Result<Val, Failure> {
        self.context.text(text)
    }
}

/// The items as texts; nothing is left out. What is no list counts as its only item.
pub(super) fn texts(context: &Context, value: &Val) -> Result<Vec<String>, Failure> {
    match value {
        Val::Nil => Ok(Vec::new()),
        Val::List(items) => {
            context.work(items.len())?;
            let kept = items.iter().filter(|item| !matches!(item, Val::Nil));
            kept.map(|item| format::plain(context, item)).collect()
        }
        other => Ok(vec![format::plain(context, other)?]),
    }
}
