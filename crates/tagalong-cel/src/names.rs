//! What an expression calls and what it looks at: names that mean nothing are found before anything is applied.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

use crate::CelError;

/// The functions that may be called by their names.
const FUNCTIONS: &[&str] = &[
    "contains",
    "size",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "bytes",
    "double",
    "int",
    "uint",
    "dyn",
    "type",
    "bool",
    "value",
    "hasValue",
    "or",
    "orValue",
];

/// Names of types, which stand where a variable could.
const TYPES: &[&str] =
    &["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];

/// Checks the names of an expression; without `variables` it may look at what it likes.
pub(crate) fn check(expression: &IdedExpr, variables: Option<&[&str]>) -> Result<(), CelError> {
    Names { variables, bound: Vec::new() }.walk(expression)
}

struct Names<'e, 'v> {
    variables: Option<&'v [&'v str]>,
    /// By the macros around.
    bound: Vec<&'e str>,
}

impl<'e> Names<'e, '_> {
    fn walk(&mut self, expression: &'e IdedExpr) -> Result<(), CelError> {
        match &expression.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.walk(&select.operand),
            Expr::List(list) => self.all(&list.elements),
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(made) => self.entries(made.entries.iter().map(|entry| &entry.expr)),
            Expr::Call(call) => {
                function(&call.func_name)?;
                if let Some(target) = &call.target {
                    self.walk(target)?;
                }
                self.all(&call.args)
            }
            Expr::Comprehension(over) => {
                self.walk(&over.iter_range)?;
                self.walk(&over.accu_init)?;
                let outside = self.bound.len();
                self.bound.push(&over.iter_var);
                self.bound.extend(over.iter_var2.as_deref());
                self.bound.push(&over.accu_var);
                let inside = [&over.loop_cond, &over.loop_step, &over.result];
                let walked = inside.into_iter().try_for_each(|part| self.walk(part));
                self.bound.truncate(outside);
                walked
            }
            _ => Ok(()),
        }
    }

    fn all(&mut self, parts: &'e [IdedExpr]) -> Result<(), CelError> {
        parts.iter().try_for_each(|part| self.walk(part))
    }

    fn entries(&mut self, mut entries: impl Iterator<Item = &'e EntryExpr>) -> Result<(), CelError> {
        entries.try_for_each(|entry| match entry {
            EntryExpr::StructField(field) => self.walk(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.walk(&entry.key)?;
                self.walk(&entry.value)
            }
        })
    }

    fn variable(&self, name: &str) -> Result<(), CelError> {
        let Some(variables) = self.variables else { return Ok(()) };
        let known = variables.contains(&name) || self.bound.contains(&name) || TYPES.contains(&name);
        if known || name.starts_with('@') {
            return Ok(());
        }
        Err(CelError::UnknownVariable(name.to_owned(), variables.join(" and ")))
    }
}

/// Operators have names that nobody could write.
fn function(name: &str) -> Result<(), CelError> {
    let operator = name.contains(['_', '@', '!', '-']) && !name.chars().any(char::is_alphanumeric);
    if operator || name.starts_with('@') || FUNCTIONS.contains(&name) {
        return Ok(());
    }
    Err(CelError::UnknownFunction(name.to_owned()))
}
