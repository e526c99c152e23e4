//! `${name}` and its kin, as Flux's envsubst reads them (`github.com/fluxcd/pkg/envsubst`): the grammar, what each
//! operator does, and what is an error. [`crate::flux`] runs it over the text of each object.
//!
//! ```text
//! ${a} ${#a} ${a^} ${a^^} ${a,} ${a,,} ${a:1} ${a:1:2} ${a#p} ${a##p} ${a%p} ${a%%p}
//! ${a/x/y} ${a//x/y} ${a/#x/y} ${a/%x/y} ${a=d} ${a:=d} ${a:-d} ${a:?d} ${a:+d}      $$ is a dollar sign
//! ```
//! Arguments may hold further substitutions. `${a-d}` and `${a+d}` are errors, and all defaults mean the same.

mod glob;
mod operate;
mod scan;

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
        }
    }
}

type Result<T> = std::result::Result<T, Refusal>;

/// The value of a variable, if there is one.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// The text with all substitutions made. A variable that does not exist is empty, or refused when `strict`.
pub(crate) fn substitute<'a>(text: &str, lookup: &'a Lookup<'a>, strict: bool) -> Result<String> {
    let mut reader = Reader { scanner: Scanner::new(text), lookup, strict };
    let mut out = String::with_capacity(text.len());
    loop {
        out.push_str(&reader.scanner.text());
        if reader.scanner.is_at_end() {
            return Ok(out);
        }
        if !reader.scanner.opens() {
            return Err(Refusal::Grammar);
        }
        out.push_str(&reader.substitution(0)?);
    }
}

struct Reader<'t, 'l> {
    scanner: Scanner<'t>,
    lookup: &'l Lookup<'l>,
    strict: bool,
}

impl Reader<'_, '_> {
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

    fn value(&self, name: &str) -> Result<String> {
        match (self.lookup)(name) {
            Some(value) => Ok(value.to_owned()),
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
        if text.is_empty() { Err(Refusal::Grammar) } else { Ok(text) }
    }

    fn default(&mut self, name: &str, depth: usize) -> Result<String> {
        let mut default = String::new();
        while !self.scanner.take_one('}') {
            default.push_str(&self.argument(&|c| c == '}', false, depth)?);
        }
        let value = (self.lookup)(name).unwrap_or_default();
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
            return Ok(operate::replace(&self.value(name)?, mark, &from, None));
        }
        let to = self.argument(&|c| c == '}', true, depth)?;
        self.close()?;
        Ok(operate::replace(&self.value(name)?, mark, &from, Some(&to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    substitute(&text, &lookup, is_strict).ok(),
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
        assert_eq!(substitute(&deep, &|_| None, false), Err(Refusal::TooDeep));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let missing = substitute("${gone}", &|_| None, true).unwrap_err().to_string();
        assert!(missing.contains("gone is not set") && missing.contains("${gone:=…}"), "{missing}");
    }
}
