//! Changes marked values, byte for byte, and reads the result again before anybody may have it. Called by the
//! engine for each file of a plan.

use crate::place::{Places, offset};
use crate::{Field, FileKind, Problem, ProblemReason, lines, quote, yaml};
use std::{borrow::Cow, ops::Range};

/// A new value for a field of the file's own scan.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// The field, from a scan of the same bytes.
    pub field: &'a Field,
    /// The value that it shall decode to.
    pub value: &'a str,
}

/// The outcome of [`apply`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// What was replaced, ascending; empty where every field already held its value.
    pub splices: Vec<Splice>,
}

/// Bytes replaced by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Where, in the bytes before the edit.
    pub span: Range<u32>,
    /// The source text that stood there, quotes included.
    pub old: String,
    /// The source text that stands there now.
    pub new: String,
}

/// A splice and the value that it must read back as.
pub(crate) struct Intent<'a> {
    pub(crate) span: Range<usize>,
    /// What the field decoded to when it was scanned.
    pub(crate) was: &'a str,
    pub(crate) value: &'a str,
    pub(crate) new: Cow<'a, str>,
}

/// Writes `edits`, in any order, into a copy of `bytes`.
///
/// A field that already holds its value is not touched, whatever its quotes. The result is parsed again and
/// compared with the original: same structure, same comments, only the intended scalars differ, and they read
/// back as exactly the new values, as strings.
///
/// # Errors
/// `InvalidValue` for a value that cannot stand in its field, `VerifyFailed` where the result does not read
/// back as intended or a field is not of these bytes. Nothing is to be written then.
pub fn apply(bytes: &[u8], kind: FileKind, edits: &[Edit<'_>]) -> Result<Edited, Problem> {
    let text = crate::text(bytes, 0)?;
    let mut intents = Vec::with_capacity(edits.len());
    for edit in edits.iter().filter(|edit| edit.value != edit.field.value) {
        intents.push(intent(text, kind, edit)?);
    }
    intents.sort_by_key(|intent| (intent.span.start, intent.span.end));
    let twice = intents.windows(2).any(|pair| matches!(pair, [a, b] if b.span.start < a.span.end));
    if twice {
        return Err(Problem::of_file(
            ProblemReason::VerifyFailed,
            "one field was given two values; nothing is written",
        ));
    }
    if intents.is_empty() {
        return Ok(Edited { bytes: bytes.to_vec(), splices: Vec::new() });
    }
    let result = splice(text, &intents);
    match kind {
        FileKind::Yaml => yaml::verify(text, &result, &intents)?,
        FileKind::Lines(format) => lines::verify(text, &result, &intents, format)?,
    }
    let splices = intents.into_iter().map(|intent| Splice {
        span: offset(intent.span.start)..offset(intent.span.end),
        old: text.get(intent.span).unwrap_or_default().to_owned(),
        new: intent.new.into_owned(),
    });
    let splices = splices.collect();
    Ok(Edited { bytes: result.into_bytes(), splices })
}

/// An edit as a splice.
fn intent<'a>(text: &str, kind: FileKind, edit: &Edit<'a>) -> Result<Intent<'a>, Problem> {
    let Field { line, column, .. } = *edit.field;
    let span = edit.field.span.start as usize..edit.field.span.end as usize;
    let old = text.get(span.clone()).filter(|old| !old.is_empty()).ok_or_else(|| {
        let message = "the field is not of this version of the file; nothing is written";
        Problem::new(line, column, ProblemReason::VerifyFailed, message)
    })?;
    let new = match kind {
        FileKind::Yaml => quote::render(old, edit.value),
        FileKind::Lines(_) => lines::render(edit.value),
    };
    let new = new.ok_or_else(|| {
        let shown: String = edit.value.chars().take(80).collect();
        let message =
            format!("{shown:?} cannot be written here: it holds characters that no image reference has");
        Problem::new(line, column, ProblemReason::InvalidValue, message)
    })?;
    Ok(Intent { span, was: &edit.field.value, value: edit.value, new })
}

fn splice(text: &str, intents: &[Intent<'_>]) -> String {
    let grown: usize = intents.iter().map(|intent| intent.new.len()).sum();
    let mut result = String::with_capacity(text.len() + grown);
    let mut at = 0;
    for intent in intents {
        result.push_str(text.get(at..intent.span.start).unwrap_or_default());
        result.push_str(&intent.new);
        at = intent.span.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

/// The refusal of an edited file, at the place in the original where it went another way.
pub(crate) fn verify_failed(text: &str, at: usize) -> Problem {
    let (line, column) = Places::new(text).of(text.floor_char_boundary(at));
    let message = "the edited file would not read back as intended here; nothing is written";
    Problem::new(line, column, ProblemReason::VerifyFailed, message)
}
