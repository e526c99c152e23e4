//! Upper and lower case, and the spellings of names: snake, kebab, camel.

use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("upper", 1, |args| changed(args, |text| text.chars().map(upper).collect())),
    Function::exact("lower", 1, |args| changed(args, |text| text.chars().map(lower).collect())),
    Function::exact("title", 1, |args| changed(args, title)),
    Function::exact("untitle", 1, |args| changed(args, untitle)),
    Function::exact("swapcase", 1, |args| changed(args, swapcase)),
    Function::exact("initials", 1, |args| changed(args, initials)),
    Function::exact("camelcase", 1, |args| changed(args, camelcase)),
    Function::exact("snakecase", 1, |args| changed(args, |text| separated(text, '_'))),
    Function::exact("kebabcase", 1, |args| changed(args, |text| separated(text, '-'))),
];

fn changed(args: &Arguments<'_>, change: fn(&str) -> String) -> Result<Val, Failure> {
    let text = args.text(0)?;
    args.context.work(text.len())?;
    args.give(change(text))
}

/// One character to its upper case where that is one character, as Go does it.
fn upper(value: char) -> char {
    let mut all = value.to_uppercase();
    all.next().filter(|_| all.next().is_none()).unwrap_or(value)
}

fn lower(value: char) -> char {
    let mut all = value.to_lowercase();
    all.next().filter(|_| all.next().is_none()).unwrap_or(value)
}

/// The first letter of each word in upper case; a word ends at what is no letter, digit or underscore.
fn title(text: &str) -> String {
    let mut inside = false;
    let change = |value: char| {
        let begins = !inside;
        inside = if value.is_ascii() {
            value.is_ascii_alphanumeric() || value == '_'
        } else {
            value.is_alphanumeric() || !value.is_whitespace()
        };
        if begins { upper(value) } else { value }
    };
    text.chars().map(change).collect()
}

/// The first letter of each word in lower case; words are cut by white space.
fn untitle(text: &str) -> String {
    let mut begins = true;
    let change = |value: char| {
        let changed = if begins { lower(value) } else { value };
        begins = value.is_whitespace();
        changed
    };
    text.chars().map(change).collect()
}

fn swapcase(text: &str) -> String {
    let change = |value: char| if value.is_uppercase() { lower(value) } else { upper(value) };
    text.chars().map(change).collect()
}

fn initials(text: &str) -> String {
    text.split_whitespace().filter_map(|word| word.chars().next()).collect()
}

fn is_connector(value: char) -> bool {
    matches!(value, '-' | '_') || value.is_whitespace()
}

/// `some_words` as `SomeWords`. A word in capitals keeps only the first; connectors at the ends stay.
fn camelcase(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(connector) = rest.next_if(|value| is_connector(*value)) {
        out.push(connector);
    }
    let mut pending: Option<char> = None;
    let mut begins = true;
    let mut capitals = false;
    for value in rest {
        if is_connector(value) {
            out.extend(pending.replace(value));
            begins = true;
        } else if begins {
            pending = None;
            begins = false;
            capitals = value.is_uppercase();
            out.push(upper(value));
        } else {
            capitals &= value.is_uppercase();
            out.push(if capitals { lower(value) } else { value });
        }
    }
    out.extend(pending);
    out
}

/// What a run of characters is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    /// Capitals, or one capital and the small letters after it.
    Capital,
    Small,
    Connector,
    Punctuation,
    Other,
}

fn kind(value: char) -> Kind {
    match value {
        value if is_connector(value) => Kind::Connector,
        value if value.is_uppercase() => Kind::Capital,
        value if value.is_alphabetic() => Kind::Small,
        value if value.is_numeric() => Kind::Number,
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => Kind::Other,
        value if value.is_ascii_punctuation() => Kind::Punctuation,
        _ => Kind::Other,
    }
}

/// Cuts a text into runs: `HTTPStatus2xx` into `HTTP`, `Status`, `2`, `xx`.
fn runs(text: &str) -> Vec<(Kind, String)> {
    let all: Vec<char> = text.chars().collect();
    let mut rest = all.as_slice();
    let mut runs = Vec::new();
    while let Some(first) = rest.first() {
        let this = kind(*first);
        let same = |wanted: Kind| move |value: &&char| kind(**value) == wanted;
        let mut length = rest.iter().take_while(same(this)).count();
        let small = rest.iter().skip(length).take_while(same(Kind::Small)).count();
        if this == Kind::Capital && small > 0 {
            // The last of several capitals begins the next word.
            length = if length > 1 { length - 1 } else { length + small };
        }
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        runs.push((this, run.iter().collect()));
        rest = after;
    }
    runs
}

/// `FirstName` as `first_name` or `first-name`. A number joins the small letters after it (`http_2xx`), else the
/// word before it (`bld4_floor`); beside punctuation nothing is inserted.
fn separated(text: &str, connector: char) -> String {
    let runs = runs(text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut glued = false;
    for (at, (this, run)) in runs.iter().enumerate() {
        if *this == Kind::Connector {
            out.extend(run.chars().map(|_| connector));
            glued = false;
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| runs.get(before)).map(|(kind, _)| *kind);
        let after = runs.get(at + 1).map(|(kind, _)| *kind);
        let open = !matches!(before, None | Some(Kind::Connector | Kind::Punctuation));
        let joins = match this {
            Kind::Punctuation => true,
            // A number that begins a word, and what it has gathered, takes small letters and numbers in.
            Kind::Small => glued,
            Kind::Number => glued || (open && after != Some(Kind::Small)),
            _ => false,
        };
        if open && !joins {
            out.push(connector);
        }
        glued = match this {
            Kind::Number => glued || !open || after == Some(Kind::Small),
            Kind::Small => glued,
            _ => false,
        };
        out.push_str(&run.to_lowercase());
    }
    out
}
