//! Who may ask the API server, and what the plane itself asks it: each question on a runtime of its own, so that sync
//! and async tests call alike.

use std::fs;
use std::future::Future;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;

use crate::certs::Pair;

/// How somebody shows who they are.
pub(super) enum User {
    Certificate(Pair),
    Token(String),
}

/// Writes a kubeconfig file with one context.
pub(super) fn write_kubeconfig(path: &Path, server: &str, ca_pem: &str, user: &User) -> Result<()> {
    let encoded = |pem: &str| BASE64_STANDARD.encode(pem);
    let user = match user {
        User::Certificate(pair) => json!({
            "client-certificate-data": encoded(&pair.cert_pem),
            "client-key-data": encoded(&pair.key_pem),
        }),
        User::Token(token) => json!({ "token": token }),
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority-data": encoded(ca_pem)}}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    });
    fs::write(path, config.to_string()).with_context(|| format!("cannot write {}", path.display()))
}

/// A client's configuration from a kubeconfig file.
pub(super) fn config_of(path: &Path) -> Result<Config> {
    let kubeconfig = Kubeconfig::read_from(path)?;
    block_on(async || Ok(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?))
}

/// Whether the API server says that it is.
pub(super) fn ready(config: &Config) -> bool {
    let asked = block_on(async || {
        let request = axum::http::Request::get("/readyz").body(Vec::new())?;
        Ok(Client::try_from(config.clone())?.request_text(request).await?)
    });
    asked.is_ok_and(|text| text == "ok")
}

/// Makes a namespace.
pub(super) fn create_namespace(config: &Config, name: &str) -> Result<()> {
    block_on(async || {
        let api: Api<Namespace> = Api::all(Client::try_from(config.clone())?);
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        api.create(&PostParams::default(), &namespace).await.context("cannot make a namespace")?;
        Ok(())
    })
}

/// A token of a ServiceAccount, which is made unless it exists.
pub(super) fn token(config: &Config, namespace: &str, name: &str) -> Result<String> {
    block_on(async || {
        let api: Api<ServiceAccount> = Api::namespaced(Client::try_from(config.clone())?, namespace);
        if api.get_opt(name).await?.is_none() {
            let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
            let account = ServiceAccount { metadata, ..ServiceAccount::default() };
            api.create(&PostParams::default(), &account).await.context("cannot make a ServiceAccount")?;
        }
        let request = TokenRequest::default();
        let answer = api.create_token_request(name, &PostParams::default(), &request).await?;
        answer.status.and_then(|status| status.token).context("no token was given")
    })
}

fn block_on<T: Send, F: Future<Output = Result<T>>>(question: impl FnOnce() -> F + Send) -> Result<T> {
    // A runtime cannot be entered from within another: a thread of its own has none.
    let asked = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(question())
        });
        asking.join()
    });
    asked.map_err(|_panic| anyhow!("the question panicked"))?
}
