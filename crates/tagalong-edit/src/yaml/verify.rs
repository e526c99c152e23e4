//! The check behind promise 1: reads the file before and after an edit side by side. Called by `apply`.

use super::token::{Kind, Scalar, Style, Token};
use super::{parse, quick};
use crate::Problem;
use crate::apply::{Intent, verify_failed};
use crate::quote::is_plain_string;

/// Compares the tokens of `before` and `after`: the same kinds in the same order with the same contents, scalars
/// and comments at the same places but for what the splices moved, and the scalars at `intents` (ascending) read
/// as the intended strings. `after` always goes through the full parser.
///
/// # Errors
/// `VerifyFailed` at the first token that differs, or the parser's refusal.
pub(crate) fn verify(before: &str, after: &str, intents: &[Intent<'_>]) -> Result<(), Problem> {
    match quick::tokens(before) {
        Some(tokens) => compare(before, tokens.into_iter().map(Ok), after, intents),
        None => compare(before, parse::tokens(before), after, intents),
    }
}

fn compare<'s>(
    before: &'s str,
    tokens: impl Iterator<Item = Result<Token<'s>, Problem>>,
    after: &str,
    intents: &[Intent<'_>],
) -> Result<(), Problem> {
    let mut new = parse::tokens(after);
    let mut pending = intents.iter().peekable();
    // How far the splices so far have moved what follows; wraps where the file became shorter.
    let mut moved = 0_usize;
    for token in tokens {
        let old = token?;
        let Some(Ok(new)) = new.next() else { return Err(verify_failed(before, old.start)) };
        let intent = pending.next_if(|intent| {
            matches!(old.kind, Kind::Scalar(_))
                && intent.span.start == old.start
                && intent.span.end == old.end
        });
        let start = old.start.wrapping_add(moved);
        if let Some(intent) = intent {
            moved = moved.wrapping_add(intent.new.len()).wrapping_sub(intent.span.len());
        }
        let in_place = match &old.kind {
            Kind::Scalar(Scalar { style: Style::Block, .. }) => true,
            Kind::Scalar(_) | Kind::Comment { .. } => {
                new.start == start && new.end == old.end.wrapping_add(moved)
            }
            _ => true,
        };
        let as_intended = match intent {
            Some(intent) => is_intended(&old.kind, &new.kind, intent),
            None => old.kind == new.kind,
        };
        if !in_place || !as_intended {
            return Err(verify_failed(before, old.start));
        }
    }
    match (new.next(), pending.next()) {
        (None, None) => Ok(()),
        (_, left) => Err(verify_failed(before, left.map_or(before.len(), |intent| intent.span.start))),
    }
}

/// Whether `old` is the scalar that was scanned, and `new` the same one with the intended value, as a string.
fn is_intended(old: &Kind<'_>, new: &Kind<'_>, intent: &Intent<'_>) -> bool {
    let (Kind::Scalar(old), Kind::Scalar(new)) = (old, new) else { return false };
    let same_style =
        new.style == old.style || (old.style == Style::Plain && new.style == Style::DoubleQuoted);
    let is_string = (new.style != Style::Plain || is_plain_string(&new.value)) && !new.other_type;
    old.value == intent.was && new.value == intent.value && same_style && is_string && !new.multiline
}
