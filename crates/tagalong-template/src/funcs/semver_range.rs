//! Ranges of semantic versions as Go's Masterminds library reads them: `>=1.2 <2 || ~3.1`, `1.x`, `^0.3`, `1.2 - 3`.
//! Only for `semverCompare`; which tag a policy selects is decided elsewhere.

use std::cmp::Ordering;

use ::semver::Version;

use super::semver;
use crate::error::Failure;

/// Alternatives, each a list of comparators that must all hold.
#[derive(Debug)]
pub(super) struct Range(Vec<Vec<Comparator>>);

#[derive(Debug)]
struct Comparator {
    operator: Operator,
    base: Version,
    /// How many of major, minor and patch are written out.
    given: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// Longer spellings stand before their beginnings.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl Range {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let alternatives = text.split("||").map(group).collect::<Option<Vec<_>>>();
        alternatives.map(Self).ok_or_else(|| Failure::Problem(format!("`{text}` is not a range of versions")))
    }

    /// A pre-release lies in a range only if a comparator beside it names a pre-release too.
    pub(super) fn contains(&self, version: &Version) -> bool {
        self.0.iter().any(|group| {
            let admits =
                version.pre.is_empty() || group.iter().any(|comparator| !comparator.base.pre.is_empty());
            admits && group.iter().all(|comparator| comparator.holds(version))
        })
    }
}

/// Comparators divided by commas or spaces; `a - b` stands for `>=a <=b`.
fn group(text: &str) -> Option<Vec<Comparator>> {
    let mut comparators = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace().peekable();
        words.peek()?;
        while let Some(word) = words.next() {
            let (operator, rest) = operator(word);
            let rest = if rest.is_empty() { words.next()? } else { rest };
            if words.next_if_eq(&"-").is_some() {
                let upper = words.next().filter(|_| operator.is_none())?;
                comparators.push(comparator(Operator::GreaterEqual, rest)?);
                comparators.push(comparator(Operator::LessEqual, upper)?);
            } else {
                comparators.push(comparator(operator.unwrap_or(Operator::Equal), rest)?);
            }
        }
    }
    Some(comparators)
}

fn operator(word: &str) -> (Option<Operator>, &str) {
    let found =
        OPERATORS.iter().find_map(|(spelling, operator)| Some((*operator, word.strip_prefix(spelling)?)));
    found.map_or((None, word), |(operator, rest)| (Some(operator), rest))
}

fn comparator(operator: Operator, text: &str) -> Option<Comparator> {
    let plain = text.strip_prefix('v').unwrap_or(text);
    let core = plain.split(['-', '+']).next().unwrap_or_default();
    let wild = |part: &&str| !matches!(*part, "x" | "X" | "*");
    let parts: Vec<&str> = core.split('.').collect();
    let given = parts.iter().take_while(|part| wild(part)).count();
    let numbers =
        parts.iter().skip(given).all(|part| !wild(part) || part.bytes().all(|byte| byte.is_ascii_digit()));
    if parts.len() > 3 || plain.starts_with('v') || !numbers || parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    if given == 0 {
        return Some(Comparator { operator, base: Version::new(0, 0, 0), given });
    }
    let written = parts.iter().take(given).copied().collect::<Vec<_>>().join(".");
    let suffix = plain.get(core.len()..).unwrap_or_default();
    let base = semver::version(&format!("{written}{suffix}")).ok()?;
    Some(Comparator { operator, base, given })
}

impl Comparator {
    fn holds(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.base);
        let (major, minor) = (version.major.cmp(&self.base.major), version.minor.cmp(&self.base.minor));
        match self.operator {
            Operator::Equal if self.given < 3 => self.tilde(version),
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => match self.given {
                1 => major != Ordering::Equal,
                2 => major.then(minor) != Ordering::Equal,
                _ => order != Ordering::Equal,
            },
            Operator::Greater => match self.given {
                1 => major == Ordering::Greater,
                2 => major.then(minor) == Ordering::Greater,
                _ => order == Ordering::Greater,
            },
            Operator::Less => order == Ordering::Less,
            Operator::GreaterEqual => order != Ordering::Less,
            Operator::LessEqual => match self.given {
                0 | 2 => major.then(minor) != Ordering::Greater,
                1 => major != Ordering::Greater,
                _ => order != Ordering::Greater,
            },
            Operator::Tilde => self.tilde(version),
            Operator::Caret => order != Ordering::Less && self.caret(version),
        }
    }

    fn tilde(&self, version: &Version) -> bool {
        let base = &self.base;
        // Go lets `~0.0.0` and a lone wildcard hold for every version.
        if matches!(self.given, 0 | 3) && (base.major, base.minor, base.patch) == (0, 0, 0) {
            return version.cmp_precedence(base) != Ordering::Less;
        }
        version.cmp_precedence(base) != Ordering::Less
            && version.major == base.major
            && (self.given == 1 || version.minor == base.minor)
    }

    fn caret(&self, version: &Version) -> bool {
        let base = &self.base;
        if version.major != base.major {
            return false;
        }
        if base.major > 0 || self.given == 1 {
            return true;
        }
        if version.minor != base.minor {
            return false;
        }
        base.minor > 0 || self.given == 2 || version.patch == base.patch
    }
}
