//! Reads one comment: is it a marker, and what does it ask for? Used by the YAML scan and by line mode.

use memchr::memmem;
use std::collections::BTreeMap;
use tagalong_model::MarkerTarget;

/// The key of a marker. A file without it (and without [`LEGACY`]) is never parsed.
pub(crate) const KEY: &str = "$imagepolicy";
/// The key of a person's reason why nothing is written.
const HOLD: &str = "hold";
/// What the value of a marker in the older, long form begins with after `#/definitions/`.
pub(crate) const LEGACY: &str = "io.k8s.cli.setters.";

/// A comment that is a marker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) target: MarkerTarget,
    pub(crate) hold: Option<String>,
}

/// What a comment turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Comment {
    /// A marker, and nothing else.
    Marker(Marker),
    /// A line with a marker, as a whole commented out.
    CommentedOut,
    /// It names `$imagepolicy` and is no marker; the text says why and what to do.
    Invalid(String),
    /// Not for us.
    Other,
}

/// Byte offsets of the words that a marker must contain, ascending.
pub(crate) fn words(bytes: &[u8]) -> Vec<usize> {
    let mut found: Vec<usize> = memmem::find_iter(bytes, KEY).collect();
    let keys = found.len();
    found.extend(memmem::find_iter(bytes, LEGACY));
    if keys > 0 && found.len() > keys {
        found.sort_unstable();
    }
    found
}

/// Reads the text of a comment, its `#` or `//` included or not.
///
/// A marker is the whole comment: a JSON object of strings with the key `$imagepolicy`, as kyaml's field
/// metadata asks for, or `{"$ref": "#/definitions/io.k8s.cli.setters.ns:name:tag"}`.
pub(crate) fn read(comment: &str) -> Comment {
    let text = strip(comment);
    let named = text.contains(KEY);
    let object: BTreeMap<String, String> = match serde_json::from_str(text) {
        Ok(object) => object,
        Err(_) if named => return not_json(text),
        Err(_) => return Comment::Other,
    };
    // A field that was meant to be held must not be written.
    if let Some(key) = object.keys().find(|key| named && is_almost_hold(key)) {
        return Comment::Invalid(format!("\"{key}\" is no key of a marker; did you mean \"{HOLD}\"?"));
    }
    if let Some(value) = object.get(KEY) {
        return match value.parse() {
            Ok(target) => Comment::Marker(Marker { target, hold: object.get(HOLD).cloned() }),
            Err(error) => Comment::Invalid(error_text(&error)),
        };
    }
    let legacy =
        object.get("$ref").and_then(|value| value.strip_prefix("#/definitions/")?.strip_prefix(LEGACY));
    match legacy.filter(|name| name.contains(':')).map(str::parse) {
        Some(Ok(target)) => Comment::Marker(Marker { target, hold: object.get(HOLD).cloned() }),
        Some(Err(error)) => Comment::Invalid(error_text(&error)),
        None if named => Comment::Invalid(format!("the key of a marker must be \"{KEY}\"")),
        // Setters of other tools share this form.
        None => Comment::Other,
    }
}

fn is_almost_hold(key: &str) -> bool {
    key != HOLD && strsim::damerau_levenshtein(&key.to_lowercase(), HOLD) <= 1
}

fn error_text(error: &tagalong_model::InvalidMarker) -> String {
    error.to_string()
}

/// Whether text that ends with `before`, right before the key, looks like the start of a marker in a comment.
pub(crate) fn begins_like_one(before: &str) -> bool {
    let object = before.trim_end_matches(['"', '\'', '\\', ' ', '\t']).strip_suffix('{');
    object.is_some_and(|before| before.trim_end().ends_with(['#', '/']))
}

fn strip(comment: &str) -> &str {
    let text = comment.trim_start();
    text.strip_prefix("//").unwrap_or(text).trim_start_matches('#').trim()
}

fn not_json(text: &str) -> Comment {
    let Some(at) = text.find(KEY) else { return Comment::Other };
    let (before, rest) = text.split_at(at);
    let opening = before.rfind('{');
    let split = opening.and_then(|at| text.split_at_checked(at));
    let commented_out = split.is_some_and(|(line, marker)| {
        let (line, outer) = (line.trim_end().trim_end_matches('#'), line.trim_end());
        line.len() < outer.len()
            && line.ends_with(char::is_whitespace)
            && matches!(read(marker), Comment::Marker(_))
    });
    if commented_out {
        return Comment::CommentedOut;
    }
    let before = before.trim_end();
    Comment::Invalid(if rest.contains('\'') || before.ends_with('\'') {
        format!("a marker is JSON, in double quotes: # {{\"{KEY}\": \"namespace:policy\"}}")
    } else if opening.is_some_and(|at| at > 0) || (rest.contains('}') && !rest.trim_end().ends_with('}')) {
        "a marker must be the whole comment; move the other text to a line of its own".to_owned()
    } else {
        format!("this comment is no marker; a marker is # {{\"{KEY}\": \"namespace:policy\"}}")
    })
}
