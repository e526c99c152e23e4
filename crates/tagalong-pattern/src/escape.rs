//! What follows a backslash, and characters that stand for themselves.

use super::Cursor;

/// Writes a character that stands for itself.
pub(super) fn literal(c: char, out: &mut String) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' {
        out.push_str(&format!("\\x{:02X}", u32::from(c)));
    } else {
        out.push(c);
    }
}

/// Reads an escape outside of a class. `None` where it stood for nothing, as an empty `\Q\E` does.
pub(super) fn escape(cursor: &mut Cursor<'_>, out: &mut String) -> Result<Option<()>, String> {
    if cursor.eat("Q") {
        let quoted =
            if cursor.rest().contains("\\E") { cursor.eat_until("\\E") } else { Some(cursor.eat_rest()) };
        let quoted = quoted.unwrap_or_default();
        quoted.chars().for_each(|c| literal(c, out));
        return Ok((!quoted.is_empty()).then_some(()));
    }
    match cursor.peek() {
        Some(place @ ('A' | 'z')) => {
            cursor.next();
            out.push_str(if place == 'A' { "\\A" } else { "\\z" });
        }
        // Go means ASCII words.
        Some(place @ ('b' | 'B')) => {
            cursor.next();
            out.push_str(if place == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
        }
        _ => match set(cursor)? {
            Some(set) => out.push_str(&set),
            None => literal(character(cursor)?, out),
        },
    }
    Ok(Some(()))
}

/// Reads an escape for a set of characters, `d D w W s S p P`, as a class of its own; `None` if it is none.
pub(super) fn set(cursor: &mut Cursor<'_>) -> Result<Option<String>, String> {
    // Spelled out, because Go means ASCII by them and leaves \v out of \s.
    let class = match cursor.peek() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => "[\\t\\n\\x0C\\r\\x20]",
        Some('S') => "[^\\t\\n\\x0C\\r\\x20]",
        Some('p' | 'P') => return unicode(cursor).map(Some),
        _ => return Ok(None),
    };
    cursor.next();
    Ok(Some(class.to_owned()))
}

/// Reads `pN`, `p{Name}`, `p{^Name}` and their opposites.
fn unicode(cursor: &mut Cursor<'_>) -> Result<String, String> {
    let mut negated = cursor.next() == Some('P');
    let mut name = match cursor.next() {
        Some('{') => cursor.eat_until("}").ok_or_else(|| cursor.fault("a `{` without `}`"))?.to_owned(),
        Some(letter) => letter.to_string(),
        None => return Err(cursor.fault("a Unicode class without a name")),
    };
    if let Some(rest) = name.strip_prefix('^') {
        negated = !negated;
        name = rest.to_owned();
    }
    if !name.chars().all(|c| c.is_ascii_alphabetic() || c == '_') {
        return Err(cursor.fault("a Unicode class that RE2 does not know"));
    }
    Ok(format!("[\\{}{{{name}}}]", if negated { 'P' } else { 'p' }))
}

/// Reads an escape for one character, in or out of a class.
pub(super) fn character(cursor: &mut Cursor<'_>) -> Result<char, String> {
    let Some(c) = cursor.next() else {
        return Err(cursor.fault("a backslash at the end; write `\\\\` for one"));
    };
    match c {
        'a' => Ok('\x07'),
        'f' => Ok('\x0C'),
        't' => Ok('\t'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        'v' => Ok('\x0B'),
        'x' => hexadecimal(cursor),
        '1'..='7' if !cursor.peek().is_some_and(|next| ('0'..='7').contains(&next)) => {
            Err(cursor.fault(&format!("back-references such as `\\{c}` are not part of RE2")))
        }
        '0'..='7' => Ok(octal(c, cursor)),
        _ if c.is_ascii_punctuation() || c.is_ascii_control() || c == ' ' => Ok(c),
        _ => {
            Err(cursor
                .fault(&format!("`\\{c}` is no escape of RE2; write {c:?} alone if it is meant literally")))
        }
    }
}

/// Up to three octal digits, the first of which is already read.
fn octal(first: char, cursor: &mut Cursor<'_>) -> char {
    let mut code = first.to_digit(8).unwrap_or(0);
    for _ in 0..2 {
        let Some(digit) = cursor.peek().and_then(|c| c.to_digit(8)) else { break };
        cursor.next();
        code = code * 8 + digit;
    }
    char::from_u32(code).unwrap_or('\0')
}

/// Reads `7F` or `{10FFFF}`.
fn hexadecimal(cursor: &mut Cursor<'_>) -> Result<char, String> {
    let (digits, lengths) = if cursor.eat("{") {
        (cursor.eat_until("}").unwrap_or_default().to_owned(), 1..=6)
    } else {
        ([cursor.next(), cursor.next()].into_iter().flatten().collect::<String>(), 2..=2)
    };
    let plain = lengths.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = if plain { u32::from_str_radix(&digits, 16).ok() } else { None };
    code.and_then(char::from_u32)
        .ok_or_else(|| cursor.fault("`\\x` wants two hexadecimal digits, or some in braces"))
}
