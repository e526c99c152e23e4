//! The way to the cluster and who it is. Called once by the binary.

use crate::bounded::Bounding;
use crate::error::ClusterError;
use crate::requests::Requests;
use k8s_openapi::api::core::v1::Namespace;
use kube::client::ClientBuilder;
use kube::config::{InferConfigError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Api, Client, Config, ResourceExt};
use std::io::ErrorKind;
use std::path::Path;
use tagalong_model::Digest;

/// The way to this process's own cluster, for its first client and those beside it. The requests of all are counted.
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
        let config = Config::infer().await.map_err(|error| nowhere(&error))?;
        Ok(Self { config, requests: requests.clone() })
    }

    /// A client for this cluster, as this process itself.
    ///
    /// # Errors
    /// When what the configuration names cannot be used.
    pub fn connect(&self) -> Result<Client, ClusterError> {
        self.client(self.config())
    }

    /// The configuration of this cluster.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// A client for this cluster: as this process, or as somebody else in it.
    pub(crate) fn client(&self, config: Config) -> Result<Client, ClusterError> {
        let host = config.cluster_url.authority().map(ToString::to_string).unwrap_or_default();
        let client = ClientBuilder::try_from(config).map_err(|error| unusable(&error))?;
        Ok(client.with_layer(&self.requests.layer(host)).build())
    }

    /// A client for the cluster that a kubeconfig in a Secret names: its answers are bounded.
    pub(crate) fn foreign_client(&self, config: Config) -> Result<Client, ClusterError> {
        // It names whatever host it likes: a label for each would have no end.
        let counting = self.requests.layer(ELSEWHERE.to_owned());
        let client = ClientBuilder::try_from(config).map_err(|error| unusable(&error))?;
        Ok(client.with_layer(&Bounding).with_layer(&counting).build())
    }
}

/// The host of every other cluster, in the metrics.
const ELSEWHERE: &str = "other";

fn unusable(error: &impl ToString) -> ClusterError {
    ClusterError::Config(error.to_string())
}

/// There is a kubeconfig that cannot be used, or none, and this is no Pod.
fn nowhere(error: &InferConfigError) -> ClusterError {
    let in_a_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let kubeconfig = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    match kubeconfig.filter(|_| !in_a_pod) {
        Some(kubeconfig) if is_missing(kubeconfig) => ClusterError::Nowhere(words(kubeconfig)),
        Some(kubeconfig) => ClusterError::Config(words(kubeconfig)),
        None => unusable(error),
    }
}

fn is_missing(error: &KubeconfigError) -> bool {
    matches!(error, KubeconfigError::FindPath)
        || matches!(error, KubeconfigError::ReadConfig(why, _) if why.kind() == ErrorKind::NotFound)
}

/// What is wrong with a kubeconfig, with its path as a person writes it.
fn words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(why, path) if why.kind() == ErrorKind::NotFound => {
            format!("{} does not exist", path.display())
        }
        KubeconfigError::ReadConfig(why, path) => format!("{} cannot be read: {why}", path.display()),
        other => other.to_string(),
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
    let read = match kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let kubeconfig = match read {
        Ok(read) => read,
        Err(error) if kubeconfig.is_some() || context.is_some() => {
            return Err(ClusterError::Config(words(&error)));
        }
        Err(_) => return Ok((Access::infer(&Requests::default()).await?.connect()?, None)),
    };
    let name = context.or(kubeconfig.current_context.as_deref()).unwrap_or_default();
    let named = kubeconfig.contexts.iter().find(|named| named.name == name);
    let namespace = named.and_then(|named| named.context.as_ref()?.namespace.clone());
    let options =
        KubeConfigOptions { context: context.map(ToOwned::to_owned), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let config = config.map_err(|error| ClusterError::Config(words(&error)))?;
    let client = Client::try_from(config).map_err(|error| unusable(&error))?;
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
    let digest = Digest::sha256(text.as_bytes());
    digest.as_str().chars().skip("sha256:".len()).take(8).collect()
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
