//! Text built from the groups of a match, as Go's `Regexp.Expand` builds it: `extract` of a policy's filter, and what a
//! message template replaces with.
//!
//! `$name`, `${name}`, `$1`; the longest name counts (`$1x` is the group `1x`); `$$` is a dollar sign, and so is one that
//! begins no name. A group that does not exist or took no part in the match is empty.

/// A template whose names are resolved to groups.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    /// The names that the pattern lacks.
    missing: Vec<String>,
}

#[derive(Debug, Clone)]
enum Piece {
    Literal(String),
    /// The groups of one name; the first that took part in the match counts.
    Groups(Vec<usize>),
}

impl Template {
    /// Never fails, as Go's does not; `groups` are the pattern's, index 0 being the whole match.
    pub fn compile(template: &str, groups: &[Option<String>]) -> Self {
        let mut compiled = Self { pieces: Vec::new(), missing: Vec::new() };
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            compiled.literal(before);
            rest = if let Some(after) = after.strip_prefix('$') {
                compiled.literal("$");
                after
            } else if let Some((name, after)) = name(after) {
                compiled.group(name, groups);
                after
            } else {
                compiled.literal("$");
                after
            };
        }
        compiled.literal(rest);
        compiled
    }

    fn literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Literal(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    fn group(&mut self, name: &str, groups: &[Option<String>]) {
        let canonical = name == "0" || !name.starts_with('0');
        let number = name.parse::<usize>().ok().filter(|_| canonical);
        let indices: Vec<usize> = match number {
            Some(number) => (number < groups.len()).then_some(number).into_iter().collect(),
            None => (0..groups.len())
                .filter(|index| groups.get(*index).is_some_and(|g| g.as_deref() == Some(name)))
                .collect(),
        };
        if !indices.is_empty() {
            self.pieces.push(Piece::Groups(indices));
        } else if !self.missing.iter().any(|known| known == name) {
            self.missing.push(name.to_owned());
        }
    }

    /// The names that the pattern lacks, in the order in which the template asks for them.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// The part of the text that the template stands for, if it is one group and nothing else. `group` gives the text
    /// of a group that took part in the match.
    pub fn slice<'t>(&self, group: impl Fn(usize) -> Option<&'t str>) -> Option<&'t str> {
        match self.pieces.as_slice() {
            [Piece::Groups(indices)] => Some(first(group, indices)),
            _ => None,
        }
    }

    /// Writes the template, filled in, into `out`; `group` as in [`Self::slice`].
    pub fn expand<'t>(&self, group: impl Fn(usize) -> Option<&'t str>, out: &mut String) {
        for piece in &self.pieces {
            out.push_str(match piece {
                Piece::Literal(text) => text,
                Piece::Groups(indices) => first(&group, indices),
            });
        }
    }
}

fn first<'t>(group: impl Fn(usize) -> Option<&'t str>, indices: &[usize]) -> &'t str {
    indices.iter().find_map(|index| group(*index)).unwrap_or_default()
}

/// Splits off the name in front, with or without braces; `None` if there is none or its brace stays open.
fn name(text: &str) -> Option<(&str, &str)> {
    let (braced, text) = match text.strip_prefix('{') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = if braced { rest.strip_prefix('}')? } else { rest };
    (!name.is_empty()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pattern;

    #[track_caller]
    fn check(pattern: &str, template: &str, tag: &str, expected: &str) {
        let pattern = Pattern::compile(pattern).unwrap();
        let template = Template::compile(template, pattern.groups());
        let captures = pattern.regex().captures(tag).unwrap();
        let group = |index| captures.get(index).map(|found| found.as_str());
        let mut out = String::new();
        template.expand(group, &mut out);
        assert_eq!(out, expected);
        assert!(template.slice(group).is_none_or(|slice| slice == expected));
    }

    #[test]
    fn expands_as_go_does() {
        let pattern = "^(?P<branch>[a-z]+)-([0-9]+)(-(?<x>.))?$";
        for (template, expected) in [
            ("$branch", "main"),
            ("${branch}", "main"),
            ("$1.$2", "main.42"),
            ("$0", "main-42"),
            ("${1}x", "mainx"),
            ("$1x", ""),
            ("$branch_", ""),
            ("a$branch-b", "amain-b"),
            ("$$", "$"),
            ("$$1", "$1"),
            ("$$$1", "$main"),
            ("$", "$"),
            ("$-", "$-"),
            ("${", "${"),
            ("${}", "${}"),
            ("${branch", "${branch"),
            ("${bra-nch}", "${bra-nch}"),
            ("${branch}}", "main}"),
            ("$nobody$2", "42"),
            ("$x|$4", "|"),
            ("$9", ""),
            ("$01", ""),
            ("$99999999999999999999", ""),
            ("plain", "plain"),
        ] {
            check(pattern, template, "main-42", expected);
        }
    }

    #[test]
    fn names_may_be_what_go_allows() {
        check("(?P<1a>x)(?P<_>y)", "$1a|${_}", "xy", "x|y");
        check("^(?:r(?P<n>[0-9]+)|build-(?P<n>[0-9]+))$", "$n", "r7", "7");
        check("^(?:r(?P<n>[0-9]+)|build-(?P<n>[0-9]+))$", "$n.", "build-8", "8.");
    }

    #[test]
    fn missing_groups_are_named_once() {
        let pattern = Pattern::compile("(?P<ts>[0-9]+)").unwrap();
        let missing = |template| Template::compile(template, pattern.groups()).missing().join(",");
        assert_eq!(missing("$ts $1 $0"), "");
        assert_eq!(missing("$tsx ${stamp} $tsx $2"), "tsx,stamp,2");
    }
}
