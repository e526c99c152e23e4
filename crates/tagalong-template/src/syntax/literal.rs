//! Reads the literals of Go: numbers, quoted text, characters. Used by the lexer.

/// A number as the template means it: with a point or an exponent it is a floating-point number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

/// Reads a number literal as Go does: `_` may stand between digits, a leading `0` means octal.
pub(crate) fn number(text: &str) -> Result<Number, String> {
    let bad = || format!("bad number syntax: `{text}`");
    if text.ends_with('i') {
        return Err(format!("complex numbers are not supported: `{text}`"));
    }
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    if let Some(magnitude) = integer(digits).ok_or_else(bad)? {
        let signed = if negative { 0i128.checked_sub(magnitude) } else { Some(magnitude) };
        let value = signed.and_then(|value| i64::try_from(value).ok());
        return value.map(Number::Int).ok_or_else(|| format!("integer overflow: `{text}`"));
    }
    let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let starts_well = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let value: f64 =
        if plain && starts_well { digits.parse().map_err(|_| bad())? } else { return Err(bad()) };
    if value.is_infinite() {
        return Err(bad());
    }
    Ok(Number::Float(if negative { -value } else { value }))
}

/// The magnitude if this is an integer literal; `Some(None)` if it may be a floating-point one; `None` if neither.
fn integer(digits: &str) -> Option<Option<i128>> {
    let lower = digits.to_ascii_lowercase();
    let (radix, rest) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.contains(['.', 'e']) {
        return Some(None);
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.get(1..)?)
    } else {
        (10, lower.as_str())
    };
    if radix == 10 && rest.starts_with('_') {
        return None;
    }
    let rest = underscores_removed(rest)?;
    if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if rest.len() > 70 {
        return Some(Some(i128::MAX));
    }
    i128::from_str_radix(&rest, radix).ok().map(Some)
}

/// Underscores may stand between digits only, one at a time.
fn underscores_removed(digits: &str) -> Option<String> {
    if digits.contains("__") || digits.ends_with('_') {
        return None;
    }
    Some(digits.replace('_', ""))
}

/// The text inside `"…"` with its escapes read. `quoted` is without the quotes.
pub(crate) fn text(quoted: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    while let Some(first) = rest.next() {
        match unit(first, &mut rest, '"')? {
            Unit::Byte(byte) => bytes.push(byte),
            Unit::Char(value) => bytes.extend_from_slice(value.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("`\"{quoted}\"` is not UTF-8 text"))
}

/// The code of the character inside `'…'`. `quoted` is without the quotes.
pub(crate) fn character(quoted: &str) -> Result<i64, String> {
    let malformed = || format!("malformed character constant: `'{quoted}'`");
    let mut rest = quoted.chars();
    let first = rest.next().ok_or_else(malformed)?;
    let code = match unit(first, &mut rest, '\'')? {
        Unit::Byte(byte) => i64::from(byte),
        Unit::Char(value) => i64::from(u32::from(value)),
    };
    if rest.next().is_some() { Err(malformed()) } else { Ok(code) }
}

enum Unit {
    Byte(u8),
    Char(char),
}

fn unit(first: char, rest: &mut std::str::Chars<'_>, quote: char) -> Result<Unit, String> {
    if first != '\\' {
        return Ok(Unit::Char(first));
    }
    let escape = rest.next().ok_or("a backslash at the end of a literal")?;
    let unknown = || format!("unknown escape `\\{escape}`; write a backslash as `\\\\` or use backquotes");
    let value = match escape {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        c if c == quote => c,
        'x' => return digits(rest, None, 2, 16).and_then(byte).ok_or_else(unknown),
        '0'..='7' => return digits(rest, escape.to_digit(8), 2, 8).and_then(byte).ok_or_else(unknown),
        'u' => return digits(rest, None, 4, 16).and_then(scalar).ok_or_else(unknown),
        'U' => return digits(rest, None, 8, 16).and_then(scalar).ok_or_else(unknown),
        _ => return Err(unknown()),
    };
    Ok(Unit::Char(value))
}

fn digits(rest: &mut std::str::Chars<'_>, first: Option<u32>, count: usize, radix: u32) -> Option<u32> {
    let mut code = first.unwrap_or(0);
    for _ in 0..count {
        let digit = rest.next()?.to_digit(radix)?;
        code = code.checked_mul(radix)?.checked_add(digit)?;
    }
    Some(code)
}

fn byte(code: u32) -> Option<Unit> {
    u8::try_from(code).ok().map(Unit::Byte)
}

fn scalar(code: u32) -> Option<Unit> {
    char::from_u32(code).map(Unit::Char)
}
