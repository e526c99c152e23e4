//! Which styles a text may be written in.

/// What libyaml's rules allow for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) multiline: bool,
    pub(super) plain: bool,
    pub(super) single_quoted: bool,
    pub(super) block: bool,
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters beyond the first plane are escaped by that library, too.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

#[derive(Default)]
struct Seen {
    indicator: bool,
    breaks: bool,
    special: bool,
    leading: bool,
    trailing_space: bool,
    trailing_break: bool,
    break_space: bool,
    space_break: bool,
}

pub(super) fn analyse(text: &str) -> Allowed {
    if text.is_empty() {
        return Allowed { multiline: false, plain: true, single_quoted: true, block: false };
    }
    let seen = look(text);
    let edges = seen.leading || seen.trailing_space || seen.trailing_break;
    let wild = seen.space_break || seen.special;
    Allowed {
        multiline: seen.breaks,
        plain: !(edges || seen.break_space || wild || seen.breaks || seen.indicator),
        single_quoted: !(seen.break_space || wild),
        block: !(seen.trailing_space || wild),
    }
}

fn look(text: &str) -> Seen {
    let mut seen = Seen { indicator: text.starts_with("---") || text.starts_with("..."), ..Seen::default() };
    let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
    let mut rest = text.chars().peekable();
    let mut first = true;
    while let Some(c) = rest.next() {
        let before_blank = rest.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        seen.indicator |= if first {
            match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`' => true,
                '?' | ':' | '-' => before_blank,
                _ => false,
            }
        } else {
            (c == ':' && before_blank) || (c == '#' && after_blank)
        };
        seen.special |= !is_printable(c);
        let last = rest.peek().is_none();
        seen.leading |= first && (c == ' ' || is_break(c));
        if c == ' ' {
            seen.trailing_space |= last;
            seen.break_space |= after_break;
            (after_space, after_break) = (true, false);
        } else if is_break(c) {
            seen.breaks = true;
            seen.trailing_break |= last;
            seen.space_break |= after_space;
            (after_space, after_break) = (false, true);
        } else {
            (after_space, after_break) = (false, false);
        }
        after_blank = matches!(c, ' ' | '\t' | '\0') || is_break(c);
        first = false;
    }
    seen
}
