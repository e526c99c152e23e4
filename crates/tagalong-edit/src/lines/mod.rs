//! Line mode (RULES 27): markers in files that are read line by line. Called by `crate::scan` and `apply` for
//! files that an automation opted in.

mod comment;
mod value;

use crate::ProblemReason::{self, InvalidLine};
use crate::apply::{Intent, verify_failed};
use crate::marker::{self, Comment, Marker};
use crate::place::{Places, offset};
use crate::{Field, FileKind, LineFormat, ObjectIdentifier, Problem, Scan, Site};
use memchr::{memchr, memrchr};
use std::{borrow::Cow, ops::Range};

/// Finds the sites of a file whose markers' words stand at `words`.
pub(crate) fn scan(text: &str, words: &[usize], format: LineFormat) -> Scan {
    let mut found = Scan::default();
    let mut places = Places::new(text);
    let mut done = 0;
    for word in words {
        if *word < done {
            continue;
        }
        let line = line_at(text, *word);
        done = line.end;
        let comment = comment::find(text.get(line.clone()).unwrap_or_default(), format);
        match serve(text, &line, comment, format) {
            Ok(Some((marker, span))) => found.sites.push(site(text, marker, span, &mut places)),
            Ok(None) => {}
            Err((reason, message)) => {
                let (line, column) = places.of(comment.map_or(*word, |at| line.start + at));
                found.problems.push(Problem::new(line, column, reason, message));
            }
        }
    }
    found
}

type Refusal = (ProblemReason, String);

/// The marker on `line`, whose comment begins `comment` bytes in, and the bytes of the value that it speaks for;
/// `None` where it is not for us.
fn serve(
    text: &str,
    line: &Range<usize>,
    comment: Option<usize>,
    format: LineFormat,
) -> Result<Option<(Marker, Range<usize>)>, Refusal> {
    let source = text.get(line.clone()).unwrap_or_default();
    let Some(comment) = comment else {
        let named =
            source.find(marker::KEY).and_then(|at| source.get(..at)).is_some_and(marker::begins_like_one);
        let message = "no comment of this format begins before the marker, or it stands inside a string";
        return if named { Err((ProblemReason::MarkerInText, message.to_owned())) } else { Ok(None) };
    };
    let (before, after) = source.split_at_checked(comment).unwrap_or((source, ""));
    let marker = match marker::read(after) {
        Comment::Marker(marker) => marker,
        Comment::Other => return Ok(None),
        Comment::Invalid(message) => return Err((ProblemReason::InvalidMarker, message)),
        Comment::CommentedOut => {
            let message =
                "the line is commented out, so its marker is not served; remove it or uncomment the line";
            return Err((ProblemReason::MarkerCommentedOut, message.to_owned()));
        }
    };
    let alone = before.trim().is_empty();
    if !alone && !format.has_trailing_comments() {
        let message =
            "this format has no comments at the end of a line; put the marker alone on the line above";
        return Err((InvalidLine, message.to_owned()));
    }
    let target = if alone { below(text, line.end, format)? } else { line.start..line.start + before.len() };
    let content = text.get(target.clone()).unwrap_or_default();
    let span =
        value::find(content, marker.target.setter, format).map_err(|message| (InvalidLine, message))?;
    Ok(Some((marker, target.start + span.start..target.start + span.end)))
}

/// What stands on the line below the one that ends at `end`, its trailing comment not included.
fn below(text: &str, end: usize, format: LineFormat) -> Result<Range<usize>, Refusal> {
    let line = line_below(text, end);
    let source = text.get(line.clone()).unwrap_or_default();
    let content = comment::without(source, format);
    let is_comment =
        comment::find(source, format).and_then(|at| source.get(..at)).is_some_and(|c| c.trim().is_empty());
    let message = if is_comment || content.trim().is_empty() {
        "no value stands on the line below this marker; put the marker right above the line of the value"
    } else if !marker::words(source.as_bytes()).is_empty() {
        "the line below has a marker of its own; remove one of the two"
    } else {
        return Ok(line.start..line.start + content.len());
    };
    Err((InvalidLine, message.to_owned()))
}

fn site(text: &str, marker: Marker, span: Range<usize>, places: &mut Places<'_>) -> Site {
    let (line, column) = places.of(span.start);
    let around = line_at(text, span.start);
    let before = text.get(around.start..span.start).unwrap_or_default();
    let after = comment::without(text.get(span.end..around.end).unwrap_or_default(), LineFormat::Env);
    let path = format!("{}…{}", before.trim_start(), after.trim_end()).chars().take(253).collect();
    let value = text.get(span.clone()).unwrap_or_default().to_owned();
    let span = offset(span.start)..offset(span.end);
    Site {
        policy: marker.target.policy,
        fields: vec![Field { setter: marker.target.setter, span, line, column, value, path }],
        object: ObjectIdentifier::default(),
        hold: marker.hold,
    }
}

/// The line that holds `at`, without its line break.
fn line_at(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = bytes.get(..at).and_then(|head| memrchr(b'\n', head)).map_or(0, |found| found + 1);
    let end = bytes.get(at..).and_then(|tail| memchr(b'\n', tail)).map_or(text.len(), |found| at + found);
    let end = if bytes.get(..end).is_some_and(|head| head.ends_with(b"\r")) { end - 1 } else { end };
    start.min(end)..end
}

/// The line below the one that ends at `end`.
fn line_below(text: &str, end: usize) -> Range<usize> {
    match text.as_bytes().get(end..) {
        Some([b'\r', b'\n', ..]) => line_at(text, end + 2),
        Some([_, ..]) => line_at(text, end + 1),
        _ => end..end,
    }
}

/// The new value as it is written: as it is, since only characters pass that need no quotes in any format.
pub(crate) fn render(value: &str) -> Option<Cow<'_, str>> {
    let fits = !value.is_empty() && value.bytes().all(value::is_reference_byte);
    fits.then_some(Cow::Borrowed(value))
}

/// Scans the edited file again: the same sites in the same order, the intended values at `intents`, all other
/// values as they were. All other bytes are equal by construction.
///
/// # Errors
/// `VerifyFailed` at the first site that differs.
pub(crate) fn verify(
    before: &str,
    after: &str,
    intents: &[Intent<'_>],
    format: LineFormat,
) -> Result<(), Problem> {
    let kind = FileKind::Lines(format);
    let (old, new) = (crate::scan(before.as_bytes(), kind), crate::scan(after.as_bytes(), kind));
    let fields = |scan: &Scan| scan.sites.iter().flat_map(|site| site.fields.clone()).collect::<Vec<_>>();
    let (old_fields, new_fields) = (fields(&old), fields(&new));
    let mut changed = 0;
    for (old, new) in old_fields.iter().zip(&new_fields) {
        let intent =
            intents.binary_search_by_key(&(old.span.start as usize), |intent| intent.span.start).ok();
        let intent = intent.and_then(|at| intents.get(at));
        changed += usize::from(intent.is_some());
        let wanted = intent.map_or(old.value.as_str(), |intent| intent.value);
        let stale =
            intent.is_some_and(|intent| old.value != intent.was || old.span.end as usize != intent.span.end);
        if stale || new.value != wanted || new.setter != old.setter || new.path != old.path {
            return Err(verify_failed(before, old.span.start as usize));
        }
    }
    let same = old_fields.len() == new_fields.len() && old.problems.len() == new.problems.len();
    if !same || changed != intents.len() {
        return Err(verify_failed(before, intents.first().map_or(0, |intent| intent.span.start)));
    }
    Ok(())
}
