//! The check behind promise 1: reads the file before and after an edit side by side. Called by `apply`.

use super::{parse_problem, parser};
use crate::Problem;
use crate::apply::{Intent, verify_failed};
use crate::quote::is_plain_string;
use granit_parser::{Event, ScalarStyle};

/// Compares the events of `before` and `after`: the same kinds in the same order with the same contents, except
/// that the scalars at the spans of `intents` (ascending) read as the intended strings.
///
/// # Errors
/// `VerifyFailed` at the first event that differs, or the parser's refusal.
pub(crate) fn verify(before: &str, after: &str, intents: &[Intent<'_>]) -> Result<(), Problem> {
    let mut new = parser(after);
    let mut changed = 0;
    for event in parser(before) {
        let (old, span) = event.map_err(|error| parse_problem(before, &error))?;
        let at = span.byte_range().unwrap_or_default();
        let Some(Ok((new, _))) = new.next() else { return Err(verify_failed(before, at.start)) };
        let intent = match old {
            Event::Scalar(..) => intents
                .binary_search_by(|intent| (intent.span.start, intent.span.end).cmp(&(at.start, at.end))),
            _ => Err(0),
        };
        let as_intended = match intent.ok().and_then(|found| intents.get(found)) {
            Some(intent) => {
                changed += 1;
                is_intended(&old, &new, intent)
            }
            None => old == new,
        };
        if !as_intended {
            return Err(verify_failed(before, at.start));
        }
    }
    if new.next().is_some() || changed != intents.len() {
        return Err(verify_failed(before, intents.first().map_or(0, |intent| intent.span.start)));
    }
    Ok(())
}

/// Whether `old` is the scalar that was scanned, and `new` the same one with the intended value, as a string.
fn is_intended(old: &Event<'_>, new: &Event<'_>, intent: &Intent<'_>) -> bool {
    let (Event::Scalar(was, old_style, old_anchor, old_tag), Event::Scalar(text, style, anchor, tag)) =
        (old, new)
    else {
        return false;
    };
    let same_style =
        style == old_style || (*old_style == ScalarStyle::Plain && *style == ScalarStyle::DoubleQuoted);
    let is_string = *style != ScalarStyle::Plain || is_plain_string(text);
    was == intent.was
        && text == intent.value
        && same_style
        && is_string
        && anchor == old_anchor
        && tag == old_tag
}
