//! Bracket expressions. Read by Go's rules, where `[`, `&&`, `--` and `~~` are plain characters.

use super::{Cursor, escape};

/// The names within `[:…:]`.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Reads what follows `[`, up to and including `]`.
pub(super) fn class(cursor: &mut Cursor<'_>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if cursor.eat("^") {
        out.push('^');
    }
    let mut first = true;
    while first || cursor.peek() != Some(']') {
        first = false;
        if let Some(name) = named(cursor)? {
            out.push_str(&name);
            continue;
        }
        let low = if cursor.eat("\\") {
            match escape::set(cursor)? {
                Some(set) => {
                    out.push_str(&set);
                    continue;
                }
                None => escape::character(cursor)?,
            }
        } else {
            plain(cursor)?
        };
        // A `-` before the closing bracket stands for itself.
        if cursor.rest().starts_with('-') && !cursor.rest().starts_with("-]") && cursor.rest().len() > 1 {
            cursor.next();
            let high = if cursor.eat("\\") { escape::character(cursor)? } else { plain(cursor)? };
            if high < low {
                return Err(cursor.fault(&format!("the range {low}-{high} runs backwards")));
            }
            escape::literal(low, out);
            out.push('-');
            escape::literal(high, out);
        } else {
            escape::literal(low, out);
        }
    }
    cursor.next();
    out.push(']');
    Ok(())
}

/// Reads `[:alpha:]`; without a closing `:]` the bracket is a plain character.
fn named(cursor: &mut Cursor<'_>) -> Result<Option<String>, String> {
    if !cursor.rest().strip_prefix("[:").is_some_and(|rest| rest.contains(":]")) {
        return Ok(None);
    }
    cursor.eat("[:");
    let name = cursor.eat_until(":]").unwrap_or_default();
    if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(cursor.fault(&format!("[:{name}:] is no class that RE2 knows")));
    }
    Ok(Some(format!("[:{name}:]")))
}

fn plain(cursor: &mut Cursor<'_>) -> Result<char, String> {
    cursor.next().ok_or_else(|| cursor.fault("`[` without `]`"))
}
