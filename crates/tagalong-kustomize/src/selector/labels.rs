//! Label selectors: `a=b, c!=d, e in (f,g), !h, i, j>1`.

use std::collections::BTreeMap;

use crate::error::{Fault, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

/// All must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Requirements(Vec<(String, Test)>);

impl Requirements {
    /// # Errors
    /// The text is no label selector.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let tokens = tokens(text);
        let mut rest = tokens.iter().map(String::as_str).peekable();
        let mut found = Vec::new();
        let wrong = || Fault::new(format!("{text} is no label selector"));
        while rest.peek().is_some() {
            found.push(requirement(&mut rest).ok_or_else(wrong)?);
            match rest.next() {
                None => break,
                Some(",") if rest.peek().is_some() => {}
                Some(_) => return Err(wrong()),
            }
        }
        Ok(Self(found))
    }

    pub(super) fn fit(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|(key, test)| {
            let value = labels.get(key);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match test {
                Test::Exists => value.is_some(),
                Test::Missing => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.contains(value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Test::Greater(limit) => number().is_some_and(|value| value > *limit),
                Test::Less(limit) => number().is_some_and(|value| value < *limit),
            }
        })
    }
}

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            continue;
        }
        let mut token = String::from(c);
        if is_special(c) {
            if matches!(c, '=' | '!') && rest.peek() == Some(&'=') {
                token.extend(rest.next());
            }
        } else {
            while let Some(next) = rest.next_if(|c| !is_special(*c) && !c.is_whitespace()) {
                token.push(next);
            }
        }
        found.push(token);
    }
    found
}

type Tokens<'a, I> = std::iter::Peekable<I>;

fn requirement<'a, I: Iterator<Item = &'a str>>(rest: &mut Tokens<'a, I>) -> Option<(String, Test)> {
    let first = rest.next()?;
    if first == "!" {
        return Some((key(rest.next()?)?, Test::Missing));
    }
    let key = key(first)?;
    let operator = match rest.peek().copied() {
        None | Some(",") => return Some((key, Test::Exists)),
        Some(operator) => operator,
    };
    rest.next();
    let test = match operator {
        "=" | "==" => Test::In(vec![single(rest)?]),
        "!=" => Test::NotIn(vec![single(rest)?]),
        "in" => Test::In(values(rest)?),
        "notin" => Test::NotIn(values(rest)?),
        ">" => Test::Greater(single(rest)?.parse().ok()?),
        "<" => Test::Less(single(rest)?.parse().ok()?),
        _ => return None,
    };
    Some((key, test))
}

/// The value behind an operator, which may be missing.
fn single<'a, I: Iterator<Item = &'a str>>(rest: &mut Tokens<'a, I>) -> Option<String> {
    match rest.peek().copied() {
        None | Some(",") => Some(String::new()),
        Some(_) => value(rest.next()?),
    }
}

fn values<'a, I: Iterator<Item = &'a str>>(rest: &mut Tokens<'a, I>) -> Option<Vec<String>> {
    if rest.next()? != "(" {
        return None;
    }
    let mut found = Vec::new();
    loop {
        match rest.peek().copied()? {
            "," => {
                rest.next();
                found.push(String::new());
                continue;
            }
            ")" => found.push(String::new()),
            _ => found.push(value(rest.next()?)?),
        }
        match rest.next()? {
            "," => {}
            ")" => break,
            _ => return None,
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}

/// Letters, digits and `-_.`, beginning and ending with a letter or digit; at most 63.
fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn key(text: &str) -> Option<String> {
    let (prefix, name) = text.split_once('/').unwrap_or(("a", text));
    let domain = !prefix.is_empty()
        && prefix.len() <= 253
        && prefix.split('.').all(|part| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        });
    (domain && is_name(name)).then(|| text.to_owned())
}

fn value(text: &str) -> Option<String> {
    (text.is_empty() || is_name(text)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_select() {
        let labels: BTreeMap<String, String> = [("app", "web"), ("tier", "2"), ("x.io/y", "z")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        for (text, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier", true),
            ("app!=web", false),
            ("none!=web", true),
            ("!none", true),
            ("!app", false),
            ("app in (api, web)", true),
            ("app notin (api)", true),
            ("tier>1", true),
            ("tier<2", false),
            ("x.io/y=z", true),
        ] {
            assert_eq!(Requirements::parse(text).unwrap().fit(&labels), expected, "{text}");
        }
        for wrong in ["a=b c", "=", "a in b", "A_/x", "a>b", "a,"] {
            assert!(Requirements::parse(wrong).is_err(), "{wrong}");
        }
    }
}
