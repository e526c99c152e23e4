//! Reads a pattern by Go's grammar and writes what means the same to the `regex` crate.

use super::{Cursor, class, escape, repeat};

/// A pattern in the words of the `regex` crate.
pub(super) struct Translated {
    pub(super) text: String,
    /// The names of the groups. The groups themselves go unnamed: Go allows names that the crate does not.
    pub(super) groups: Vec<Option<String>>,
}

/// What a repetition would apply to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Item,
    Repetition,
}

pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut cursor = Cursor::new(pattern);
    let mut out = Translated { text: String::with_capacity(pattern.len() + 16), groups: vec![None] };
    let mut before = Before::Nothing;
    let mut open = 0usize;
    while let Some(c) = cursor.next() {
        before = match c {
            '(' => {
                open += usize::from(group(&mut cursor, &mut out)?);
                Before::Nothing
            }
            ')' => {
                open = open.checked_sub(1).ok_or_else(|| cursor.fault("`)` without `(`"))?;
                out.text.push(')');
                Before::Item
            }
            '|' => {
                out.text.push('|');
                Before::Nothing
            }
            '[' => {
                class::class(&mut cursor, &mut out.text)?;
                Before::Item
            }
            '\\' => escape::escape(&mut cursor, &mut out.text)?.map_or(before, |()| Before::Item),
            '*' | '+' | '?' | '{' => match repeat::repeat(c, &mut cursor)? {
                None => {
                    escape::literal(c, &mut out.text);
                    Before::Item
                }
                Some(repetition) => {
                    permit(before, &cursor)?;
                    out.text.push_str(&repetition);
                    Before::Repetition
                }
            },
            '.' | '^' | '$' => {
                out.text.push(c);
                Before::Item
            }
            _ => {
                escape::literal(c, &mut out.text);
                Before::Item
            }
        };
    }
    if open > 0 { Err(cursor.fault("`(` without `)`")) } else { Ok(out) }
}

fn permit(before: Before, cursor: &Cursor<'_>) -> Result<(), String> {
    match before {
        Before::Item => Ok(()),
        Before::Nothing => {
            Err(cursor.fault("nothing to repeat; write `\\` before the sign if it is meant literally"))
        }
        Before::Repetition => {
            Err(cursor.fault("doubled or possessive repetition is not part of RE2; keep one repetition sign"))
        }
    }
}

/// Reads what follows `(`. Answers whether a group was opened, which flags for the rest do not.
fn group(cursor: &mut Cursor<'_>, out: &mut Translated) -> Result<bool, String> {
    if !cursor.eat("?") {
        out.groups.push(None);
        out.text.push('(');
        return Ok(true);
    }
    for unknown in ["=", "!", "<=", "<!"] {
        if cursor.eat(unknown) {
            return Err(cursor.fault(
                "look-around is not part of RE2; match more and capture the part you want in a group",
            ));
        }
    }
    if cursor.eat("P<") || cursor.eat("<") {
        out.groups.push(Some(name(cursor)?));
        out.text.push('(');
        return Ok(true);
    }
    flags(cursor, out)
}

/// Reads a group's name. Several groups may share one: extract takes the first of them that matched.
fn name(cursor: &mut Cursor<'_>) -> Result<String, String> {
    let name = cursor.eat_until(">").ok_or_else(|| cursor.fault("a group's name without `>`"))?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(cursor.fault("a group's name is made of letters, digits and `_`"));
    }
    Ok(name.to_owned())
}

/// Reads `i`, `m`, `s`, `U` with an optional `-`, up to `:` or `)`.
fn flags(cursor: &mut Cursor<'_>, out: &mut Translated) -> Result<bool, String> {
    let unknown = |cursor: &Cursor<'_>| {
        cursor.fault("`(?` begins nothing that RE2 knows; write `(?:` for a plain group")
    };
    let mut flags = String::new();
    loop {
        match cursor.next() {
            Some(flag @ ('i' | 'm' | 's' | 'U')) => flags.push(flag),
            Some('-') if !flags.contains('-') => flags.push('-'),
            Some(end @ (':' | ')')) if !flags.ends_with('-') => {
                // The crate takes no flags for none; Go does.
                if end == ':' || !flags.is_empty() {
                    out.text.push_str(&format!("(?{flags}{end}"));
                }
                return Ok(end == ':');
            }
            _ => return Err(unknown(cursor)),
        }
    }
}
