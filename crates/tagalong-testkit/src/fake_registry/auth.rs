//! Who may ask a fake registry, and its token service.

use super::{
    fault::error,
    state::{AuthorizationKind, Inner, State},
};
use axum::{
    body::Body,
    http::{HeaderMap, Response, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::collections::HashMap;

/// Who may ask.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Everybody, with no questions.
    #[default]
    Open,
    /// Who has this name and password.
    Basic(String, String),
    /// Who has a token; the token service gives one to this name and password.
    Token(String, String),
    /// Who has a token; the token service gives one to everybody (GHCR, Docker Hub for public images).
    AnonymousToken,
    /// Who has a token; the token service gives one for this refresh token, by POST.
    IdentityToken(String),
    /// Who has this token, which no service gives out.
    RegistryToken(String),
}

/// What the header holds.
pub(super) fn kind(headers: &HeaderMap) -> AuthorizationKind {
    match headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default()) {
        None => AuthorizationKind::None,
        Some(text) if text.starts_with("Basic ") => AuthorizationKind::Basic,
        Some(text) if text.starts_with("Bearer ") => AuthorizationKind::Bearer,
        Some(_) => AuthorizationKind::Other,
    }
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

/// The refusal, if these headers do not open this repository.
pub(super) fn refuse(
    state: &State,
    inner: &Inner,
    headers: &HeaderMap,
    repository: &str,
) -> Option<Response<Body>> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = given.strip_prefix("Bearer ").unwrap_or_default();
    let scope = format!("repository:{repository}:pull");
    let challenge = match &inner.auth {
        Auth::Open => return None,
        Auth::Basic(username, password) if given == basic(username, password) => return None,
        Auth::Basic(..) => "Basic realm=\"fake\"".to_owned(),
        Auth::RegistryToken(good) if token == good => return None,
        _ if inner.tokens.get(token).is_some_and(|scopes| scopes.split(' ').any(|s| s == scope)) => {
            return None;
        }
        _ => {
            let own = format!("{}://{}/token", state.scheme(), inner.host);
            let realm = inner.realm.as_ref().unwrap_or(&own);
            format!("Bearer realm=\"{realm}\",service=\"fake\",scope=\"{scope}\"")
        }
    };
    Some(error(401, &[(header::WWW_AUTHENTICATE, &challenge)]))
}

/// The token service: a GET with its query, or a POST with its form, both as lists of fields.
pub(super) fn token(inner: &mut Inner, headers: &HeaderMap, fields: &[(String, String)]) -> Response<Body> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form: HashMap<&str, &str> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let granted = match &inner.auth {
        Auth::Token(username, password) => given == basic(username, password),
        Auth::AnonymousToken => given.is_empty(),
        Auth::IdentityToken(good) => {
            form.get("grant_type") == Some(&"refresh_token")
                && form.get("refresh_token") == Some(&good.as_str())
        }
        _ => false,
    };
    if !granted || form.get("service") != Some(&"fake") {
        return error(401, &[]);
    }
    let scopes: Vec<&str> = fields.iter().filter(|(k, _)| k == "scope").map(|(_, v)| v.as_str()).collect();
    inner.tokens_given += 1;
    let token = format!("token-{}", inner.tokens_given);
    inner.tokens.insert(token.clone(), scopes.join(" "));
    // The two names under which registries return it; a client has to know both.
    let name = if inner.tokens_given.is_multiple_of(2) { "token" } else { "access_token" };
    let mut document = serde_json::json!({ name: token });
    if let Some(life) = inner.token_life {
        document["expires_in"] = life.into();
    }
    Response::new(Body::from(document.to_string()))
}
