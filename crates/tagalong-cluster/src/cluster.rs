//! The way to the cluster and who it is. Called once by the binary.

use crate::error::ClusterError;
use crate::requests::Requests;
use k8s_openapi::api::core::v1::Namespace;
use kube::client::ClientBuilder;
use kube::{Api, Client, Config, ResourceExt};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// A client for the cluster that KUBECONFIG names, or the one that this Pod runs in.
///
/// # Errors
/// When there is neither, or what is there cannot be used.
pub async fn connect() -> Result<Client, ClusterError> {
    connect_counted(&Requests::default()).await
}

/// The same, with its requests counted.
///
/// # Errors
/// As [`connect`].
pub async fn connect_counted(requests: &Requests) -> Result<Client, ClusterError> {
    let config = Config::infer().await.map_err(|error| ClusterError::Config(error.to_string()))?;
    let host = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
    let client = ClientBuilder::try_from(config).map_err(|error| ClusterError::Config(error.to_string()))?;
    Ok(client.with_layer(&requests.layer(host)).build())
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

fn short_hash(text: &str) -> String {
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
