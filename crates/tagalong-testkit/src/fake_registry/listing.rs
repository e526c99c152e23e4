//! The ways in which a fake registry lists tags, good and bad.

use super::content::Repository;
use axum::{
    body::Body,
    http::{Response, header},
};
use std::ops::Bound;

/// How tags are listed.
#[derive(Debug, Clone, Default)]
pub enum Listing {
    /// By `n` and `last`, with a relative `Link` to the next page, as the distribution specification says.
    #[default]
    Paged,
    /// The same with an absolute `Link`, as distribution 2 and 3 write it behind some proxies.
    AbsoluteLink,
    /// By `n` and `last`, but without any `Link`.
    ByLast,
    /// All at once, whatever is asked (docker-registry 2.8).
    Whole,
    /// A `Link` to a new page with new tags, for ever.
    Endless,
    /// A `Link` to a new page with the same tags, for ever.
    EndlessSame,
    /// A `Link` to a new page with no tags, for ever.
    EndlessEmpty,
    /// A `Link` to itself.
    Circle,
    /// A `Link` to this address.
    LinkTo(String),
    /// `1.0.0`, `1.0.1` … up to this many, in pages; none of them is stored.
    Generated(usize),
    /// This body, in one page.
    Raw(Vec<u8>),
}

/// A question for a page.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) n: Option<usize>,
    pub(super) last: Option<&'a str>,
    /// `http://HOST`, for absolute links.
    pub(super) url: &'a str,
}

/// The answer to it.
pub(super) fn page(listing: &Listing, repository: Option<&Repository>, asked: &Asked<'_>) -> Response<Body> {
    let n = asked.n.unwrap_or(usize::MAX);
    let cursor: usize = asked.last.and_then(|last| last.rsplit('.').next()?.parse().ok()).unwrap_or(0);
    let stored = |last: Option<&str>, n: usize| {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let tags = repository.into_iter().flat_map(|r| r.tags.range::<str, _>((from, Bound::Unbounded)));
        let mut tags = tags.map(|(tag, _)| tag.clone());
        let page: Vec<String> = tags.by_ref().take(n).collect();
        (page, tags.next().is_some())
    };
    let relative = |last: &str| format!("/v2/{}/tags/list?last={last}&n={n}", asked.name);
    let link_after = |(page, more): (Vec<String>, bool), absolute: bool| {
        let last = page.last().filter(|_| more).map(|last| relative(last));
        let link = last.map(|link| if absolute { format!("{}{link}", asked.url) } else { link });
        (page, link)
    };
    let (tags, link) = match listing {
        Listing::Paged => link_after(stored(asked.last, n), false),
        Listing::AbsoluteLink => link_after(stored(asked.last, n), true),
        Listing::ByLast => (stored(asked.last, n).0, None),
        Listing::Whole => (stored(None, usize::MAX).0, None),
        Listing::Endless => (generated(cursor, 10), Some(relative(&format!("x.{}", cursor + 10)))),
        Listing::EndlessSame => (generated(0, 10), Some(relative(&format!("x.{}", cursor + 1)))),
        Listing::EndlessEmpty => (Vec::new(), Some(relative(&format!("x.{}", cursor + 1)))),
        Listing::Circle => (generated(0, 10), Some(relative(asked.last.unwrap_or("x")))),
        Listing::LinkTo(url) => (generated(0, 10), Some(url.clone())),
        Listing::Generated(all) => {
            let count = n.min(all - cursor.min(*all));
            let next = cursor + count;
            (generated(cursor, count), (next < *all).then(|| relative(&format!("x.{next}"))))
        }
        Listing::Raw(body) => return json(body.clone(), None),
    };
    json(body(asked.name, &tags).into_bytes(), link)
}

/// `{"name": …, "tags": […]}`; tags and names of ours need no escapes.
fn body(name: &str, tags: &[String]) -> String {
    if tags.is_empty() {
        return format!(r#"{{"name":"{name}","tags":[]}}"#);
    }
    format!(r#"{{"name":"{name}","tags":["{}"]}}"#, tags.join(r#"",""#))
}

fn generated(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|i| format!("1.0.{i}")).collect()
}

fn json(body: Vec<u8>, link: Option<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if let Some(link) = link.and_then(|link| format!("<{link}>; rel=\"next\"").parse().ok()) {
        headers.insert(header::LINK, link);
    }
    response
}
