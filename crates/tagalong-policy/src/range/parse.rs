//! The grammar of one group: comparators parted by blanks or a comma, and hyphen ranges.
//!
//! ```text
//! group      = item *( separator item )      separator = blanks / [blanks] "," [blanks]
//! item       = [operator] [blanks] partial / partial blanks "-" blanks partial
//! partial    = ["v"] part ["." part ["." part]] ["-" pre] ["+" build]
//! part       = digits / "x" / "X" / "*"
//! ```
//!
//! The reference rewrites hyphen ranges as text before it parses, and so trips over two forms that are read plainly here:
//! one behind a blank (`>=1 2 - 3`, which it rejects) and one right behind `||` (`1||2 - 3`, which it misreads).

use super::{
    Group, InvalidRange,
    comparator::{Operator, Partial, Precision},
    point::{Point, Span},
};
use crate::version::{leading_number, pre_release};

/// Longest first, so that a prefix never hides a longer operator.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

/// Reads what stands between two `||`.
pub(super) fn group(part: &str) -> Result<Group, InvalidRange> {
    let mut group = Group { span: Span::all(), holes: Vec::new(), pre_releases: false };
    let mut rest = skip_blanks(part);
    let outcome = loop {
        rest = match item(&mut group, rest) {
            Ok(rest) => rest,
            Err(why) => break Err(why),
        };
        let after = skip_blanks(rest);
        if after.is_empty() {
            break Ok(());
        }
        rest = match after.strip_prefix(',') {
            Some(after) => skip_blanks(after),
            None if after.len() < rest.len() => after,
            None => {
                break Err(format!(
                    "{} cannot follow a version; separate comparators by a blank or a comma",
                    head(rest)
                ));
            }
        };
    };
    outcome.map(|()| group).map_err(|why| InvalidRange { part: part.trim().chars().take(200).collect(), why })
}

/// Reads one comparator or hyphen range into the group and answers what follows it.
fn item<'r>(group: &mut Group, text: &'r str) -> Result<&'r str, String> {
    let operator = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
    let (first, rest) = partial(skip_blanks(operator.map_or(text, |(_, rest)| rest)))?;
    if operator.is_none()
        && let Some(upper) = hyphen(rest)
    {
        let (upper, rest) = partial(upper)?;
        group.add(Operator::GreaterEqual, first);
        group.add(Operator::LessEqual, upper);
        return Ok(rest);
    }
    group.add(operator.map_or(Operator::Equal, |(operator, _)| operator), first);
    Ok(rest)
}

impl Group {
    fn add(&mut self, operator: Operator, partial: Partial) {
        self.pre_releases |= !partial.at.pre.is_empty();
        if operator == Operator::NotEqual {
            self.holes.push(partial.hole());
        } else {
            let whole = std::mem::replace(&mut self.span, Span::all());
            self.span = whole.and(partial.span(operator));
        }
    }
}

/// The text after ` - `, whose blanks tell it from a pre-release.
fn hyphen(text: &str) -> Option<&str> {
    let dash = skip_blanks(text);
    let after = dash.strip_prefix('-')?;
    let upper = skip_blanks(after);
    (dash.len() < text.len() && upper.len() < after.len()).then_some(upper)
}

/// Reads a version that may have parts left out.
fn partial(text: &str) -> Result<(Partial, &str), String> {
    let (word, rest) = text.split_at(text.find(ends_word).unwrap_or(text.len()));
    if word.is_empty() {
        return Err("a version is missing".to_owned());
    }
    let wrong = || format!("{} is no version such as 1, 1.2, 1.x or 1.2.3-rc.1", head(word));
    let mut numbers = [0; 3];
    let mut given = 0;
    let mut wildcard = false;
    let mut tail = word.strip_prefix('v').unwrap_or(word);
    for slot in &mut numbers {
        if let Some(after) = tail.strip_prefix(['x', 'X', '*']) {
            wildcard = true;
            tail = after;
        } else {
            let (number, after) = leading_number(tail).ok_or_else(wrong)?;
            if !wildcard {
                *slot = number;
                given += 1;
            }
            tail = after;
        }
        match tail.strip_prefix('.') {
            Some(after) => tail = after,
            None => break,
        }
    }
    let pre = pre_release(tail).ok_or_else(wrong)?.to_owned();
    let precision = match given {
        0 => Precision::Nothing,
        1 => Precision::Major,
        2 => Precision::Minor,
        _ => Precision::Patch,
    };
    let [major, minor, patch] = numbers;
    Ok((Partial { at: Point { major, minor, patch, pre }, precision }, rest))
}

/// The blanks of the reference: `\s` in RE2.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0C')
}

/// What a version cannot contain; where the next comparator follows without a separator, that is what is reported.
fn ends_word(c: char) -> bool {
    is_blank(c) || matches!(c, ',' | '<' | '>' | '=' | '!' | '~' | '^')
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// The beginning of a text, quoted for a message.
fn head(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}
