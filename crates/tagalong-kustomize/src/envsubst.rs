//! `${name}` and its kin, as Flux's envsubst reads them (`github.com/fluxcd/pkg/envsubst`): the grammar, what each
//! operator does, and what is an error. [`crate::flux`] runs it over the text of each object.
//!
//! ```text
//! ${a} ${#a} ${a^} ${a^^} ${a,} ${a,,} ${a:1} ${a:1:2} ${a#p} ${a##p} ${a%p} ${a%%p}
//! ${a/x/y} ${a//x/y} ${a/#x/y} ${a/%x/y} ${a=d} ${a:=d} ${a:-d} ${a:?d} ${a:+d}      $$ is a dollar sign
//! ```
//! Arguments may hold further substitutions. `${a-d}` and `${a+d}` are errors, and all defaults mean the same.

mod budget;
mod glob;
mod operate;
mod scan;

use crate::limits;
pub(crate) use budget::Budget;
use scan::Scanner;

/// Substitutions within substitutions; deeper ones are refused.
const DEPTH: usize = 64;

/// Why a text cannot be substituted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// What stands behind `${` is no substitution.
    Grammar,
    /// Only when variables must exist.
    Missing(String),
    /// The value has no such part, or half a character would be left.
    Value(String),
    TooDeep,
    /// What is made of the text, or the work of making it, is more than what may be.
    TooMuch,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Grammar => out.write_str("a ${…} cannot be read; write $${ for the text ${"),
            Self::Missing(name) => write!(
                out,
                "the variable {name} is not set; set it, give it a default as ${{{name}:=…}}, or write $${{{name}}} for the text"
            ),
            Self::Value(name) => write!(out, "the value of {name} has no such part"),
            Self::TooDeep => out.write_str("substitutions are nested too deeply"),
            Self::TooMuch => out.write_str(
                "substitution makes too much of it; use shorter values, fewer places, or patterns with fewer stars",
            ),
        }
    }
}

type Result<T> = std::result::Result<T, Refusal>;

/// The value of a variable, if there is one.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// The text with all substitutions made; `put` hears what stands in place of each. A variable that does not exist is
/// empty, or refused when `strict`.
///
/// # Errors
/// What cannot be read, what is missing, and what would take more than is left of the budget.
pub(crate) fn substitute<'a>(
    text: &str,
    lookup: &'a Lookup<'a>,
    strict: bool,
    budget: &mut Budget,
    put: &mut dyn FnMut(&str),
) -> Result<String> {
    let mut reader = Reader { scanner: Scanner::new(text), lookup, strict, budget };
    let mut out = String::with_capacity(text.len());
    loop {
        let plain = reader.scanner.text();
        reader.budget.make(plain.len())?;
        out.push_str(&plain);
        if out.len() > limits::FILE {
            return Err(Refusal::TooMuch);
        }
        if reader.scanner.is_at_end() {
            return Ok(out);
        }
        if !reader.scanner.opens() {
            return Err(Refusal::Grammar);
        }
        let made = reader.substitution(0)?;
        put(&made);
        out.push_str(&made);
    }
}

struct Reader<'t, 'l, 'b> {
    scanner: Scanner<'t>,
    lookup: &'l Lookup<'l>,
    strict: bool,
    budget: &'b mut Budget,
}

