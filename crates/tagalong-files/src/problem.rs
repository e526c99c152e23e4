//! What is wrong in a file, where, and how it is shown.

use std::{fmt, path::PathBuf};

/// A stretch of one line of a file. Lines and columns count from 1, columns and lengths in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column of the first character.
    pub column: u32,
    /// How many characters; at least 1.
    pub length: u32,
}

/// One thing that is wrong, or worth knowing, about a file. Prints as `file:line:col: what; what to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was reached from the given path.
    pub file: PathBuf,
    /// Where in it; `None` for the file as a whole.
    pub place: Option<Place>,
    /// What sort of problem; for machine output.
    pub code: Code,
    /// What is wrong and what to do.
    pub message: String,
}

/// The sorts of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A file or folder cannot be read.
    Unreadable,
    /// The text is no YAML.
    Yaml,
    /// A group, version or kind that is not served.
    NotServed,
    /// A field that the kind does not have.
    UnknownField,
    /// A field is given twice.
    DuplicateField,
    /// A required field is missing.
    MissingField,
    /// A value of the wrong type, or outside of what is allowed.
    BadValue,
    /// Two objects of one kind, namespace and name.
    DuplicateObject,
}

impl Code {
    /// The code as `lint` prints it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Yaml => "yaml",
            Self::NotServed => "not-served",
            Self::UnknownField => "unknown-field",
            Self::DuplicateField => "duplicate-field",
            Self::MissingField => "missing-field",
            Self::BadValue => "bad-value",
            Self::DuplicateObject => "duplicate-object",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(place) = self.place {
            write!(f, "{}:{}:", place.line, place.column)?;
        }
        write!(f, " {}", self.message)
    }
}

/// A problem within a file whose name the finder does not know.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) place: Place,
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(place: Place, code: Code, message: impl Into<String>) -> Self {
        Self { place, code, message: message.into() }
    }

    pub(crate) fn in_file(self, file: impl Into<PathBuf>) -> Problem {
        Problem { file: file.into(), place: Some(self.place), code: self.code, message: self.message }
    }
}

/// How many characters of a line are shown.
const WIDTH: usize = 100;

/// The line of `source` at `place`, with the place underlined:
///
/// ```text
///    |
/// 12 |   range: ">=1.0 <"
///    |          ^^^^^^^^^
/// ```
///
/// A long line is cut around the place. Control characters are shown as `\u{fffd}`. A line that does not exist is shown
/// empty.
pub fn underline(source: &str, place: Place) -> String {
    let index = (place.line as usize).saturating_sub(1);
    let line: Vec<char> = source.lines().nth(index).unwrap_or_default().chars().collect();
    let start = (place.column as usize).saturating_sub(1).min(line.len());
    let first = if line.len() <= WIDTH { 0 } else { start.saturating_sub(WIDTH / 2).min(line.len() - WIDTH) };
    let shown = line.get(first..line.len().min(first + WIDTH)).unwrap_or_default();
    let visible = |c: &char| if c.is_control() && *c != '\t' { '\u{fffd}' } else { *c };
    let text: String = shown.iter().map(visible).collect();
    // Tabs stay tabs, so that the underline stands below whatever width the terminal gives them.
    let pad: String = shown.iter().take(start - first).map(|c| if *c == '\t' { '\t' } else { ' ' }).collect();
    let marks =
        "^".repeat((place.length as usize).clamp(1, shown.len().saturating_sub(start - first).max(1)));
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    format!("{margin} |\n{number} | {}\n{margin} | {pad}{marks}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str, line: u32, column: u32, length: u32) -> String {
        underline(source, Place { line, column, length })
    }

    #[test]
    fn the_place_is_underlined() {
        assert_eq!(show("a: 1\nb: xyz # ä\n", 2, 4, 3), "  |\n2 | b: xyz # ä\n  |    ^^^\n");
        assert_eq!(show("ä: ö\r\n", 1, 4, 1), "  |\n1 | ä: ö\n  |    ^\n");
        assert_eq!(show("\ta: b", 1, 2, 1), "  |\n1 | \ta: b\n  | \t^\n");
        assert_eq!(show("a: \u{1b}[31m", 1, 4, 99), "  |\n1 | a: \u{fffd}[31m\n  |    ^^^^^\n");
    }

    #[test]
    fn a_place_outside_is_shown_empty_and_a_long_line_cut() {
        assert_eq!(show("a", 7, 9, 1), "  |\n7 | \n  | ^\n");
        assert_eq!(show("a", 1, 9, 5), "  |\n1 | a\n  |  ^\n");
        let long = format!("{}here{}", "x".repeat(500), "y".repeat(500));
        let shown = show(&long, 1, 501, 4);
        let marks = shown.lines().nth(2).unwrap();
        let text = shown.lines().nth(1).unwrap();
        let at = marks.find('^').unwrap();
        assert_eq!(&text[at..at + 4], "here");
        assert!(text.len() < 110 && marks.ends_with("^^^^") && !marks.ends_with("^^^^^"));
    }
}
