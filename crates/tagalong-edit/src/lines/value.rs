//! Finds the value that a marker speaks for on one line.

use crate::LineFormat;
use std::ops::Range;
use tagalong_model::{Digest, ImageName, ImageRef, Setter, Tag};

/// Bytes of image references, names, tags and digests; none of them needs quotes anywhere.
pub(super) fn is_reference_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte)
}

/// The bytes of the value of `setter` on `line`: of its only image reference, else (but for whole references)
/// the last quoted string or word.
///
/// # Errors
/// What is missing and what to do, for people.
pub(super) fn find(line: &str, setter: Setter, format: LineFormat) -> Result<Range<usize>, String> {
    let mut references = words(line).into_iter().filter_map(|word| reference(line, word));
    let span = match (references.next(), references.next()) {
        (Some(_), Some(_)) => return Err("several image references stand on this line; split it".to_owned()),
        (Some((span, parsed)), None) => part(span, &parsed, setter)?,
        (None, _) => last(line, setter)?,
    };
    let before = line.get(..span.start).unwrap_or_default();
    if format.needs_quotes() && before.matches('"').count() % 2 == 0 && before.matches('\'').count() % 2 == 0
    {
        return Err("the value must stand in quotes, else it would be no string in this format".to_owned());
    }
    Ok(span)
}

/// The maximal runs of reference bytes.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for at in line.bytes().enumerate().filter(|(_, byte)| is_reference_byte(*byte)).map(|(at, _)| at) {
        match words.last_mut() {
            Some(word) if word.end == at => word.end = at + 1,
            _ => words.push(at..at + 1),
        }
    }
    words
}

/// The word as a reference with a tag or digest.
fn reference(line: &str, word: Range<usize>) -> Option<(Range<usize>, ImageRef)> {
    let text = line.get(word.clone())?;
    let parsed: ImageRef = text.parse().ok()?;
    let is_digest = text.parse::<Digest>().is_ok();
    (!is_digest && (parsed.tag.is_some() || parsed.digest.is_some())).then_some((word, parsed))
}

/// The part of the reference at `span` that `setter` writes.
fn part(span: Range<usize>, parsed: &ImageRef, setter: Setter) -> Result<Range<usize>, String> {
    let name_end = span.start + parsed.name.as_str().len();
    let digest_start = parsed.digest.as_ref().map(|digest| span.end - digest.as_str().len());
    match (setter, digest_start) {
        (Setter::Image, _) => Ok(span),
        (Setter::Name, _) => Ok(span.start..name_end),
        (Setter::Digest, Some(start)) => Ok(start..span.end),
        (Setter::Digest, None) => {
            Err("the image reference on this line has no digest yet; write one".to_owned())
        }
        (Setter::Tag, None) => Ok(name_end + 1..span.end),
        (Setter::Tag, Some(_)) => Err(
            "the image reference on this line has a digest; use a marker without :tag for the whole of it"
                .to_owned(),
        ),
    }
}

/// The last quoted string or word, if it is of the kind that `setter` writes.
fn last(line: &str, setter: Setter) -> Result<Range<usize>, String> {
    let wanted = match setter {
        Setter::Image => {
            return Err("no image:tag was found on the line that this marker speaks for".to_owned());
        }
        Setter::Name => "image name",
        Setter::Tag => "tag",
        Setter::Digest => "digest",
    };
    let missing = || format!("the last word of the line that this marker speaks for is no {wanted}");
    let span = words(line).pop().ok_or_else(missing)?;
    let text = line.get(span.clone()).unwrap_or_default();
    let fits = match setter {
        Setter::Name => text.parse::<ImageName>().is_ok(),
        Setter::Digest => text.parse::<Digest>().is_ok(),
        _ => Tag::is_valid(text),
    };
    // A quoted string is one value: a word that is only part of it is none.
    let before = line.get(..span.start).unwrap_or_default().chars().next_back();
    let after = line.get(span.end..).unwrap_or_default();
    let quote = before.filter(|c| matches!(c, '"' | '\''));
    let rest = quote.map_or(Some(after), |quote| after.strip_prefix(quote));
    let whole = rest.is_some_and(|rest| {
        rest.chars().all(|c| c.is_whitespace() || matches!(c, ',' | ';' | ')' | ']' | '}'))
    });
    let value =
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '(' | '[' | '{' | ','));
    if fits && whole && value { Ok(span) } else { Err(missing()) }
}
