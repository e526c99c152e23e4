//! Tokens from a registry's token service: the distribution specification's GET, and OAuth2's POST for identity
//! tokens. Used by [`super::Authenticator`].

use super::{Authenticator, basic, challenge::Challenge, realm};
use crate::{
    Credentials, Error, ErrorKind,
    attempt::Line,
    endpoint::nearness,
    host::Scheme,
    session::Session,
    transport::{Answer, Outgoing},
};
use reqwest::{Method, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::{
    sync::atomic::AtomicU32,
    time::{Duration, Instant},
};
use url::{Url, form_urlencoded};

/// The specification's value where a token service says nothing.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
const MAX_BYTES: usize = 1 << 20;

/// A token, and when to stop using it.
pub(super) struct Token {
    pub(super) text: SecretString,
    pub(super) good_until: Instant,
}

/// Fetches a token that may pull this session's repository.
pub(super) async fn fetch(
    authenticator: &Authenticator<'_>,
    session: &Session<'_>,
    challenge: &Challenge,
) -> Result<Token, Error> {
    let registry_is_plain = session.host().scheme() == Some(Scheme::Http);
    let realm = challenge.get("realm").unwrap_or_default();
    let realm = realm::check(realm, &session.base, registry_is_plain)
        .map_err(|problem| session.error(ErrorKind::Untrusted, problem))?;
    let name = match realm.port() {
        Some(port) => format!("{}:{port}", realm.host_str().unwrap_or_default()),
        None => realm.host_str().unwrap_or_default().to_owned(),
    };
    let line = Line {
        options: session.options(),
        host: authenticator.hosts.get(&name, session.options()),
        clients: authenticator.clients.clone(),
        deadline: authenticator.deadline,
        subject: format!("{}: token service {name}", session.line.subject),
        may_fall_back: false,
    };
    tracing::debug!(image = %session.image, service = %name, near = ?nearness(&realm), "asking for a token");
    let outgoing = request(session, challenge, realm)?;
    let asked_at = Instant::now();
    let answer = line.ask(&outgoing, &AtomicU32::new(0)).await?;
    read(&line, &answer, asked_at)
}

/// The repository's own scope, and the challenge's where it asks for another.
fn scopes(session: &Session<'_>, challenge: &Challenge) -> Vec<String> {
    let own = format!("repository:{}:pull", session.image.repository());
    let asked = challenge.get("scope").filter(|scope| *scope != own).map(str::to_owned);
    std::iter::once(own).chain(asked).collect()
}

fn request(session: &Session<'_>, challenge: &Challenge, mut realm: Url) -> Result<Outgoing, Error> {
    let scopes = scopes(session, challenge);
    let service = challenge.get("service");
    let mut authorization = None;
    let mut form = None;
    match &session.access.credentials {
        Credentials::IdentityToken(token) => {
            let mut fields = form_urlencoded::Serializer::new(String::new());
            fields.append_pair("grant_type", "refresh_token").append_pair("client_id", "tagalong");
            fields.append_pair("refresh_token", token.expose_secret());
            fields.append_pair("scope", &scopes.join(" "));
            if let Some(service) = service {
                fields.append_pair("service", service);
            }
            form = Some(fields.finish());
        }
        credentials => {
            let mut query = realm.query_pairs_mut();
            if let Some(service) = service {
                query.append_pair("service", service);
            }
            for scope in &scopes {
                query.append_pair("scope", scope);
            }
            if let Credentials::Basic { username, password } = credentials {
                query.append_pair("account", username);
                let text = basic(username, password.expose_secret());
                let invalid = |_| session.error(ErrorKind::InvalidAccess, "the credentials make no header");
                let mut header = HeaderValue::from_str(&text).map_err(invalid)?;
                header.set_sensitive(true);
                authorization = Some(header);
            }
        }
    }
    let method = if form.is_some() { Method::POST } else { Method::GET };
    Ok(Outgoing { method, url: realm, accept: "application/json", authorization, form, max_bytes: MAX_BYTES })
}

fn read(line: &Line<'_>, answer: &Answer, asked_at: Instant) -> Result<Token, Error> {
    #[derive(serde::Deserialize)]
    struct Document {
        token: Option<String>,
        access_token: Option<String>,
        // Some services send it as a string or a fraction; such a life is not worth a failure.
        expires_in: Option<serde_json::Value>,
    }
    let status = answer.status.as_u16();
    if answer.foreign {
        return Err(Error::new(ErrorKind::Untrusted, &line.subject, "it redirects to another host"));
    }
    if matches!(status, 400 | 401) {
        let problem = format!("it refuses the credentials ({status})");
        return Err(Error::new(ErrorKind::Unauthorized, &line.subject, problem));
    }
    if !answer.status.is_success() {
        return Err(Error::from_status(&line.subject, status, None, &answer.body));
    }
    let document: Option<Document> = serde_json::from_slice(&answer.body).ok();
    let life = document.as_ref().and_then(|d| d.expires_in.as_ref()).and_then(serde_json::Value::as_f64);
    let life = life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(DEFAULT_LIFE);
    let text =
        document.and_then(|d| d.token.filter(|t| !t.is_empty()).or(d.access_token)).unwrap_or_default();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::BadResponse, &line.subject, "its answer holds no token"));
    }
    Ok(Token { text: text.into(), good_until: asked_at + usable(life) })
}

/// How long a token is used: it is renewed shortly before its end, so that no request meets it.
fn usable(life: Duration) -> Duration {
    let life = life.min(LONGEST_LIFE);
    life - (life / 5).min(Duration::from_secs(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_before_their_end() {
        for (life, expected) in [(300, 270), (60, 48), (10, 8), (0, 0), (86_400, 3570)] {
            assert_eq!(usable(Duration::from_secs(life)), Duration::from_secs(expected));
        }
    }
}
