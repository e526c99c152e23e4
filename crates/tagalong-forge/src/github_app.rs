//! A GitHub App as who we are: a signed statement is exchanged for a token of an hour, which is kept until shortly
//! before its end.

use crate::{
    address::Address,
    allowance::Allowance,
    api::{Api, Fields, authorization},
    error::{ErrorKind, ForgeError, Result},
    memory::Memory,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, header::HeaderValue};
use ring::{rand::SystemRandom, signature};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::{fmt, time::Duration};

/// How long a statement is good for; GitHub takes ten minutes at most.
const STATEMENT: SignedDuration = SignedDuration::from_mins(9);
/// Clocks differ: it begins so much before now.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// A token that ends sooner than this is not used any more.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Who we are at a host.
#[derive(Clone)]
pub enum Credentials {
    /// An account's token.
    Token(SecretString),
    /// A GitHub App.
    App(App),
}

/// A GitHub App that is installed where the repository is.
#[derive(Clone)]
pub struct App {
    /// Its id, or its client id.
    pub id: String,
    /// The id of its installation.
    pub installation: String,
    /// Its private key, as PEM.
    pub key: SecretString,
    /// Where the REST API is, such as `https://github.example.com/api/v3`, where the repository's address does not tell.
    pub api: Option<String>,
}

impl fmt::Debug for App {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, installation, .. } = self;
        out.debug_struct("App").field("id", id).field("installation", installation).finish_non_exhaustive()
    }
}

/// A token of an installation, and its end.
pub(crate) type Token = (SecretString, Timestamp);

/// Gives each request its `Authorization`.
pub(crate) enum Authorizer {
    Token(HeaderValue),
    App { app: App, api: Api, memory: Memory },
}

impl Authorizer {
    pub(crate) fn new(credentials: Credentials, api: &Api, memory: Memory) -> Result<Self> {
        Ok(match credentials {
            Credentials::Token(token) => Self::Token(authorization("Bearer", &token)?),
            Credentials::App(app) => Self::App { app, api: api.clone(), memory },
        })
    }

    /// Whose limits count: an App's tokens and statements are new all the time, and its limits are not.
    pub(crate) fn account(&self) -> Option<String> {
        match self {
            Self::Token(_) => None,
            Self::App { app, api, .. } => Some(account(app, base(app, api))),
        }
    }

    pub(crate) async fn header(&self) -> Result<HeaderValue> {
        match self {
            Self::Token(header) => Ok(header.clone()),
            Self::App { app, api, memory } => authorization("Bearer", &token(app, api, memory).await?),
        }
    }
}

/// A token of the App's installation at the GitHub of the repository `git`, an http(s) address, for Git as well: the
/// password of the user `x-access-token`.
///
/// # Errors
/// Where the key is none, or GitHub does not give one.
pub async fn installation_token(
    app: &App,
    git: &str,
    client: reqwest::Client,
    memory: &Memory,
    timeout: Duration,
) -> Result<SecretString> {
    let address = Address::new(git, None)?;
    let api = Api {
        client,
        base: crate::github::bases(&address.origin, &address.host).0,
        host: address.host,
        accept: "application/vnd.github+json",
        patience: memory.patience.clone(),
        allowance: Allowance::default(),
        account: None,
        timeout,
    };
    token(app, &api, memory).await
}

fn base<'a>(app: &'a App, api: &'a Api) -> &'a str {
    app.api.as_ref().map_or(api.base.as_str(), |api| api.trim_end_matches('/'))
}

/// An App as a key. Who knows its numbers and not its private key is not given what another one's has bought.
fn account(app: &App, base: &str) -> String {
    let secret = crate::api::fingerprint(app.key.expose_secret().as_bytes());
    format!("{base} {} {} {secret}", app.id, app.installation)
}

async fn token(app: &App, api: &Api, memory: &Memory) -> Result<SecretString> {
    let base = base(app, api);
    let key = account(app, base);
    let api = &Api { base: base.to_owned(), account: Some(key.clone()), ..api.clone() };
    let now = Timestamp::now();
    if let Some(token) = memory.token(&key, now + MARGIN) {
        return Ok(token);
    }
    let statement = authorization("Bearer", &SecretString::from(statement(app, now)?))?;
    let path = format!("/app/installations/{}/access_tokens", crate::api::part(&app.installation));
    let answer = api.ask(&statement, Method::POST, &path, None, &[]).await?;
    let (token, end) = (answer.body.text("/token"), answer.body.time("/expires_at"));
    if token.is_empty() {
        return Err(ForgeError::protocol(&api.host, "a token"));
    }
    let token = SecretString::from(token);
    memory.keep(key, (token.clone(), end.unwrap_or(now)));
    Ok(token)
}

/// A JSON web token (RFC 7519), signed with RS256.
fn statement(app: &App, now: Timestamp) -> Result<String> {
    let invalid = |why: &str| ForgeError::new(ErrorKind::Invalid, format!("githubAppPrivateKey {why}"));
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let claims =
        json!({"iat": (now - SKEW).as_second(), "exp": (now + STATEMENT).as_second(), "iss": app.id})
            .to_string();
    let said = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let pair = key_pair(app.key.expose_secret()).ok_or_else(|| invalid("is no RSA key as PEM"))?;
    let mut signed = vec![0; pair.public().modulus_len()];
    pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signed)
        .map_err(|_| invalid("cannot sign"))?;
    Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signed)))
}

/// GitHub gives out PKCS #1; many tools make PKCS #8 of it.
fn key_pair(pem: &str) -> Option<signature::RsaKeyPair> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (kind, rest) = rest.split_once("-----")?;
    let (text, _) = rest.split_once("-----END ")?;
    let text: String = text.split_ascii_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    match kind {
        "RSA PRIVATE KEY" => signature::RsaKeyPair::from_der(&der).ok(),
        "PRIVATE KEY" => signature::RsaKeyPair::from_pkcs8(&der).ok(),
        _ => None,
    }
}
