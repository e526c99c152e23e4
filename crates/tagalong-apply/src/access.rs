//! As whom and to which cluster: a ServiceAccount's name on every request, and the kubeconfig of a remote cluster from
//! a Secret that anybody may have written.

use kube::Config;
use kube::config::{AuthInfo, Cluster, KubeConfigOptions, Kubeconfig};

use crate::error::ApplyError;

/// What a kubeconfig from a Secret may ask for; each is a flag of whoever runs the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trust {
    /// `insecure-skip-tls-verify`.
    pub insecure_tls: bool,
    /// `proxy-url`.
    pub proxy: bool,
}

/// The same cluster, as a ServiceAccount: its rights count, whatever those of the process are.
pub fn impersonate(mut config: Config, namespace: &str, service_account: &str) -> Config {
    config.auth_info.impersonate = Some(format!("system:serviceaccount:{namespace}:{service_account}"));
    // Named by the kubeconfig, they would be given beside the account's own.
    config.auth_info.impersonate_groups = None;
    config.auth_info.impersonate_uid = None;
    config.auth_info.impersonate_user_extra = None;
    config
}

/// The cluster of a kubeconfig's current context. Whatever would run a program here, read a file of this machine or
/// lead the connection elsewhere is refused.
///
/// # Errors
/// What is refused, by the name of its field, or that it does not parse; never what stands in it.
pub async fn remote(kubeconfig: &str, trust: Trust) -> Result<Config, ApplyError> {
    let parsed = Kubeconfig::from_yaml(kubeconfig)
        .map_err(|_| ApplyError::Access("the kubeconfig does not parse".to_owned()))?;
    let refused = parsed
        .auth_infos
        .iter()
        .filter_map(|user| user.auth_info.as_ref())
        .flat_map(of_user)
        .chain(
            parsed
                .clusters
                .iter()
                .filter_map(|cluster| cluster.cluster.as_ref())
                .flat_map(|found| of_cluster(found, trust)),
        )
        .collect::<Vec<_>>();
    if !refused.is_empty() {
        return Err(ApplyError::Access(format!(
            "the kubeconfig is refused for {}: only what stands in it counts (tokens and …-data fields)",
            refused.join(", ")
        )));
    }
    Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.map_err(|_| {
        ApplyError::Access("the kubeconfig's current context names no usable cluster and user".to_owned())
    })
}

fn named<const N: usize>(fields: [(&'static str, bool); N]) -> impl Iterator<Item = &'static str> {
    fields.into_iter().filter(|(_, there)| *there).map(|(name, _)| name)
}

fn of_user(user: &AuthInfo) -> impl Iterator<Item = &'static str> + use<> {
    named([
        ("exec", user.exec.is_some()),
        ("auth-provider", user.auth_provider.is_some()),
        ("tokenFile", user.token_file.is_some()),
        ("client-certificate", user.client_certificate.is_some()),
        ("client-key", user.client_key.is_some()),
    ])
}

fn of_cluster(cluster: &Cluster, trust: Trust) -> impl Iterator<Item = &'static str> + use<> {
    named([
        ("certificate-authority", cluster.certificate_authority.is_some()),
        ("proxy-url", cluster.proxy_url.is_some() && !trust.proxy),
        ("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify == Some(true) && !trust.insecure_tls),
    ])
}
