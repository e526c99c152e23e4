//! The `Link` header of a page of tags (RFC 8288). Used by `list`.

use reqwest::header::{HeaderMap, LINK};

/// The target of the first link with `rel="next"`, as it was written.
pub(crate) fn next(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_in)
}

fn next_in(mut text: &str) -> Option<&str> {
    loop {
        let (_, rest) = text.split_once('<')?;
        let (target, rest) = rest.split_once('>')?;
        let end = end_of_parameters(rest);
        let (parameters, rest) = rest.split_at(end);
        if is_next(parameters) {
            return Some(target.trim());
        }
        text = rest;
    }
}

/// Where the parameters end: at a comma outside quotes.
fn end_of_parameters(text: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel")
            && value.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_link_among_others() {
        for (text, expected) in [
            ("</v2/a/tags/list?last=x&n=9>; rel=\"next\"", Some("/v2/a/tags/list?last=x&n=9")),
            ("</a>;rel=next", Some("/a")),
            ("</a>; title=\"x, y\"; rel=\"next\"", Some("/a")),
            ("</a>; rel=\"prev\", </b>; REL=\"last Next\"", Some("/b")),
            ("</a>; rel=\"prev\"", None),
            ("</a>", None),
            ("/a; rel=next", None),
            ("<", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(LINK, text.parse().unwrap())]);
            assert_eq!(next(&headers), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_registry_writes_ends(header in r#"[<>;,="relnxt ]{0,40}"#) {
            let found = next_in(&header);
            proptest::prop_assert!(found.is_none_or(|target| header.contains(target)));
        }
    }
}
