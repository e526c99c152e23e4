//! Who we are to a registry: reads its challenge, answers with Basic or with a token, keeps what was found out.
//! Used by `session`.

mod challenge;
mod realm;
mod token;

use crate::{
    Credentials, Error, ErrorKind, access::Fingerprint, client::Clients, host::Hosts, session::Session,
    share::Deadline, transport::Answer,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use challenge::Challenge;
use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use secrecy::ExposeSecret;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Canonical image and everything about the access: a token is never handed to another.
pub(crate) type TokenKey = (String, Fingerprint);

/// Tokens kept before those past their time are looked for.
const SWEEP_AT: usize = 1024;

/// What was found out: the header to send, and until when.
#[derive(Default)]
pub(crate) struct TokenCache(Mutex<HashMap<TokenKey, Known>>);

struct Known {
    header: HeaderValue,
    good_until: Option<Instant>,
}

impl TokenCache {
    fn get(&self, key: &TokenKey) -> Option<HeaderValue> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = map.get(key)?;
        known.good_until.is_none_or(|until| Instant::now() < until).then(|| known.header.clone())
    }

    fn put(&self, key: TokenKey, header: HeaderValue, good_until: Option<Instant>) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= SWEEP_AT {
            let now = Instant::now();
            map.retain(|_, known| known.good_until.is_none_or(|until| now < until));
        }
        map.insert(key, Known { header, good_until });
    }
}

/// Answers challenges.
pub(crate) struct Authenticator<'a> {
    pub(crate) cache: &'a TokenCache,
    pub(crate) hosts: &'a Hosts,
    pub(crate) clients: Clients,
    pub(crate) deadline: &'a Deadline,
}

impl Authenticator<'_> {
    /// The header that worked before, while it is good.
    pub(crate) fn known(&self, key: &TokenKey) -> Option<HeaderValue> {
        self.cache.get(key)
    }

    /// The header that answers a 401.
    ///
    /// # Errors
    /// `Unauthorized` when our credentials cannot answer, `Untrusted` when rule 25 forbids the token service.
    pub(crate) async fn answer(
        &self,
        key: &TokenKey,
        session: &Session<'_>,
        refusal: &Answer,
    ) -> Result<HeaderValue, Error> {
        let credentials = &session.access.credentials;
        if let Credentials::RegistryToken(token) = credentials {
            let header = sensitive(session, &format!("Bearer {}", token.expose_secret()))?;
            self.cache.put(key.clone(), header.clone(), None);
            return Ok(header);
        }
        let values = refusal.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<Challenge> = values.flat_map(challenge::parse).collect();
        let bearer = challenges.iter().find(|c| c.scheme == "bearer" && c.get("realm").is_some());
        if let Some(challenge) = bearer {
            let token = token::fetch(self, session, challenge).await?;
            let header = sensitive(session, &format!("Bearer {}", token.text.expose_secret()))?;
            self.cache.put(key.clone(), header.clone(), Some(token.good_until));
            return Ok(header);
        }
        match credentials {
            Credentials::Basic { username, password } if challenges.iter().any(|c| c.scheme == "basic") => {
                let header = sensitive(session, &basic(username, password.expose_secret()))?;
                self.cache.put(key.clone(), header.clone(), None);
                Ok(header)
            }
            Credentials::Anonymous => Err(session
                .error(ErrorKind::Unauthorized, "the registry wants credentials, and none are given (401)")),
            _ => Err(session.error(
                ErrorKind::Unauthorized,
                "the registry wants credentials of a kind that is not given (401)",
            )),
        }
    }
}

/// `Basic …` of RFC 7617.
fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

/// A header that no debug output shows.
fn sensitive(session: &Session<'_>, text: &str) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(text).map_err(|_| {
        session.error(ErrorKind::InvalidAccess, "the token holds characters that no header may have")
    })?;
    header.set_sensitive(true);
    Ok(header)
}
