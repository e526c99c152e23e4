//! What is read by name when a turn needs it, and not kept: Secrets, ServiceAccounts, labels of Namespaces
//! (RULES 26).

use crate::error::{said, unreachable};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, ServiceAccount};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use secrecy::SecretSlice;
use std::collections::BTreeMap;
use tagalong_api::Kustomization;
use tagalong_engine::{DeskError, SecretData};
use tagalong_model::ObjectKey;

pub(super) async fn secret(client: &Client, key: &ObjectKey) -> Result<Option<SecretData>, DeskError> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &key.namespace);
    let secret = secrets.get_opt(&key.name).await.map_err(|error| match &error {
        kube::Error::Api(status) if status.is_forbidden() => DeskError::Unreachable(format!(
            "may not be read: {}; bind the ClusterRole tagalong-secrets in namespace {} to this controller's \
             ServiceAccount",
            said(&error),
            key.namespace
        )),
        _ => unreachable(&error),
    })?;
    let values = |secret: Secret| {
        let data = secret.data.unwrap_or_default();
        data.into_iter().map(|(name, value)| (name, SecretSlice::from(value.0))).collect()
    };
    Ok(secret.map(values))
}

pub(super) async fn pull_secrets(client: &Client, account: &ObjectKey) -> Result<Vec<String>, DeskError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), &account.namespace);
    let account = accounts.get(&account.name).await.map_err(|error| unreachable(&error))?;
    let references = account.image_pull_secrets.unwrap_or_default();
    Ok(references.into_iter().map(|reference| reference.name).collect())
}

pub(super) async fn namespace_labels(
    client: &Client,
    name: &str,
) -> Result<Option<BTreeMap<String, String>>, DeskError> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = namespaces.get_metadata_opt(name).await.map_err(|error| unreachable(&error))?;
    Ok(namespace.map(|namespace| namespace.labels().clone()))
}

pub(super) async fn config_map(
    client: &Client,
    key: &ObjectKey,
) -> Result<Option<BTreeMap<String, String>>, DeskError> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &key.namespace);
    let map = maps.get_opt(&key.name).await.map_err(|error| match &error {
        kube::Error::Api(status) if status.is_forbidden() => DeskError::Unreachable(format!(
            "may not be read: {}; bind the ClusterRole tagalong-sync in namespace {} to this controller's ServiceAccount",
            said(&error),
            key.namespace
        )),
        _ => unreachable(&error),
    })?;
    Ok(map.map(|map| map.data.unwrap_or_default()))
}

/// The Kustomizations of a namespace, as another controller keeps them; none where the kind is not installed.
pub(super) async fn kustomizations(
    client: &Client,
    namespace: &str,
) -> Result<Vec<Kustomization>, DeskError> {
    let all: Api<Kustomization> = Api::namespaced(client.clone(), namespace);
    match all.list(&ListParams::default()).await {
        Ok(list) => Ok(list.items),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Vec::new()),
        Err(error) => match &error {
            kube::Error::Api(status) if status.is_forbidden() => Err(DeskError::Unreachable(format!(
                "may not be read: {}; rollback.onUnhealthy needs list on kustomizations of kustomize.toolkit.fluxcd.io in \
                 namespace {namespace}, which the ClusterRole tagalong allows",
                said(&error)
            ))),
            _ => Err(unreachable(&error)),
        },
    }
}

/// Whether a ServiceAccount is there. Where that may not be asked, it is taken to be.
pub(super) async fn account_exists(client: &Client, account: &ObjectKey) -> Result<bool, DeskError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), &account.namespace);
    match accounts.get_metadata_opt(&account.name).await {
        Ok(found) => Ok(found.is_some()),
        Err(kube::Error::Api(status)) if status.is_forbidden() => Ok(true),
        Err(error) => Err(unreachable(&error)),
    }
}
