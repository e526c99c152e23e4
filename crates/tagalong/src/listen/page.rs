//! The page: one table of objects, one of what is held or cannot be served. Everything from outside is escaped.

use crate::print;
use std::fmt::Write as _;
use tagalong_engine::{Kinds, Record};

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Tagalong</title><style>\
    body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}\
    .False,.Unknown{color:#b00}</style></head><body><h1>Tagalong</h1>";

/// The whole page.
pub(super) fn html(kinds: &Kinds, record: &Record) -> String {
    let mut out = String::from(HEAD);
    out.push_str("<table><tr><th>Object<th>Ready<th>Message</tr>");
    for row in print::objects::rows(kinds) {
        // Writing to a String cannot fail.
        _ = write!(
            out,
            "<tr><td>{}<td class=\"{ready}\">{ready}<td>{}</tr>",
            escaped(&row.object),
            escaped(&row.message),
            ready = escaped(&row.ready)
        )
        .is_ok();
    }
    out.push_str(
        "</table><h2>Held, and what nobody serves</h2><table><tr><th>Place<th>Reason<th>Message</tr>",
    );
    for turn in record.turns() {
        let held =
            turn.plan.held.iter().map(|held| (&held.path, held.line, held.reason.as_str(), &held.message));
        let problems = turn
            .plan
            .problems
            .iter()
            .map(|problem| (&problem.path, problem.line, problem.reason, &problem.message));
        for (path, line, reason, message) in held.chain(problems) {
            let path = escaped(path.as_str());
            _ = write!(out, "<tr><td>{path}:{line}<td>{reason}<td>{}</tr>", escaped(message)).is_ok();
        }
    }
    out.push_str("</table></body></html>");
    out
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_no_markup() {
        assert_eq!(escaped("<b a='\"&\">"), "&lt;b a=&#39;&quot;&amp;&quot;&gt;");
    }
}
