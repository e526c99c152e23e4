//! Trailers: the `Key: value` lines at a commit message's end that machines read back (RULES 19).
//!
//! ```text
//! Update images
//!
//! Signed-off-by: Ada <ada@example.com>      ← a block the message already ends with is joined
//! Tagalong-Update: apps/web 1.0.0 -> 1.1.0
//! ```

use std::collections::HashSet;

/// Adds trailers to a message: to the trailer block it ends with, or as a block of their own. Keys become letters,
/// digits and dashes, values one line; a trailer that is there already, or given twice, is added once.
pub fn append(message: &str, trailers: &[(String, String)]) -> String {
    let message = message.replace("\r\n", "\n");
    let body = message.trim_end();
    let mut block: HashSet<String> = parse(body).into_iter().map(|(key, value)| line(&key, &value)).collect();
    let joins = !block.is_empty();
    let mut added = String::new();
    for (key, value) in trailers {
        let line = line(key, value);
        if line.starts_with(':') || block.contains(&line) {
            continue;
        }
        added.push_str(&line);
        added.push('\n');
        block.insert(line);
    }
    let gap = match (added.is_empty(), body.is_empty(), joins) {
        (true, ..) | (_, true, _) => "",
        (false, false, true) => "\n",
        (false, false, false) => "\n\n",
    };
    let end = if added.is_empty() { "\n" } else { "" };
    format!("{body}{gap}{added}{end}")
}

/// The trailers a message ends with, in order; folded values are joined by one space. A block counts where every line
/// is a trailer, as ours always are, or where at least one is known (`Signed-off-by:`, `(cherry picked from …`) and a
/// quarter of its lines are trailers, as `git interpret-trailers` has it. The subject never counts.
pub fn parse(message: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = message.trim_end().lines().collect();
    let start = match lines.iter().rposition(|line| line.trim().is_empty()) {
        Some(blank) => blank + 1,
        None => return Vec::new(),
    };
    let block = lines.get(start..).unwrap_or_default();
    let mut found: Vec<(String, String)> = Vec::new();
    let (mut others, mut known) = (0usize, false);
    for line in block.iter().filter(|line| !line.starts_with('#')) {
        known |= line.starts_with("Signed-off-by: ") || line.starts_with("(cherry picked from commit ");
        if line.starts_with([' ', '\t']) {
            match found.last_mut() {
                Some((_, value)) => *value = format!("{value} {}", line.trim()).trim().to_owned(),
                None => others += 1,
            }
        } else if let Some((key, value)) = split(line) {
            found.push((key.to_owned(), value.to_owned()));
        } else if !line.starts_with("(cherry picked from commit ") {
            others += 1;
        }
    }
    if others == 0 || known && found.len() * 3 >= others { found } else { Vec::new() }
}

/// The first value of a key, whatever its case.
pub fn get<'a>(trailers: &'a [(String, String)], key: &str) -> Option<&'a str> {
    trailers.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

fn split(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim_end();
    (!key.is_empty() && key.chars().all(is_key_char)).then(|| (key, value.trim()))
}

fn line(key: &str, value: &str) -> String {
    let key: String = key.chars().filter(|c| is_key_char(*c)).collect();
    let value = value
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    format!("{key}: {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Vec<(String, String)> {
        vec![(key.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_block_is_joined_or_begun() {
        for (message, expected) in [
            ("Update", "Update\n\nK: v\n"),
            ("Update\n\n\n", "Update\n\nK: v\n"),
            ("Update\r\n\r\nbody\r\n", "Update\n\nbody\n\nK: v\n"),
            ("Update\n\nSigned-off-by: A <a@b>\n", "Update\n\nSigned-off-by: A <a@b>\nK: v\n"),
            ("Update\n\nK: v\n", "Update\n\nK: v\n"),
            ("fix: a thing", "fix: a thing\n\nK: v\n"),
            (
                "Update\n\nnote this: it is prose\nand more",
                "Update\n\nnote this: it is prose\nand more\n\nK: v\n",
            ),
            ("", "K: v\n"),
        ] {
            assert_eq!(append(message, &one("K", "v")), expected, "{message:?}");
        }
        assert_eq!(append("Update\n", &[]), "Update\n");
    }

    #[test]
    fn a_value_from_outside_is_one_line_and_a_key_is_a_key() {
        let hostile = one("Evil:\nX", "a\r\nSigned-off-by: me\x1b[0m\u{2028}\t b");
        assert_eq!(append("Update", &hostile), "Update\n\nEvilX: a Signed-off-by: me [0m b\n");
        assert_eq!(append("Update", &one(":\n", "x")), "Update\n");
        let twice = [one("K", "v"), one("K", "v")].concat();
        assert_eq!(append("Update", &twice), "Update\n\nK: v\n");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let trailers: Vec<_> = [
            ("Tagalong-Update", "apps/web 1 -> 2"),
            ("Tagalong-Update", "apps/db 1 -> 2"),
            ("Tagalong-Instance", ""),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        for message in ["Update", "Update\n\nbody: yes\nmore", "Update\n\nReviewed-by: x\n"] {
            let parsed = parse(&append(message, &trailers));
            assert_eq!(parsed[parsed.len() - 3..], trailers, "{message:?}");
        }
        assert_eq!(get(&trailers, "tagalong-update"), Some("apps/web 1 -> 2"));
        assert!(parse("K: v").is_empty(), "a subject is no trailer");
    }
}
