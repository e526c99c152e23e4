//! The routes of a fake registry.

use super::{
    auth,
    fault::error,
    listing::{self, Asked},
    state::{Inner, Request, State},
};
use axum::{
    body::{Body, Bytes},
    extract,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri, header},
};
use std::sync::Arc;

const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Notes a request, answers it, and lets the answer go wrong where that is due.
pub(super) async fn answer(
    extract::State(state): extract::State<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    note(&state, &method, &uri, &headers);
    // The sender lives in `state`.
    drop(state.held.subscribe().wait_for(|held| !held).await);
    let (truth, fault) = {
        let mut inner = state.lock();
        if uri.path() == "/token" {
            let fault = inner.token_faults.pop_front();
            let fields = if method == Method::POST { fields(&body) } else { fields(query(&uri).as_bytes()) };
            (auth::token(&mut inner, &headers, &fields), fault)
        } else {
            let queued = inner.faults.pop_front().flatten();
            let fault = queued.or_else(|| inner.standing_fault.clone());
            (truth(&state, &inner, &method, &uri, &headers), fault)
        }
    };
    match fault {
        Some(fault) => fault.spoil(truth).await,
        None => truth,
    }
}

fn note(state: &State, method: &Method, uri: &Uri, headers: &HeaderMap) {
    state.lock().requests.push(Request {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: query(uri).to_owned(),
        authorization: auth::kind(headers),
    });
    state.count.send_modify(|count| *count += 1);
}

fn query(uri: &Uri) -> &str {
    uri.query().unwrap_or_default()
}

fn truth(state: &State, inner: &Inner, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    let Some(path) = uri.path().strip_prefix("/v2/") else { return error(404, &[]) };
    let (name, what) = match path.rsplit_once('/') {
        Some((rest, last)) => {
            rest.rsplit_once('/').map_or((rest, ("", last)), |(name, kind)| (name, (kind, last)))
        }
        None => (path, ("", "")),
    };
    if let Some(refusal) = auth::refuse(state, inner, headers, name) {
        return refusal;
    }
    let repository = inner.content.repository(name);
    match what {
        ("", "") => Response::new(Body::from("{}")),
        ("tags", "list") => list(state, inner, name, uri),
        ("manifests" | "blobs", reference) => match repository.and_then(|r| r.object(reference)) {
            Some(object) => serve(inner, method, object),
            None => error(404, &[]),
        },
        _ => error(404, &[]),
    }
}

fn list(state: &State, inner: &Inner, name: &str, uri: &Uri) -> Response<Body> {
    let repository = inner.content.repository(name);
    let stored = matches!(
        inner.listing,
        listing::Listing::Paged
            | listing::Listing::AbsoluteLink
            | listing::Listing::ByLast
            | listing::Listing::Whole
    );
    if repository.is_none() && stored {
        return error(404, &[]);
    }
    let fields = fields(query(uri).as_bytes());
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let n = field("n").and_then(|n| n.parse::<usize>().ok());
    if n.zip(inner.max_page_size).is_some_and(|(n, most)| n > most) {
        return error(400, &[]);
    }
    let url = format!("{}://{}", state.scheme(), inner.host);
    listing::page(&inner.listing, repository, &Asked { name, n, last: field("last"), url: &url })
}

fn serve(inner: &Inner, method: &Method, (digest, media_type, bytes): (&str, &str, &[u8])) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes.to_vec()));
    let headers = response.headers_mut();
    if let Ok(media_type) = HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    let stated = inner.claimed_digest.as_deref().unwrap_or(digest);
    if let Ok(stated) = HeaderValue::from_str(stated)
        && !(inner.hides_digests && method == Method::HEAD)
    {
        headers.insert(DIGEST, stated);
    }
    response
}

/// The fields of a query or a form.
fn fields(text: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(
            fields(b"a=1%2F2&b=x+y&c&%zz=%"),
            [pair("a", "1/2"), pair("b", "x y"), pair("c", ""), pair("%zz", "%")]
        );
    }
}
