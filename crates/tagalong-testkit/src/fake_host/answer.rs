//! What every request goes through: faults, the token, the page. Then the host's own file answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State as Extract};
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::{Fault, INSTALLATION_TOKEN, Kind, State, TOKEN, github, gitlab};

/// One request, taken apart.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// Parts of the path below the API, decoded.
    pub(super) path: &'a [String],
    pub(super) query: &'a BTreeMap<String, String>,
    pub(super) body: &'a Value,
    /// `http://127.0.0.1:PORT`.
    pub(super) origin: String,
}

impl Asked<'_> {
    pub(super) fn text(&self, key: &str) -> String {
        self.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let list = self.body.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    }

    pub(super) fn wants(&self, key: &str, value: &str) -> bool {
        self.query.get(key).is_none_or(|wanted| wanted == value)
    }
}

/// Status and body.
pub(super) type Said = (u16, Value);

pub(super) const NOT_FOUND: (u16, Value) = (404, Value::Null);

pub(super) async fn answer(
    Extract((kind, state)): Extract<(Kind, Arc<Mutex<State>>)>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let fault = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push(format!("{method} {path}"));
        state.take_fault(&method)
    };
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.after) {
        return spoil(fault).await;
    }
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let said = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let query = query(parts.uri.query().unwrap_or_default());
        respond(kind, &mut state, &method, &path, &query, &bytes, host, authorization.unwrap_or_default())
    };
    match fault {
        Some(fault) => spoil(&fault).await,
        None => said,
    }
}

async fn spoil(fault: &Fault) -> Response<Body> {
    if fault.hangs {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(fault.status);
    for (name, value) in &fault.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(fault.body.clone())).unwrap_or_default()
}

#[expect(clippy::too_many_arguments, reason = "all that a request is")]
fn respond(
    kind: Kind,
    state: &mut State,
    method: &str,
    path: &str,
    query: &BTreeMap<String, String>,
    bytes: &Bytes,
    host: &str,
    authorization: &str,
) -> Response<Body> {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if !body.is_null() {
        state.bodies.push(body.clone());
    }
    let path: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let asked = Asked { method, path: &path, query, body: &body, origin: format!("http://{host}") };
    let knows = [TOKEN, INSTALLATION_TOKEN].iter().any(|token| authorization == format!("Bearer {token}"));
    let is_app = kind == Kind::GitHub && path.iter().any(|part| part == "access_tokens");
    let (status, body) = match kind {
        _ if !knows && !is_app => (401, json!({"message": "Bad credentials"})),
        Kind::GitHub => github::answer(state, &asked, authorization),
        Kind::GitLab => gitlab::answer(state, &asked),
    };
    page(state, &asked, status, body)
}

/// Lists are given out page by page; `Link` says whether there is another one.
fn page(state: &State, asked: &Asked<'_>, status: u16, body: Value) -> Response<Body> {
    let number = |key: &str| asked.query.get(key).and_then(|text| text.parse::<usize>().ok());
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap_or_default());
    let body = match body {
        Value::Array(list) => {
            let size = state.page.or(number("per_page")).unwrap_or(30).clamp(1, 100);
            let page = number("page").unwrap_or(1).max(1);
            if list.len() > page * size {
                let next = format!("<{}/next?page={}>; rel=\"next\"", asked.origin, page + 1);
                response = response.header(header::LINK, next);
            }
            Value::Array(list.into_iter().skip((page - 1) * size).take(size).collect())
        }
        other => other,
    };
    let text = if body.is_null() { String::new() } else { body.to_string() };
    response.header(header::CONTENT_TYPE, "application/json").body(Body::from(text)).unwrap_or_default()
}

impl State {
    fn take_fault(&mut self, method: &str) -> Option<Fault> {
        let meant = |fault: &Fault| fault.method.as_ref().is_none_or(|wanted| wanted == method);
        self.faults.front().is_some_and(meant).then(|| self.faults.pop_front()).flatten()
    }
}

fn query(text: &str) -> BTreeMap<String, String> {
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), decoded(v))).collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next().unwrap_or_default(), bytes.next().unwrap_or_default()];
        let digits = String::from_utf8_lossy(&digits).into_owned();
        out.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A moment so many minutes after the host's beginning.
pub(super) fn moment(minute: u32) -> String {
    format!("2026-01-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440, minute / 60 % 24, minute % 60)
}
