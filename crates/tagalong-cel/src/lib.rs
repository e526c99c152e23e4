//! Conditions in the Common Expression Language, as Flux's `healthCheckExprs` and `readyExpr` have them.
//!
//! Whoever may write a Kustomization may write any expression, so each is bounded before it is parsed (length, nesting),
//! after (how much its values can grow) and while it is evaluated (turns and time of its loops). What goes wrong is told without any value of
//! the object: it may be a Secret. Parsed by `tagalong_api::validate`, evaluated by the engine and by `tagalong_apply`.

mod bounds;
mod guard;
mod health;
mod names;
mod value;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Instant;

use cel::{Context, Env, ExecutionError, IdedExpr, Value as CelValue};
use serde_json::Value;

use guard::Leave;
pub use health::{HealthExpressions, Verdict};

/// The functions and macros.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// More than an expression within the bounds needs, in a build without optimization.
const STACK: usize = 16 << 20;

/// Why an expression cannot be used, or says nothing now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CelError {
    /// Not of the language.
    #[error("it does not parse: {0}")]
    Syntax(String),
    /// Longer, deeper or more prolific than anybody needs.
    #[error("it is {0}; write it shorter")]
    TooLarge(&'static str),
    /// There is no such function.
    #[error("there is no function '{0}'")]
    UnknownFunction(String),
    /// There is no such variable.
    #[error("there is no variable '{0}'; it may use {1}")]
    UnknownVariable(String, String),
    /// A field that the object does not have, now.
    #[error("there is no '{0}'")]
    Missing(String),
    /// A result that is neither true nor false.
    #[error("it is neither true nor false")]
    NoCondition,
    /// Anything else that ends an evaluation.
    #[error("{0}")]
    Failed(&'static str),
}

/// A parsed condition. Equal where its text is.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    program: Arc<IdedExpr>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl Expression {
    /// Reads a condition. `variables` are the names that it may use; without them it may use any, which are then
    /// looked for when it is evaluated.
    ///
    /// # Errors
    /// Where it is not of the language, calls what there is not, or is too large.
    pub fn parse(text: &str, variables: Option<&[&str]>) -> Result<Self, CelError> {
        bounds::text(text)?;
        // The parser takes a hundred kilobytes of stack for a bracket.
        let program = thread::scope(|scope| {
            let parsing = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
                let parsed = LANGUAGE.parser().parse(text);
                let parsed = parsed.map_err(|errors| CelError::Syntax(first_line(&errors)))?;
                bounds::growth(&parsed)?;
                names::check(&parsed, variables)?;
                Ok(guard::guarded(&parsed))
            });
            let parsing = parsing.map_err(|_| CelError::Failed("there is no memory to parse it in"))?;
            parsing.join().unwrap_or_else(|_| Err(CelError::Syntax("the parser gave up".to_owned())))
        })?;
        Ok(Self { text: text.into(), program: Arc::new(program) })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for these values.
    ///
    /// # Errors
    /// Where it says nothing: most often a field that is not there yet.
    pub fn holds<'v>(
        &self,
        variables: impl IntoIterator<Item = (&'v str, &'v Value)>,
    ) -> Result<bool, CelError> {
        self.holds_until(variables, Instant::now() + guard::TIME)
    }

    fn holds_until<'v>(
        &self,
        variables: impl IntoIterator<Item = (&'v str, &'v Value)>,
        until: Instant,
    ) -> Result<bool, CelError> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        for (name, value) in variables {
            context.add_variable_from_value(name, value::of(value));
        }
        let leave = Leave::grant(&mut context, until);
        let answer = context.resolve(&self.program);
        if leave.is_used_up() {
            return Err(CelError::Failed("its loops take too long"));
        }
        match answer {
            Ok(CelValue::Bool(holds)) => Ok(holds),
            Ok(_) => Err(CelError::NoCondition),
            Err(error) => Err(self.told(&error)),
        }
    }

    /// An error without the values that it is about.
    fn told(&self, error: &ExecutionError) -> CelError {
        match error {
            ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name) => {
                // A key may be a value that was looked up.
                match self.text.contains(name.as_str()) {
                    true => CelError::Missing(name.to_string()),
                    false => CelError::Failed("there is no such key"),
                }
            }
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
                CelError::Failed("it divides by zero")
            }
            ExecutionError::IndexOutOfBounds(_) => {
                CelError::Failed("a list has fewer items than it asks for")
            }
            ExecutionError::FunctionError { .. } => CelError::Failed("a function refuses its argument"),
            _ => CelError::Failed("the types of its values do not go together"),
        }
    }
}

/// What the parser says first; it goes on with a drawing of the place.
fn first_line(errors: &impl fmt::Display) -> String {
    let text = errors.to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("malformed");
    line.trim().trim_start_matches("ERROR: ").to_owned()
}

#[cfg(test)]
mod tests;
