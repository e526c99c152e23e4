//! The text of files that findings point into, read again where it is needed, and what of it may be shown.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tagalong_files::{Place, underline};

/// Nothing larger is read for the sake of showing a line.
const SIZE_LIMIT: u64 = 64 << 20;
/// No longer line is shown.
const LINE_LIMIT: usize = 64 << 10;

/// The file that was read last. Findings come in the order of files, so one is enough.
#[derive(Default)]
pub(crate) struct Sources {
    last: Option<Source>,
    given: Texts,
}

/// Texts that stand in no file, by the name they are told by.
pub(crate) type Texts = Arc<BTreeMap<PathBuf, String>>;

struct Source {
    path: PathBuf,
    text: String,
    /// For each line: its bytes, and whether its document is, or may be, a Secret.
    lines: Vec<(Range<usize>, bool)>,
}

impl Sources {
    /// Files, and these.
    pub(crate) fn with(given: &Texts) -> Self {
        Self { last: None, given: Arc::clone(given) }
    }

    fn read(&mut self, file: &Path) -> Option<&Source> {
        if self.last.as_ref().is_none_or(|source| source.path != file) {
            let text = self.given.get(file).cloned().unwrap_or_else(|| text_of(file));
            let lines = lines(&text);
            self.last = Some(Source { path: file.to_owned(), text, lines });
        }
        self.last.as_ref()
    }

    /// The text of a file; empty where it cannot be read any more.
    pub(crate) fn text(&mut self, file: &Path) -> &str {
        self.read(file).map_or("", |source| &source.text)
    }

    /// One line of a file, counted from 1.
    pub(crate) fn line(&mut self, file: &Path, number: u32) -> &str {
        self.read(file).and_then(|source| source.line(number)).map_or("", |(line, _)| line)
    }

    /// The line at a place with the place underlined; `None` where the document may hold secrets, or the line is too
    /// long to be read by anybody.
    pub(crate) fn frame(&mut self, file: &Path, place: Place) -> Option<String> {
        let (line, is_secret) = self.read(file)?.line(place.line)?;
        if is_secret || line.len() > LINE_LIMIT {
            return None;
        }
        let frame = underline(&without_credentials(line), Place { line: 1, ..place });
        Some(visible(&renumber(&frame, place.line)))
    }
}

fn text_of(file: &Path) -> String {
    let small = fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= SIZE_LIMIT);
    let bytes = if small { fs::read(file).unwrap_or_default() } else { Vec::new() };
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Source {
    fn line(&self, number: u32) -> Option<(&str, bool)> {
        let (range, is_secret) = self.lines.get((number as usize).checked_sub(1)?)?;
        Some((self.text.get(range.clone())?, *is_secret))
    }
}

/// The lines of a text. A document ends at a line with `---`: inside of one, text cannot begin in the first column.
fn lines(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut lines: Vec<(Range<usize>, bool)> = Vec::new();
    let (mut start, mut document, mut is_secret) = (0, 0, false);
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        if line.starts_with("---") {
            lines.iter_mut().skip(document).for_each(|(_, secret)| *secret = is_secret);
            (document, is_secret) = (lines.len(), false);
        }
        is_secret = is_secret || names_secret(line);
        lines.push((start..start + line.len(), false));
        start += whole.len();
    }
    lines.iter_mut().skip(document).for_each(|(_, secret)| *secret = is_secret);
    lines
}

/// The frame of a single line, with the line's own number in the margin.
fn renumber(frame: &str, line: u32) -> String {
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let tails = frame.lines().map(|shown| shown.split_once('|').map_or("", |(_, tail)| tail));
    let heads = [&margin, &number, &margin];
    tails.zip(heads).map(|(tail, head)| format!("{head} |{tail}\n")).collect()
}

fn names_secret(line: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric();
    line.match_indices("Secret").any(|(at, found)| {
        let (before, after) = (line.get(..at), line.get(at + found.len()..));
        !before.is_some_and(|text| text.ends_with(word)) && !after.is_some_and(|text| text.starts_with(word))
    })
}

/// The line with user and password of addresses replaced, each character by one.
fn without_credentials(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(['/', '"', '\'', ' ', ',', '}']).unwrap_or(after.len());
        let user = after.get(..end).and_then(|authority| authority.rfind('@')).unwrap_or(0);
        let (user, tail) = after.split_at_checked(user).unwrap_or(("", after));
        shown.extend(user.chars().map(|_| '*'));
        rest = tail;
    }
    shown.push_str(rest);
    shown
}

/// Text from outside as a terminal may show it: no control characters and nothing that turns the direction of text.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || (c.is_control() && !matches!(c, '\n' | '\t'))
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_shows_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let text = "kind: Deployment\na: b\n---\nkind: Secret\ndata: {a: hunter2}\n---\nkind: SealedSecret\nc: d\n\
                    --- # four\nurl: \"https://me:hunter2@git.example/x\" # ä\ne: \u{1b}[31m\u{202e}\n";
        fs::write(&file, text).unwrap();
        let mut sources = Sources::default();
        let mut frame = |line, column, length| sources.frame(&file, Place { line, column, length });
        assert_eq!(frame(2, 4, 1).unwrap(), "  |\n2 | a: b\n  |    ^\n");
        assert_eq!(frame(5, 7, 1), None);
        assert_eq!(frame(4, 1, 1), None);
        assert_eq!(frame(8, 1, 4).unwrap(), "  |\n8 | c: d\n  | ^^^^\n");
        let masked = "   |\n10 | url: \"https://**********@git.example/x\" # ä\n   | ^^^\n";
        assert_eq!(frame(10, 1, 3).unwrap(), masked);
        assert_eq!(frame(11, 1, 1).unwrap(), "   |\n11 | e: \u{fffd}[31m\u{fffd}\n   | ^\n");
        assert_eq!(frame(99, 1, 1), None);
        assert_eq!(sources.frame(&folder.path().join("gone"), Place { line: 1, column: 1, length: 1 }), None);
    }
}
