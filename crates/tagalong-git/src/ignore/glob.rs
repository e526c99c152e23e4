//! A name with wildcards, as Go's `filepath.Match` reads it: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before a character
//! that means itself.

/// A pattern for one part of a path.
#[derive(Debug)]
pub(super) struct Glob(Option<Vec<Token>>);

#[derive(Debug)]
enum Token {
    Many,
    One,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Many | Self::One => true,
            Self::Char(own) => *own == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

impl Glob {
    /// A text that is no pattern matches nothing.
    pub(super) fn parse(text: &str) -> Self {
        Self(tokens(text))
    }

    pub(super) fn of_nothing() -> Self {
        Self(None)
    }

    /// Whether the pattern is for the whole of `name`.
    pub(super) fn matches(&self, name: &str) -> bool {
        let Some(tokens) = &self.0 else { return false };
        let name: Vec<char> = name.chars().collect();
        let (mut token, mut at) = (0, 0);
        // Where the last `*` stands, and up to where it takes characters.
        let mut star: Option<(usize, usize)> = None;
        while let Some(&c) = name.get(at) {
            match tokens.get(token) {
                Some(Token::Many) => {
                    star = Some((token, at));
                    token += 1;
                }
                Some(other) if other.takes(c) => {
                    token += 1;
                    at += 1;
                }
                _ => {
                    let Some((many, taken)) = star else { return false };
                    star = Some((many, taken + 1));
                    token = many + 1;
                    at = taken + 1;
                }
            }
        }
        tokens.iter().skip(token).all(|token| matches!(token, Token::Many))
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => Token::Char(chars.next()?),
            '[' => class(&mut chars)?,
            c => Token::Char(c),
        });
    }
    Some(tokens)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
            return Some(Token::Class { negated, ranges });
        }
        let low = class_char(chars)?;
        let high = if chars.next_if_eq(&'-').is_some() { class_char(chars)? } else { low };
        ranges.push((low, high));
    }
}

fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '\\' => chars.next(),
        '-' | ']' => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_go() {
        let check = |pattern: &str, name: &str, expected: bool| {
            assert_eq!(Glob::parse(pattern).matches(name), expected, "{pattern} {name}");
        };
        check("abc", "abc", true);
        check("*", "abc", true);
        check("*c", "abc", true);
        check("a*", "a", true);
        check("a*b*c*d*e*", "axbxcxdxe", true);
        check("a*b?c*x", "abxbbxdbxebxczzx", true);
        check("a*b?c*x", "abxbbxdbxebxczzy", false);
        check("ab[c]", "abc", true);
        check("ab[b-d]", "abc", true);
        check("ab[^c]", "abc", false);
        check("ab[^e-g]", "abc", true);
        check("a\\*b", "a*b", true);
        check("a\\*b", "ab", false);
        check("a?b", "aüb", true);
        check("[!a]", "b", false);
        check("{a,b}", "a", false);
        check("[\\]a]", "]", true);
        check("[]a]", "]", false);
        check("[-]", "-", false);
        check("[", "[", false);
        check("a[", "a", false);
        check("[a", "a", false);
        check("*.tar.gz", "x.tar.gz", true);
        check("", "", true);
    }
}
