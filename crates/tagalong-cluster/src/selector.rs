//! `--watch-label-selector`: which objects are turned here, in the words of `kubectl -l`. Pure.

use crate::error::ClusterError;
use kube::core::{Expression, Selector};
use std::collections::BTreeSet;

/// Reads a selector such as `!sharding.fluxcd.io/key` or `tier in (a,b),team=web`.
///
/// # Errors
/// Names the part that cannot be read.
pub fn parse_selector(text: &str) -> Result<Selector, ClusterError> {
    let mut expressions = Vec::new();
    for part in split(text) {
        let part = part.trim();
        if !part.is_empty() {
            let unreadable =
                || ClusterError::Selector(format!("cannot read '{part}' in the label selector '{text}'"));
            expressions.push(expression(part).ok_or_else(unreadable)?);
        }
    }
    Ok(Selector::from_iter(expressions))
}

/// Splits at the commas that are not within parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(from..));
    parts
}

fn expression(part: &str) -> Option<Expression> {
    if let Some((key, values)) = set(part, " notin ") {
        return Some(Expression::NotIn(label(key)?, values?));
    }
    if let Some((key, values)) = set(part, " in ") {
        return Some(Expression::In(label(key)?, values?));
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Expression::NotEqual(label(key)?, value_of(value)?));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Expression::Equal(label(key)?, value_of(value)?));
    }
    match part.strip_prefix('!') {
        Some(key) => Some(Expression::DoesNotExist(label(key)?)),
        None => Some(Expression::Exists(label(part)?)),
    }
}

fn set<'a>(part: &'a str, word: &str) -> Option<(&'a str, Option<BTreeSet<String>>)> {
    let (key, list) = part.split_once(word)?;
    let list = list.trim().strip_prefix('(').and_then(|list| list.strip_suffix(')'));
    Some((key, list.and_then(|list| list.split(',').map(value_of).collect())))
}

fn label(key: &str) -> Option<String> {
    let key = key.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!key.is_empty() && key.chars().all(allowed)).then(|| key.to_owned())
}

fn value_of(value: &str) -> Option<String> {
    let value = value.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    value.chars().all(allowed).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::SelectorExt as _;
    use std::collections::BTreeMap;

    #[test]
    fn selectors_match_as_kubectl_does() {
        let check = |selector: &str, labels: &[(&str, &str)], expected: bool| {
            let labels: BTreeMap<String, String> =
                labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(parse_selector(selector).unwrap().matches(&labels), expected, "{selector} {labels:?}");
        };
        let shard = [("sharding.fluxcd.io/key", "shard1")];
        check("", &shard, true);
        check("sharding.fluxcd.io/key=shard1", &shard, true);
        check("sharding.fluxcd.io/key==shard2", &shard, false);
        check("!sharding.fluxcd.io/key", &shard, false);
        check("!sharding.fluxcd.io/key", &[], true);
        check("sharding.fluxcd.io/key", &shard, true);
        check("sharding.fluxcd.io/key in (shard1, shard2)", &shard, true);
        check("sharding.fluxcd.io/key notin (shard1,shard2)", &shard, false);
        check(
            "sharding.fluxcd.io/key!=shard2,tier=a",
            &[("sharding.fluxcd.io/key", "shard1"), ("tier", "a")],
            true,
        );
        check("sharding.fluxcd.io/key!=shard2,tier=a", &shard, false);
    }

    #[test]
    fn a_selector_that_cannot_be_read_is_refused() {
        for text in ["a b", "a in b", "=x", "!", "a=b c"] {
            assert!(parse_selector(text).is_err(), "{text}");
        }
    }
}