impl Reader<'_, '_, '_> {
    /// What stands behind `${`, up to and with its closing brace.
    fn substitution(&mut self, depth: usize) -> Result<String> {
        if depth > DEPTH {
            return Err(Refusal::TooDeep);
        }
        if self.scanner.take_one('#') {
            let name = self.scanner.name().ok_or(Refusal::Grammar)?;
            self.close()?;
            return Ok(self.value(&name)?.len().to_string());
        }
        let name = self.scanner.name().ok_or(Refusal::Grammar)?;
        match self.scanner.peek() {
            Some(':') if self.scanner.second().is_some_and(|c| "=-?+".contains(c)) => {
                self.scanner.skip(2);
                self.default(&name, depth)
            }
            // The library loses its place there.
            Some(':') if self.scanner.second().is_some_and(|c| !c.is_ascii()) => Err(Refusal::Grammar),
            Some(':') => self.part(&name, depth),
            Some('=') => {
                self.scanner.skip(1);
                self.default(&name, depth)
            }
            Some(',' | '^') => self.casing(&name),
            Some('/') => self.replacement(&name, depth),
            Some(mark @ ('#' | '%')) => self.removal(&name, mark, depth),
            _ => {
                self.close()?;
                self.value(&name)
            }
        }
    }

    fn close(&mut self) -> Result<()> {
        if self.scanner.take_one('}') { Ok(()) } else { Err(Refusal::Grammar) }
    }

    fn value(&mut self, name: &str) -> Result<String> {
        match (self.lookup)(name) {
            Some(value) => {
                self.budget.make(value.len())?;
                Ok(value.to_owned())
            }
            None if self.strict => Err(Refusal::Missing(name.to_owned())),
            None => Ok(String::new()),
        }
    }

    /// A nested substitution, or text up to a character that ends it; there must be something.
    fn argument(&mut self, ends: &dyn Fn(char) -> bool, escapes: bool, depth: usize) -> Result<String> {
        if self.scanner.opens() {
            return self.substitution(depth + 1);
        }
        let text = self.scanner.until(ends, escapes);
        self.budget.make(text.len())?;
        if text.is_empty() { Err(Refusal::Grammar) } else { Ok(text) }
    }

    fn default(&mut self, name: &str, depth: usize) -> Result<String> {
        let mut default = String::new();
        while !self.scanner.take_one('}') {
            default.push_str(&self.argument(&|c| c == '}', false, depth)?);
        }
        let value = (self.lookup)(name).unwrap_or_default();
        self.budget.make(value.len())?;
        Ok(if value.is_empty() { default } else { value.to_owned() })
    }

    fn part(&mut self, name: &str, depth: usize) -> Result<String> {
        self.scanner.skip(1);
        let start = self.argument(&|c| matches!(c, ':' | '}'), false, depth)?;
        if self.scanner.take_one('}') {
            return operate::part(&self.value(name)?, &start, None)
                .ok_or_else(|| Refusal::Value(name.to_owned()));
        }
        if self.scanner.take_run(':') == 0 {
            return Err(Refusal::Grammar);
        }
        let length = self.argument(&|c| c == '}', false, depth)?;
        self.close()?;
        operate::part(&self.value(name)?, &start, Some(&length))
            .ok_or_else(|| Refusal::Value(name.to_owned()))
    }

    fn casing(&mut self, name: &str) -> Result<String> {
        let mut marks = String::new();
        while marks.len() < 2
            && let Some(mark) = self.scanner.peek().filter(|mark| matches!(mark, ',' | '^'))
        {
            marks.push(mark);
            self.scanner.skip(1);
        }
        self.close()?;
        Ok(operate::case(self.value(name)?, &marks))
    }

    fn removal(&mut self, name: &str, mark: char, depth: usize) -> Result<String> {
        self.scanner.skip(1);
        let longest = self.scanner.take_one(mark);
        let pattern = self.argument(&|c| c == '}', false, depth)?;
        self.close()?;
        let value = self.value(name)?;
        self.budget.look(operate::steps(&value, &pattern))?;
        let removed = match mark {
            '#' => operate::without_prefix(&value, &pattern, longest),
            _ => operate::without_suffix(&value, &pattern, longest),
        };
        removed.ok_or_else(|| Refusal::Value(name.to_owned()))
    }

    fn replacement(&mut self, name: &str, depth: usize) -> Result<String> {
        self.scanner.skip(1);
        let mark = self.scanner.peek().filter(|mark| matches!(mark, '/' | '#' | '%'));
        self.scanner.skip(usize::from(mark.is_some()));
        let from = self.argument(&|c| c == '/', true, depth)?;
        if self.scanner.take_run('/') == 0 {
            return Err(Refusal::Grammar);
        }
        if self.scanner.take_one('}') {
            return self.replaced(name, mark, &from, None);
        }
        let to = self.argument(&|c| c == '}', true, depth)?;
        self.close()?;
        self.replaced(name, mark, &from, Some(&to))
    }

    fn replaced(&mut self, name: &str, mark: Option<char>, from: &str, to: Option<&str>) -> Result<String> {
        let value = self.value(name)?;
        // Before anything is made: each place that is found may become as long as the other text.
        let places = if mark == Some('/') { value.matches(from).count() } else { 1 };
        self.budget.make(to.map_or(0, str::len).saturating_mul(places))?;
        Ok(operate::replace(&value, mark, from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substitute<'a>(
        text: &str,
        lookup: &'a Lookup<'a>,
        strict: bool,
        budget: &mut Budget,
    ) -> Result<String> {
        super::substitute(text, lookup, strict, budget, &mut |_| {})
    }

    /// A text, what it becomes when variables may be missing, and when they may not: as JSON texts, or `error`. All
    /// rows were made by the Go library.
    const FACTS: &str = include_str!("envsubst/facts.tsv");

    const VARIABLES: &[(&str, &str)] = &[
        ("a", "hello"),
        ("b", ""),
        ("UP", "ABC"),
        ("path", "/usr/local/bin/x.tar.gz"),
        ("u", "élan"),
        ("n", "2"),
        ("m", "-2"),
        ("x_1", "1"),
        ("dot", "a.b.c.d"),
    ];

    #[test]
    fn every_recorded_text_becomes_what_the_library_makes_of_it() {
        let lookup = |name: &str| VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let mut rows = 0;
        for row in FACTS.lines() {
            let [text, lenient, strict] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let text: String = serde_json::from_str(text).unwrap();
            for (expected, is_strict) in [(lenient, false), (strict, true)] {
                let expected =
                    (expected != "error").then(|| serde_json::from_str::<String>(expected).unwrap());
                assert_eq!(
                    substitute(&text, &lookup, is_strict, &mut Budget::default()).ok(),
                    expected,
                    "{text} strict: {is_strict}"
                );
            }
            rows += 1;
        }
        assert!(rows > 200, "{rows}");
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}x{}", "${no:-".repeat(10_000), "}".repeat(10_000));
        assert_eq!(substitute(&deep, &|_| None, false, &mut Budget::default()), Err(Refusal::TooDeep));
    }

    #[test]
    fn what_is_made_and_the_work_of_it_are_bounded() {
        let long = "a".repeat(1 << 20);
        let lookup = |_: &str| Some(long.as_str());
        for text in ["${a}".repeat(20_000), "${a//a/${b}}".to_owned(), "${a##*a*b*c}".to_owned()] {
            let refused = substitute(&text, &lookup, false, &mut Budget::default());
            assert_eq!(refused, Err(Refusal::TooMuch), "{}", &text[..12]);
        }
        // All objects of a render share one budget.
        let mut budget = Budget::default();
        let each = (0..1000).map(|_| substitute("${a}${a}${a}${a}", &lookup, false, &mut budget));
        let made = each.take_while(|made| made.is_ok()).count();
        assert!((10..100).contains(&made), "{made}");
        // A pattern over a value as people have them is looked for.
        let short = "release-2026.07.1".repeat(20);
        let lookup = |_: &str| Some(short.as_str());
        substitute("${a##*-*.*}", &lookup, false, &mut Budget::default()).unwrap();
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let missing = substitute("${gone}", &|_| None, true, &mut Budget::default()).unwrap_err().to_string();
        assert!(missing.contains("gone is not set") && missing.contains("${gone:=…}"), "{missing}");
    }
}
