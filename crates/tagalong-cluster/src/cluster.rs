//! The way to the cluster and who it is. Called once by the binary.

use crate::error::ClusterError;
use crate::requests::Requests;
use k8s_openapi::api::core::v1::Namespace;
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// A client for the cluster that KUBECONFIG names, or the one that this Pod runs in. Its requests are counted.
///
/// # Errors
/// When there is neither, or what is there cannot be used.
pub async fn connect(requests: &Requests) -> Result<Client, ClusterError> {
    let access = Access::infer(requests).await?;
    access.client(access.config())
}

/// The way to this process's own cluster, for clients beside the first. Their requests are counted with its.
#[derive(Clone)]
pub struct Access {
    config: Config,
    requests: Requests,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// The cluster that KUBECONFIG names, or the one that this Pod runs in.
    ///
    /// # Errors
    /// When there is neither.
    pub async fn infer(requests: &Requests) -> Result<Self, ClusterError> {
        let config = Config::infer().await.map_err(|error| ClusterError::Config(error.to_string()))?;
        Ok(Self { config, requests: requests.clone() })
    }

    /// The configuration of this cluster.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// A client for a configuration: this one's, somebody else's in it, or another cluster's.
    pub(crate) fn client(&self, config: Config) -> Result<Client, ClusterError> {
        let host = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
        let client =
            ClientBuilder::try_from(config).map_err(|error| ClusterError::Config(error.to_string()))?;
        Ok(client.with_layer(&self.requests.layer(host)).build())
    }
}

/// A client for the cluster of a context, the current one without `context`, and the namespace that the context names.
/// Without a kubeconfig it is the cluster that this Pod runs in.
///
/// # Errors
/// When there is no such context, or what is there cannot be used.
pub async fn connect_to(
    kubeconfig: Option<&Path>,
    context: Option<&str>,
) -> Result<(Client, Option<String>), ClusterError> {
    let unusable = |error: String| ClusterError::Config(error);
    let read = match kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let kubeconfig = match read {
        Ok(read) => read,
        Err(error) if kubeconfig.is_some() || context.is_some() => return Err(unusable(error.to_string())),
        Err(_) => return Ok((connect(&Requests::default()).await?, None)),
    };
    let name = context.or(kubeconfig.current_context.as_deref()).unwrap_or_default();
    let named = kubeconfig.contexts.iter().find(|named| named.name == name);
    let namespace = named.and_then(|named| named.context.as_ref()?.namespace.clone());
    let options =
        KubeConfigOptions { context: context.map(ToOwned::to_owned), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let config = config.map_err(|error| unusable(error.to_string()))?;
    let client = Client::try_from(config).map_err(|error| unusable(error.to_string()))?;
    Ok((client, namespace.filter(|namespace| !namespace.is_empty())))
}

/// What tells this cluster's commits apart: a short hash of the kube-system namespace's uid.
///
/// # Errors
/// When that namespace cannot be read.
pub async fn instance(client: &Client) -> Result<String, ClusterError> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let uid = namespaces.get_metadata("kube-system").await?.uid().unwrap_or_default();
    Ok(short_hash(&uid))
}

/// The first eight digits of a text's SHA-256.
pub(crate) fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(4).fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        _ = write!(out, "{byte:02x}").is_ok();
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_eight_digits_that_stay() {
        assert_eq!(
            short_hash("0b1f2e6c-6a51-4a2e-9a54-1f0c7b8f6f3a"),
            short_hash("0b1f2e6c-6a51-4a2e-9a54-1f0c7b8f6f3a")
        );
        assert_eq!(short_hash(""), "e3b0c442");
    }
}
