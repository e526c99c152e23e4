//! Regular expressions in the dialect of Go's `regexp` (RE2), run by the `regex` crate.
//!
//! The two agree on most patterns and differ in silence on some: set operations in classes, `\<`, `\Q…\E`, doubled
//! repetition, `\s`. So the pattern is read by Go's grammar and written anew in words that mean the same to the crate.
//! Two things differ on purpose: nested counts may multiply to more than 1000 as long as the program stays small, and a
//! repetition right behind flags, `a(?i)*`, is refused. Used by the policies' filter, by whoever applies an image repository's
//! exclusion list, and by the regular expressions of message templates.

mod class;
mod cursor;
mod escape;
mod repeat;
mod template;
mod translate;

use cursor::Cursor;
use regex::{Regex, RegexBuilder};

pub use template::Template;

/// Far above anything written by hand.
const MAX_PATTERN: usize = 4096;
/// Bytes of a compiled program, and of what it remembers while it searches; `[a-z]{1000}` fits many times.
const MAX_PROGRAM: usize = 1 << 20;

/// The text is no regular expression of the dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is no valid regular expression (RE2 syntax): {why}")]
pub struct InvalidPattern {
    /// The pattern, shortened if it is very long.
    pub pattern: String,
    /// What is wrong and what to do.
    pub why: String,
}

/// A compiled regular expression; matches anywhere in the text unless it is anchored.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    groups: Vec<Option<String>>,
}

impl Pattern {
    /// Compiles a pattern of Go's dialect.
    ///
    /// # Errors
    /// [`InvalidPattern`] for what the dialect does not know (look-around, back-references, possessive or doubled
    /// repetition), for more than 1000 repetitions, and for what is too large.
    pub fn compile(pattern: &str) -> Result<Self, InvalidPattern> {
        let invalid = |why: String| InvalidPattern { pattern: pattern.chars().take(200).collect(), why };
        if pattern.len() > MAX_PATTERN {
            return Err(invalid(format!(
                "it is {} bytes long; at most {MAX_PATTERN} are allowed",
                pattern.len()
            )));
        }
        let translated = translate::translate(pattern).map_err(invalid)?;
        let regex = RegexBuilder::new(&translated.text)
            .size_limit(MAX_PROGRAM)
            .dfa_size_limit(MAX_PROGRAM)
            .build()
            .map_err(|error| {
                invalid(match error {
                    regex::Error::CompiledTooBig(_) => {
                        "it grows too large; lower its repetition counts".to_owned()
                    }
                    // The crate's own account has several lines and a drawing; the last line is the reason.
                    other => other
                        .to_string()
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim_start_matches("error: ")
                        .to_owned(),
                })
            })?;
        Ok(Self { regex, groups: translated.groups })
    }

    /// Whether the pattern matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The expression as the crate runs it. Its groups have no names there; [`Self::groups`] has them.
    pub const fn regex(&self) -> &Regex {
        &self.regex
    }

    /// The names of the groups; index 0 is the whole match and has none.
    pub fn groups(&self) -> &[Option<String>] {
        &self.groups
    }
}

#[cfg(test)]
mod tests;
