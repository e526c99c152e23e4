//! Finds marked fields in files and changes exactly their bytes. Pure: bytes in, bytes out.
//!
//! ```text
//! bytes ──words?──▶ no: empty Scan, nothing parsed
//!            │
//!            ▼
//!   Yaml: events ──▶ nodes and comments of the marked lines ──▶ attach ──▶ Scan { sites, problems }
//!   Lines: one line and the next ─────────────────────────────────────────▶ Scan { sites, problems }
//!
//! bytes + edits ──▶ splice ──▶ read again, compare ──▶ Edited, or a Problem and nothing written
//! ```
//!
//! # What a marker speaks for
//!
//! The only value on its line, with nothing but closing brackets and commas between; in a line of its own (or
//! behind the bare dash of a list item), the list item or value on the line below, if that line has the same
//! indentation and no comment of its own, and no other comment line stands with the marker. That is what Flux
//! serves, and one thing more: the only value before a closing bracket, `{image: app:1} # {…}`. Flux also overwrites
//! block scalars, scalars over several lines and the last of several values on a line; those are reported.
//!
//! A [`Scan`] depends on nothing but the bytes, so callers keep it by blob id. Whatever stands in a file that
//! names `$imagepolicy` is either a [`Site`] or a [`Problem`]; nothing is passed over in silence.

mod apply;
mod kind;
mod lines;
mod marker;
mod place;
mod problem;
mod quote;
mod site;
mod yaml;

pub use apply::{Edit, Edited, Splice, apply};
pub use kind::{FileKind, LineFormat, is_yaml_name, line_format};
pub use problem::{Problem, ProblemReason};
pub use site::{Field, ObjectIdentifier, Scan, Site};

/// The largest file that is read, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// The most markers that are read in one file.
const MAX_MARKERS: usize = 20_000;

/// Finds the marked fields of one file.
///
/// A file that holds no marker's word is not parsed, so it has no problems either, whatever is in it.
pub fn scan(bytes: &[u8], kind: FileKind) -> Scan {
    let words = marker::words(bytes);
    if words.is_empty() {
        return Scan::default();
    }
    let found = text(bytes, words.len()).and_then(|text| match kind {
        FileKind::Yaml => yaml::scan(text, &words),
        FileKind::Lines(format) => Ok(lines::scan(text, &words, format)),
    });
    found.unwrap_or_else(|problem| Scan { sites: Vec::new(), problems: vec![problem] })
}

/// The file as text, if it is one and within the limits.
fn text(bytes: &[u8], markers: usize) -> Result<&str, Problem> {
    if bytes.len() > MAX_BYTES {
        let message = format!(
            "the file has more than {} MiB; move its marked fields to a smaller one",
            MAX_BYTES >> 20
        );
        return Err(Problem::of_file(ProblemReason::TooLarge, message));
    }
    if markers > MAX_MARKERS {
        let message = format!("the file has more than {MAX_MARKERS} markers; split it");
        return Err(Problem::of_file(ProblemReason::TooLarge, message));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = place::of_bytes(bytes, error.valid_up_to());
        Problem::new(line, column, ProblemReason::NotUtf8, "the file is not UTF-8; save it as UTF-8")
    })
}
