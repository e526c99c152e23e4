//! The token server of a registry with bearer authentication, as the distribution token specification has it.
//!
//! [`super::Registry`] starts one for [`super::Access::Token`]. It gives a signed token to the one account, for
//! exactly the scopes that were asked for, and none to anybody else.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{PASSWORD, USER};

const ISSUER: &str = "tagalong-testkit";
const SERVICE: &str = "test-registry";
const KEY_ID: &str = "test-key";

/// A token server on loopback; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct TokenServer {
    realm: String,
    keys: PathBuf,
    given: Arc<AtomicUsize>,
    /// Dropped with the server: the thread sees that and ends.
    _stop: oneshot::Sender<()>,
}

struct Signer {
    key: KeyPair,
    given: Arc<AtomicUsize>,
}

impl TokenServer {
    /// Starts it on a thread of its own; the public key goes into `folder` for the registry to read.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let keys = folder.join("jwks.json");
        let public = BASE64_URL_SAFE_NO_PAD.encode(key.der_bytes());
        let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KEY_ID, "use": "sig", "alg": "EdDSA", "x": public}]});
        fs::write(&keys, set.to_string())?;

        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no port for the token server")?;
        listener.set_nonblocking(true)?;
        let realm = format!("http://{}/token", listener.local_addr()?);
        let given = Arc::new(AtomicUsize::new(0));
        let routes = Router::new()
            .route("/token", get(answer))
            .with_state(Arc::new(Signer { key, given: Arc::clone(&given) }));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ended = axum::serve(listener, routes) => {}
                    _stopped = stopped => {}
                }
            });
        });
        Ok(Self { realm, keys, given, _stop: stop })
    }

    /// The `auth:` block of the registry's configuration.
    pub(super) fn configuration(&self) -> String {
        let (realm, keys) = (&self.realm, self.keys.display());
        format!(
            "auth:\n  token:\n    realm: {realm}\n    service: {SERVICE}\n    issuer: {ISSUER}\n    jwks: {keys}\n    \
             signingalgorithms: [EdDSA]\n"
        )
    }

    /// How many tokens it has given out.
    pub(super) fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }
}

async fn answer(
    State(signer): State<Arc<Signer>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let wanted = format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown != Some(wanted.as_str()) || query.get("service").map(String::as_str) != Some(SERVICE) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let scopes = query.get("scope").map_or("", String::as_str);
    let token = signer.token(scopes).map_err(|_unsigned| StatusCode::INTERNAL_SERVER_ERROR)?;
    signer.given.fetch_add(1, Ordering::SeqCst);
    Ok(Json(json!({"token": token, "expires_in": 300})))
}

impl Signer {
    /// A token for `scopes`: `repository:acme/app:pull`, several parted by blanks.
    fn token(&self, scopes: &str) -> Result<String> {
        let access: Vec<Value> = scopes
            .split_whitespace()
            .filter_map(|scope| {
                let (kind, rest) = scope.split_once(':')?;
                let (name, actions) = rest.rsplit_once(':')?;
                let actions: Vec<&str> = actions.split(',').collect();
                Some(json!({"type": kind, "name": name, "actions": actions}))
            })
            .collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": KEY_ID});
        let claims = json!({
            "iss": ISSUER, "sub": USER, "aud": SERVICE, "access": access,
            "iat": now, "nbf": now.saturating_sub(10), "exp": now.saturating_add(300), "jti": "1",
        });
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let body = format!("{}.{}", encode(&header), encode(&claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(body.as_bytes())?);
        Ok(format!("{body}.{signature}"))
    }
}
