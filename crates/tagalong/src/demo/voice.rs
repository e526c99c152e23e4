//! How the story looks: a word for what happened, then what it was. A little colour on a terminal, none in a pipe.

use crate::print;
use std::io::IsTerminal;

/// Width of the words on the left.
const WORD: usize = 8;

/// Where the story is told.
pub(crate) struct Voice {
    colour: bool,
}

impl Voice {
    /// Tells it on stdout.
    pub(crate) fn stdout() -> Self {
        let colour =
            std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        Self { colour }
    }

    /// A new part of the story.
    ///
    /// # Errors
    /// When stdout cannot be written; the same holds below.
    pub(crate) fn part(&self, title: &str) -> anyhow::Result<()> {
        print::text(&format!("\n{}\n\n", self.painted("1", title)))
    }

    /// What happened. Further lines of `text` stand below its first.
    pub(crate) fn say(&self, word: &str, text: &str) -> anyhow::Result<()> {
        let mut out = format!("  {}  ", self.painted("36", &format!("{word:WORD$}")));
        for (number, line) in text.trim_end().lines().enumerate() {
            let indent = if number == 0 || line.is_empty() { 0 } else { WORD + 4 };
            out.push_str(&format!("{:indent$}{line}\n", ""));
        }
        print::text(&out)
    }

    /// Text that stands for itself, such as a command to copy.
    pub(crate) fn plain(&self, text: &str) -> anyhow::Result<()> {
        print::text(text)
    }

    /// A diff, byte for byte but for the colours.
    pub(crate) fn diff(&self, diff: &[u8]) -> anyhow::Result<()> {
        let mut out = b"\n".to_vec();
        for line in diff.split_inclusive(|byte| *byte == b'\n') {
            let paint: &[u8] = match line {
                _ if !self.colour => b"",
                [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', ..] => b"1",
                [b'+', ..] => b"32",
                [b'-', ..] => b"31",
                [b'@', ..] => b"36",
                _ => b"",
            };
            if paint.is_empty() {
                out.extend_from_slice(line);
            } else {
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                out.extend([b"\x1b[", paint, b"m", text, b"\x1b[0m\n"].concat());
            }
        }
        out.push(b'\n');
        print::bytes(&out)
    }

    fn painted(&self, paint: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{paint}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
