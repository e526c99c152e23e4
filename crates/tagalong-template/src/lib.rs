//! Renders commit messages written as Go text/template with the sprig functions Flux users use. Pure.
//!
//! The engine is our own. The one living crate for this syntax, `gtmpl-ng`, keeps structures and maps in unordered
//! tables with text as the only kind of key, so `range $object, $changes := …` over keys that are structures cannot
//! be expressed, the order of what a loop visits is not Go's, and a value cannot print as `namespace/name`.
//!
//! What is as in Go: the syntax, `{{-` trimming, scopes, truth, comparison, printing, `printf`, the order in which
//! maps are visited, and sprig's functions without random numbers, keys, clock and time zones (those are errors that
//! say so). What is wider than Go: any whole number serves where Go insists on `int`; `.Values` serves wherever a
//! function reads a dictionary. What is stricter: a cut through the middle of a character drops that character,
//! since a message is UTF-8; all work is bounded, see [`TemplateError::Bound`].

mod context;
mod error;
mod exec;
mod format;
mod funcs;
mod limits;
mod syntax;
mod val;
mod value;

pub use error::TemplateError;
pub use value::Value;

/// A template that has been read and is ready to be rendered any number of times.
#[derive(Debug, Clone)]
pub struct Template {
    source: syntax::ast::Source,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is not well formed, with its line; a function that does not exist or is not supported, by name.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Ok(Self { source: syntax::parse(source)? })
    }

    /// The text the template makes of `data`, which is its `.` and `$`.
    ///
    /// # Errors
    /// A field that a structure does not have, a function that refuses its arguments, or a bound reached.
    pub fn render(&self, data: &Value) -> Result<String, TemplateError> {
        exec::render(&self.source, data)
    }

    /// Whether the template reads the field at the end of `chain` or one below it, e.g. `["Changed", "ImageResult"]`:
    /// written out, by `$`, by a variable, inside `with` on a part of the chain, or in a template it calls.
    #[must_use]
    pub fn uses_field(&self, chain: &[&str]) -> bool {
        syntax::usage::reads(&self.source, chain)
    }
}
