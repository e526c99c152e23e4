//! Patterns in RE2's dialect made into the dialect of the `regex` crate, where the same text means something else.

use regex::{Regex, RegexBuilder};

use crate::error::Failure;

/// Compiles a pattern that was written for Go.
pub(super) fn compile(pattern: &str) -> Result<Regex, Failure> {
    let translated = translated(pattern);
    let built =
        RegexBuilder::new(&translated).size_limit(1 << 20).dfa_size_limit(1 << 20).nest_limit(100).build();
    built.map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            other => {
                other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
        };
        Failure::Problem(format!("the pattern `{pattern}` cannot be used: {reason}"))
    })
}

/// `\d`, `\w`, `\s` and `\b` are about ASCII only, `\Q…\E` is literal, and `[`, `&&`, `--`, `~~` are plain within `[…]`.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    let mut class = false;
    let mut class_start = false;
    while let Some(value) = rest.next() {
        let starts = std::mem::take(&mut class_start);
        match value {
            '\\' => escape(&mut out, &mut rest, class),
            '[' if !class => {
                class = true;
                class_start = true;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            '[' if rest.peek() == Some(&':') => out.push('['),
            ':' if class && rest.peek() == Some(&']') && open_named(&out) => {
                rest.next();
                out.push_str(":]");
            }
            ']' if class && starts => out.push_str("\\]"),
            ']' if class => {
                class = false;
                out.push(']');
            }
            '[' | '&' | '~' if class => out.extend(['\\', value]),
            '-' if class && rest.peek() == Some(&'-') => out.push_str("\\-"),
            other => out.push(other),
        }
    }
    out
}

/// Whether the text ends within `[:name`.
fn open_named(out: &str) -> bool {
    out.rsplit_once("[:")
        .is_some_and(|(_, name)| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'^'))
}

fn escape(out: &mut String, rest: &mut std::iter::Peekable<std::str::Chars<'_>>, class: bool) {
    let Some(value) = rest.next() else {
        out.push('\\');
        return;
    };
    let (inside, outside) = match value {
        'd' => ("0-9", "[0-9]"),
        'w' => ("0-9A-Za-z_", "[0-9A-Za-z_]"),
        's' => ("\\t\\n\\f\\r ", "[\\t\\n\\f\\r ]"),
        'D' => ("[^0-9]", "[^0-9]"),
        'W' => ("[^0-9A-Za-z_]", "[^0-9A-Za-z_]"),
        'S' => ("[^\\t\\n\\f\\r ]", "[^\\t\\n\\f\\r ]"),
        'b' if !class => ("", "(?-u:\\b)"),
        'B' if !class => ("", "(?-u:\\B)"),
        'Q' if !class => {
            let mut literal = String::new();
            while let Some(next) = rest.next() {
                if next == '\\' && rest.next_if_eq(&'E').is_some() {
                    break;
                }
                literal.push(next);
            }
            out.push_str(&regex::escape(&literal));
            return;
        }
        other => {
            out.extend(['\\', other]);
            return;
        }
    };
    out.push_str(if class { inside } else { outside });
}
