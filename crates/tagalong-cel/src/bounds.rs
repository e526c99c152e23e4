//! What keeps an expression small: its text before it is parsed, and what its values can grow to.

use std::collections::HashMap;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

use crate::CelError;

/// Bytes of an expression.
const LENGTH: usize = 4096;
/// Brackets that are open at once.
const NESTING: usize = 24;
/// Characters that are operators.
const OPERATORS: usize = 256;
/// How many times as large as what it is given a value may become.
const GROWTH: u64 = 32;

/// Checks the text, so that neither the parser nor whoever walks what it made goes deep.
pub(crate) fn text(text: &str) -> Result<(), CelError> {
    if text.len() > LENGTH {
        return Err(CelError::TooLarge("longer than 4096 bytes"));
    }
    let (mut open, mut operators) = (0_usize, 0_usize);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '.' | ',' | '?' | ':' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '&' | '|' => {
                operators += 1;
            }
            _ => {}
        }
        if open > NESTING {
            return Err(CelError::TooLarge("nested more than 24 brackets deep"));
        }
    }
    if operators > OPERATORS {
        return Err(CelError::TooLarge("made of more than 256 operators"));
    }
    Ok(())
}

/// Checks that no value becomes many times as large as the object: what is bound to a name may be named often, and
/// that again, and so on.
pub(crate) fn growth(expression: &IdedExpr) -> Result<(), CelError> {
    match Growth::default().of(expression) {
        0..=GROWTH => Ok(()),
        _ => Err(CelError::TooLarge("made to grow its values many times over")),
    }
}

/// How large what is bound to each name can be.
#[derive(Default)]
struct Growth<'e> {
    bound: HashMap<&'e str, u64>,
    largest: u64,
}

impl<'e> Growth<'e> {
    /// The largest value on the way.
    fn of(mut self, expression: &'e IdedExpr) -> u64 {
        let own = self.size(expression);
        self.largest.max(own)
    }

    fn size(&mut self, expression: &'e IdedExpr) -> u64 {
        let size = match &expression.expr {
            Expr::Ident(name) => self.bound.get(name.as_str()).copied().unwrap_or(1),
            Expr::Select(select) => {
                let whole = self.size(&select.operand);
                if select.test { 1 } else { whole }
            }
            Expr::List(list) => self.sum(&list.elements),
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(made) => self.entries(made.entries.iter().map(|entry| &entry.expr)),
            Expr::Call(call) => {
                let target = call.target.as_ref().map_or(0, |target| self.size(target));
                let arguments = self.sum(&call.args).saturating_add(target);
                if is_scalar(&call.func_name) { 1 } else { arguments }
            }
            Expr::Comprehension(over) => {
                let range = self.size(&over.iter_range);
                let before = self.size(&over.accu_init);
                self.bound.insert(&over.iter_var, range);
                // What was gathered so far is part of each step; it is counted once, since the items are parts too.
                self.bound.insert(&over.accu_var, before.min(1));
                let step = self.size(&over.loop_step).saturating_add(self.size(&over.loop_cond));
                self.bound.insert(&over.accu_var, step);
                self.size(&over.result)
            }
            _ => 1,
        };
        self.largest = self.largest.max(size);
        size
    }

    fn sum(&mut self, all: &'e [IdedExpr]) -> u64 {
        all.iter().fold(0, |sum, one| u64::saturating_add(sum, self.size(one)))
    }

    fn entries(&mut self, entries: impl Iterator<Item = &'e EntryExpr>) -> u64 {
        entries.fold(0, |sum: u64, entry| {
            sum.saturating_add(match entry {
                EntryExpr::StructField(field) => self.size(&field.value),
                EntryExpr::MapEntry(entry) => self.size(&entry.key).saturating_add(self.size(&entry.value)),
            })
        })
    }
}

/// Whether the answer of a function is a number, a word or a truth, however large its arguments are.
fn is_scalar(function: &str) -> bool {
    !matches!(function, "_+_" | "_?_:_" | "_[_]" | "_[?_]" | "_?._" | "string" | "bytes" | "dyn")
        && !function.starts_with("optional")
        && !function.starts_with("or")
}
