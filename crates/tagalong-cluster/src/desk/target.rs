//! Where the objects of Kustomizations go: this cluster as itself or as a ServiceAccount, or another one whose kubeconfig
//! stands in a Secret. Each way is kept, since it knows which kinds there are.

use super::{ClusterDesk, read};
use crate::cluster::Access;
use secrecy::ExposeSecret as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tagalong_api::validate::Destination;
use tagalong_apply::{Cluster, Trust, impersonate, remote};
use tagalong_engine::{DeskError, SecretData};
use tagalong_model::{Digest, ObjectKey};

/// Keys of a Secret under which a kubeconfig may stand, where none is named.
const KEYS: [&str; 2] = ["value", "value.yaml"];

/// How Kustomizations reach clusters.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The way to this cluster.
    pub access: Access,
    /// As whom objects are applied where nothing is said; `None` is this process itself.
    pub default_service_account: Option<String>,
    /// What the kubeconfig of another cluster may ask for.
    pub trust: Trust,
}

/// Clusters by the checksum of their kubeconfig, which is empty for this one, and the name that is impersonated.
#[derive(Default)]
pub(super) struct Targets(Mutex<HashMap<(String, String), Cluster>>);

/// How long a cluster may say nothing before its connection is given up. A watch ends after 290 s, and is begun again.
const SILENCE: Duration = Duration::from_secs(300);

/// More ways are not kept: kubeconfigs change when their tokens do.
const KEPT: usize = 1024;

impl Targets {
    fn get(&self, way: &(String, String)) -> Option<Cluster> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(way).cloned()
    }

    fn keep(&self, way: (String, String), cluster: &Cluster) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(way, cluster.clone());
    }
}

impl ClusterDesk {
    fn reach(&self) -> Result<&Reach, DeskError> {
        let unserved = || DeskError::Unsupported("Kustomizations are not served here".to_owned());
        self.0.options.reach.as_ref().ok_or_else(unserved)
    }

    /// As whom: the ServiceAccount that is named, else the default one.
    fn account(&self, destination: &Destination) -> Result<Option<String>, DeskError> {
        let default = &self.reach()?.default_service_account;
        Ok(destination.service_account.clone().or_else(|| default.clone()))
    }

    /// The way to a destination.
    pub(super) async fn cluster_of(&self, destination: &Destination) -> Result<Cluster, DeskError> {
        let reach = self.reach()?;
        let account = self.account(destination)?;
        let kubeconfig = match &destination.kubeconfig {
            None => None,
            Some((secret, key)) => Some(self.kubeconfig(destination, secret, key.as_deref()).await?),
        };
        let user = account.as_ref().map(|account| format!("{}:{account}", destination.namespace));
        let digest = kubeconfig.as_ref().map(|text| Digest::sha256(text.as_bytes()).to_string());
        let way = (digest.unwrap_or_default(), user.unwrap_or_default());
        if let Some(known) = self.0.targets.get(&way) {
            return Ok(known);
        }
        let unusable = |error: tagalong_apply::ApplyError| DeskError::Unreachable(error.to_string());
        let mut config = match &kubeconfig {
            None => reach.access.config(),
            Some(text) => remote(text, reach.trust).await.map_err(unusable)?,
        };
        if let Some(account) = &account {
            config = impersonate(config, &destination.namespace, account);
        }
        config.read_timeout.get_or_insert(SILENCE);
        // The time is that of an answer: a connection may have rested before.
        config.reset_reader_on_write = true;
        let client = match &kubeconfig {
            None => reach.access.client(config),
            Some(_) => reach.access.foreign_client(config),
        };
        let client = client.map_err(|error| DeskError::Unreachable(error.to_string()))?;
        let cluster = Cluster::of(client);
        self.0.targets.keep(way, &cluster);
        Ok(cluster)
    }

    async fn kubeconfig(
        &self,
        destination: &Destination,
        name: &str,
        key: Option<&str>,
    ) -> Result<Arc<str>, DeskError> {
        let place = ObjectKey::new(&destination.namespace, name);
        let missing = |what: &str| DeskError::Secret(format!("KubeConfig Secret '{place}' {what}"));
        let data: SecretData =
            read::secret(&self.0.client, &place).await?.ok_or_else(|| missing("not found"))?;
        kubeconfig(&data, key).map_err(|why| missing(&why)).map(Arc::from)
    }

    /// Whether ServiceAccount and Secret are there.
    pub(super) async fn is_reachable(&self, destination: &Destination) -> Result<bool, DeskError> {
        if let Some((secret, _)) = &destination.kubeconfig {
            let key = ObjectKey::new(&destination.namespace, secret);
            return Ok(read::secret(&self.0.client, &key).await?.is_some());
        }
        match self.account(destination)? {
            Some(account) => {
                let account = ObjectKey::new(&destination.namespace, &account);
                read::account_exists(&self.0.client, &account).await
            }
            None => Ok(true),
        }
    }
}

/// The kubeconfig in a Secret, under the key that is named or one of Flux's.
///
/// # Errors
/// Why there is none, as words for after the Secret's name.
pub fn kubeconfig<'d>(data: &'d SecretData, key: Option<&str>) -> Result<&'d str, String> {
    let value = match key {
        Some(key) => data.get(key).ok_or_else(|| format!("has no key '{key}'"))?,
        None => {
            KEYS.iter().find_map(|key| data.get(*key)).ok_or("has neither key 'value' nor 'value.yaml'")?
        }
    };
    std::str::from_utf8(value.expose_secret()).map_err(|_| "holds no text".to_owned())
}
