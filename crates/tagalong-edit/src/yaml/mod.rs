//! The YAML side of a scan: events to nodes, nodes to fields, fields to sites. Called by `crate::scan`.

mod attach;
mod group;
mod parse;
mod quick;
mod spots;
mod token;
mod tree;
mod verify;
mod walk;

use crate::{Problem, ProblemReason, Scan, marker, place::Places};
use attach::Attacher;
use marker::Comment;
use walk::Sheet;

pub(crate) use verify::verify;

/// Finds the sites of a YAML stream in which `words` are the offsets of the words that markers contain.
///
/// # Errors
/// A problem of the file as a whole: it does not parse, or nests too deeply.
pub(crate) fn scan(text: &str, words: &[usize]) -> Result<Scan, Problem> {
    let Sheet { nodes, comments, tree } = walk::walk(text, spots::spots(text, words))?;
    let attacher = Attacher::new(text, &nodes, &comments);
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut in_comments = vec![false; words.len()];
    for comment in &comments {
        let (first, last) = (
            words.partition_point(|w| *w < comment.place.start),
            words.partition_point(|w| *w < comment.place.end),
        );
        if first == last {
            continue;
        }
        in_comments.get_mut(first..last).unwrap_or_default().fill(true);
        let problem =
            |reason, message: String| Problem::new(comment.place.line, comment.place.column, reason, message);
        match marker::read(text.get(comment.place.start..comment.place.end).unwrap_or_default()) {
            Comment::Other => {}
            Comment::Invalid(message) => problems.push(problem(ProblemReason::InvalidMarker, message)),
            Comment::CommentedOut => problems.push(problem(
                ProblemReason::MarkerCommentedOut,
                "the line is commented out, so its marker is not served; remove it or uncomment the line"
                    .to_owned(),
            )),
            Comment::Marker(marker) => match attacher.value_of(comment) {
                Ok(node) => found.push((marker, node)),
                Err((reason, message)) => problems.push(problem(reason, message)),
            },
        }
    }
    problems.extend(in_text(text, words, &in_comments));
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Ok(Scan { sites: group::sites(found, tree), problems })
}

/// What looks like a marker and stands in a string or block scalar.
fn in_text(text: &str, words: &[usize], in_comments: &[bool]) -> Vec<Problem> {
    let mut places = Places::new(text);
    let outside = words.iter().zip(in_comments).filter(|(_, seen)| !**seen).map(|(at, _)| *at);
    outside
        .filter(|at| marker::begins_like_one(spots::line_before(text, *at)))
        .map(|at| {
            let (line, column) = places.of(at);
            let message =
                "this marker stands inside a string, where it is text; mark a field of its own instead";
            Problem::new(line, column, ProblemReason::MarkerInText, message)
        })
        .collect()
}
