//! Patterns of `#` and `%`: `*` any text, `?` a character, `[a-z]` and `[^a-z]` classes, `\` before a character that
//! means itself. A malformed pattern matches nothing.

/// Whether the pattern matches the whole of `name`.
pub(super) fn matches(pattern: &str, name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Where to go on when what follows the last star does not fit: one byte of the name further.
    let mut retry: Option<(&str, &[u8])> = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            pattern = rest;
            retry = Some((rest, name));
            continue;
        }
        let fits =
            if pattern.is_empty() { name.is_empty().then_some((pattern, name)) } else { one(pattern, name) };
        match (fits, retry) {
            (Some(_), _) if pattern.is_empty() => return true,
            (Some(rest), _) => (pattern, name) = rest,
            (None, Some((again, from))) if !from.is_empty() => {
                let from = from.get(1..).unwrap_or_default();
                retry = Some((again, from));
                (pattern, name) = (again, from);
            }
            (None, _) => return false,
        }
    }
}

/// Matches the first element of a pattern, no star, and gives what is left of both.
fn one<'p, 'n>(pattern: &'p str, name: &'n [u8]) -> Option<(&'p str, &'n [u8])> {
    let mut characters = pattern.chars();
    match characters.next()? {
        '?' => Some((characters.as_str(), character(name)?.1)),
        '[' => class(characters.as_str(), name),
        first => {
            let literal = if first == '\\' { characters.next()? } else { first };
            let mut buffer = [0; 4];
            let rest = name.strip_prefix(literal.encode_utf8(&mut buffer).as_bytes())?;
            Some((characters.as_str(), rest))
        }
    }
}

/// The first character, and what follows; a byte that is none counts as the replacement character.
fn character(name: &[u8]) -> Option<(char, &[u8])> {
    let first = name.utf8_chunks().next()?;
    match first.valid().chars().next() {
        Some(c) => Some((c, name.get(c.len_utf8()..)?)),
        None => Some((char::REPLACEMENT_CHARACTER, name.get(1..)?)),
    }
}

/// Behind `[`.
fn class<'p, 'n>(pattern: &'p str, name: &'n [u8]) -> Option<(&'p str, &'n [u8])> {
    let (found, rest) = character(name)?;
    let (mut pattern, negated) = match pattern.strip_prefix('^') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let (mut inside, mut ranges) = (false, 0);
    loop {
        if ranges > 0
            && let Some(after) = pattern.strip_prefix(']')
        {
            return (inside != negated).then_some((after, rest));
        }
        let low;
        (low, pattern) = bound(pattern)?;
        let mut high = low;
        if let Some(after) = pattern.strip_prefix('-') {
            (high, pattern) = bound(after)?;
        }
        inside |= (low..=high).contains(&found);
        ranges += 1;
    }
}

/// An end of a range, and what follows, which may not be nothing.
fn bound(pattern: &str) -> Option<(char, &str)> {
    let mut characters = pattern.chars();
    let first = characters.next().filter(|c| !matches!(c, '-' | ']'))?;
    let bound = if first == '\\' { characters.next()? } else { first };
    let rest = characters.as_str();
    (!rest.is_empty()).then_some((bound, rest))
}
