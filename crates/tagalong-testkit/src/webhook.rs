//! An admission webhook over TLS, which a test tells what to answer. A real API server asks it.
//!
//! ```text
//! let webhook = Webhook::start()?;
//! plane.kubectl(&["apply", "-f", "-"], &webhook.registration(&namespace, 10).to_string())?;
//! webhook.answer(|review| match review.name.as_str() {
//!     "loud" => Answer::Refuse("nothing loud is wanted here"),
//!     _ => Answer::Allow,
//! });
//! webhook.asked()                                        // what it was asked so far
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Json;
use axum::extract::State as Extract;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::certs::Authority;
use crate::serve::{Server, Tls};

/// What an API server asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// `CREATE`, `UPDATE`, `DELETE`.
    pub operation: String,
    /// The object's kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// The object as it would be; null of one that is deleted.
    pub object: Value,
}

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Allow,
    /// No, with these words.
    Refuse(&'static str),
    /// Nothing, for as long as the connection lasts.
    Silence,
}

type Judge = Box<dyn Fn(&Review) -> Answer + Send + Sync>;

struct State {
    judge: Judge,
    asked: Vec<Review>,
}

/// A running webhook; it ends when this is dropped.
pub struct Webhook {
    state: Arc<Mutex<State>>,
    server: Server,
    ca_pem: String,
}

impl Webhook {
    /// Starts one that allows everything.
    ///
    /// # Errors
    /// When there is no port, or no certificate can be made.
    pub fn start() -> Result<Self> {
        let authority = Authority::new()?;
        let tls = Tls { server: authority.server()?, client_ca_pem: None };
        let state = Arc::new(Mutex::new(State { judge: Box::new(|_| Answer::Allow), asked: Vec::new() }));
        let app = axum::Router::new().fallback(axum::routing::post(review)).with_state(Arc::clone(&state));
        Ok(Self { state, server: Server::start(app, Some(&tls))?, ca_pem: authority.cert_pem().to_owned() })
    }

    /// From now on it says this.
    pub fn answer(&self, judge: impl Fn(&Review) -> Answer + Send + Sync + 'static) {
        lock(&self.state).judge = Box::new(judge);
    }

    /// What it was asked so far, in that order.
    pub fn asked(&self) -> Vec<Review> {
        lock(&self.state).asked.clone()
    }

    /// A ValidatingWebhookConfiguration that has it asked about the ConfigMaps of a namespace, and that refuses what it
    /// gives no answer about within so many seconds.
    pub fn registration(&self, namespace: &str, seconds: u8) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": namespace},
            "webhooks": [{
                "name": "gate.acme.dev",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "failurePolicy": "Fail",
                "timeoutSeconds": seconds,
                "clientConfig": {
                    "url": format!("https://{}/", self.server.address()),
                    "caBundle": BASE64_STANDARD.encode(&self.ca_pem),
                },
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE", "DELETE"],
                    "resources": ["configmaps"],
                }],
            }],
        })
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn review(Extract(state): Extract<Arc<Mutex<State>>>, Json(body): Json<Value>) -> Json<Value> {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let review = Review {
        operation: text("/request/operation"),
        kind: text("/request/kind/kind"),
        name: text("/request/name"),
        dry_run: body.pointer("/request/dryRun") == Some(&Value::Bool(true)),
        object: body.pointer("/request/object").cloned().unwrap_or_default(),
    };
    let answer = {
        let mut state = lock(&state);
        let answer = (state.judge)(&review);
        state.asked.push(review);
        answer
    };
    let mut response = json!({"uid": text("/request/uid"), "allowed": answer == Answer::Allow});
    match answer {
        Answer::Allow => {}
        Answer::Refuse(words) => response["status"] = json!({"code": 403, "message": words}),
        Answer::Silence => std::future::pending().await,
    }
    Json(json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}))
}
