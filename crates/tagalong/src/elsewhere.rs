//! The cluster that a Kustomization applies to, for commands that look at it: the one that they talk to with the rights of
//! whoever calls them, or the one whose kubeconfig stands in a Secret, with the rights that it gives.

use kube::Client;
use std::time::Duration;
use tagalong_api::{Kustomization, validate};
use tagalong_apply::{Cluster, Trust, remote};
use tagalong_engine::Desk;
use tagalong_model::ObjectKey;

/// How long another cluster may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way there.
///
/// # Errors
/// Why there is none, in the words that the sync has for it.
pub(crate) async fn way<D: Desk>(desk: &D, own: &Client, object: &Kustomization) -> Result<Cluster, String> {
    let destination = validate::destination(object).map_err(|invalid| invalid.message)?;
    let Some((secret, key)) = &destination.kubeconfig else { return Ok(Cluster::of(own.clone())) };
    let place = ObjectKey::new(&destination.namespace, secret);
    let told = |why: &str| format!("KubeConfig Secret '{place}' {why}");
    let data = desk.secret(&place).await.map_err(|error| told(&error.to_string()))?;
    let data = data.ok_or_else(|| told("not found"))?;
    let text = tagalong_cluster::kubeconfig(&data, key.as_deref()).map_err(|why| told(&why))?;
    let config = remote(text, Trust::default()).await.map_err(|error| error.to_string())?;
    let silent = |why: &str| told(&format!("names a cluster that does not answer: {why}"));
    let client = Client::try_from(config).map_err(|error| silent(&error.to_string()))?;
    // Asked once, and not once for each object.
    match tokio::time::timeout(PATIENCE, client.apiserver_version()).await {
        Ok(Ok(_) | Err(kube::Error::Api(_))) => Ok(Cluster::of(client)),
        Ok(Err(error)) => Err(silent(&error.to_string())),
        Err(_) => Err(silent("nothing came in time")),
    }
}
