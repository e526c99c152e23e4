//! What keeps an expression small: its text before it is parsed, and what its values can grow to.

use std::collections::HashMap;

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue};

use crate::CelError;
use crate::guard::TURNS;

/// Bytes of an expression.
const LENGTH: usize = 4096;
/// Brackets that are open at once.
const NESTING: usize = 24;
/// Characters that are operators.
const OPERATORS: usize = 256;
/// How many times as large as what it is given a value may become.
const GROWTH: u64 = 32;
/// Bytes of a text in the expression that count as one value.
const WORD: u64 = 64;

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
    match Growth::of(expression) {
        0..=GROWTH => Ok(()),
        _ => Err(CelError::TooLarge("made to grow its values many times over")),
    }
}

/// How large a value can be, in units of what the expression is given.
#[derive(Clone, Copy)]
struct Size {
    /// At one turn of the loops around it.
    once: u64,
    /// At all their turns together.
    kept: u64,
}

impl Size {
    const SCALAR: Self = Self { once: 1, kept: 1 };

    fn plus(self, other: Self) -> Self {
        Self { once: self.once.saturating_add(other.once), kept: self.kept.saturating_add(other.kept) }
    }

    /// The same value, anew at each turn of a loop.
    fn repeated(self) -> Self {
        Self { once: self.once, kept: self.once.saturating_mul(TURNS.into()) }
    }
}

/// How large what is bound to each name can be.
struct Growth<'e> {
    bound: HashMap<&'e str, Size>,
    /// A name that nothing here binds.
    given: Size,
    largest: u64,
}

impl<'e> Growth<'e> {
    /// The largest value on the way.
    fn of(expression: &'e IdedExpr) -> u64 {
        let mut growth = Self { bound: HashMap::new(), given: Size::SCALAR, largest: 0 };
        growth.size(expression);
        growth.largest
    }

    fn size(&mut self, expression: &'e IdedExpr) -> Size {
        let size = match &expression.expr {
            Expr::Ident(name) => self.bound.get(name.as_str()).copied().unwrap_or(self.given),
            Expr::Select(select) => {
                let whole = self.size(&select.operand);
                if select.test { Size::SCALAR } else { whole }
            }
            Expr::List(list) => self.sum(&list.elements),
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(made) => self.entries(made.entries.iter().map(|entry| &entry.expr)),
            Expr::Call(call) => {
                let arguments = self.sum(&call.args);
                let all = call.target.as_ref().map_or(arguments, |target| self.size(target).plus(arguments));
                if is_scalar(&call.func_name) { Size::SCALAR } else { all }
            }
            Expr::Literal(LiteralValue::String(text)) => {
                let size = 1 + text.inner().len() as u64 / WORD;
                Size { once: size, kept: size }
            }
            Expr::Comprehension(over) => self.gathered(over),
            _ => Size::SCALAR,
        };
        self.largest = self.largest.max(size.once);
        size
    }

    /// What a loop makes of all its turns.
    fn gathered(&mut self, over: &'e ComprehensionExpr) -> Size {
        let range = self.size(&over.iter_range);
        let before = self.size(&over.accu_init);
        let (outer, given) = (self.bound.clone(), self.given);
        // What comes from outside is there at every turn; an item is a part of the range, at its own turn alone.
        self.bound.values_mut().for_each(|size| *size = size.repeated());
        self.given = given.repeated();
        self.bound.insert(&over.iter_var, range);
        // What was gathered so far is part of each step; it is counted once, since the items are parts too.
        let so_far = before.once.min(1);
        self.bound.insert(&over.accu_var, Size { once: so_far, kept: so_far });
        let step = self.size(&over.loop_step);
        self.size(&over.loop_cond);
        (self.bound, self.given) = (outer, given);
        let all = Size { once: step.kept, kept: step.kept };
        let shadowed = self.bound.insert(&over.accu_var, all);
        let result = self.size(&over.result);
        match shadowed {
            Some(shadowed) => self.bound.insert(&over.accu_var, shadowed),
            None => self.bound.remove(over.accu_var.as_str()),
        };
        result
    }

    fn sum(&mut self, all: &'e [IdedExpr]) -> Size {
        all.iter().fold(Size { once: 0, kept: 0 }, |sum, one| sum.plus(self.size(one)))
    }

    fn entries(&mut self, entries: impl Iterator<Item = &'e EntryExpr>) -> Size {
        entries.fold(Size { once: 0, kept: 0 }, |sum, entry| {
            sum.plus(match entry {
                EntryExpr::StructField(field) => self.size(&field.value),
                EntryExpr::MapEntry(entry) => self.size(&entry.key).plus(self.size(&entry.value)),
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
