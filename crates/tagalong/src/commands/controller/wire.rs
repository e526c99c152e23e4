//! Puts the parts of a controller together: the cluster, the clients, the state, the settings. Called once.

use crate::cli::{ControllerArgs, Group};
use crate::listen;
use crate::state::State;
use crate::wiring;
use anyhow::{Context as _, bail};
use kube::Client;
use std::sync::Arc;
use tagalong_apply::Trust;
use tagalong_cluster::{Access, ClusterDesk, Options, Reach};
use tagalong_engine::wheel::{WakeQueues, Wakers};
use tagalong_engine::{Context, Mirrors, Served, Settings};
use tagalong_model::ObjectKey;
use tagalong_store::{Artifacts, Retention};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Everything that the wheel needs.
pub(super) async fn wire(
    args: &ControllerArgs,
    state: &State,
    (client, access): (Client, Access),
    storage: Option<&Storage>,
) -> anyhow::Result<(Arc<Context<ClusterDesk>>, ClusterDesk, WakeQueues)> {
    let instance = match &args.instance {
        Some(instance) => instance.clone(),
        None => tagalong_cluster::instance(&client).await.context(
            "cannot read namespace kube-system, whose uid names the cluster; or name it with --instance",
        )?,
    };
    let settings = Settings {
        dry_run: args.dry_run,
        once: false,
        no_cross_namespace_refs: args.no_cross_namespace_refs,
        jitter_percent: args.interval_jitter_percentage,
        min_retry_delay: args.min_retry_delay,
        max_retry_delay: args.max_retry_delay,
        requeue_dependency: args.requeue_dependency,
        concurrent: args.concurrent,
        ca_pem: wiring::ca_pem(args.ca_file.as_deref())?,
        max_mirror_size: args.max_mirror_size.0,
        instance: Some(instance),
        sops_age_secret: age_secret(args)?,
    };
    let namespace = match args.watch_all_namespaces {
        true => None,
        false => Some(runtime_namespace("--watch-all-namespaces=false")?),
    };
    let selector = tagalong_cluster::parse_selector(&args.watch_label_selector)?;
    let events_address = args.events_addr.clone().filter(|address| !address.is_empty());
    let syncs = syncs(args)?;
    let reach = syncs.then(|| Reach {
        access,
        default_service_account: args.sync.default_service_account.clone().filter(|name| !name.is_empty()),
        trust: Trust { insecure_tls: args.sync.insecure_kubeconfig_tls, proxy: args.sync.kubeconfig_proxy },
    });
    let options = Options {
        namespace,
        selector,
        events_address,
        dry_run: args.dry_run,
        instance: pod(),
        images: args.controllers.contains(&Group::Image),
        reach,
    };
    let (wakers, wakes) = Wakers::new();
    let desk = ClusterDesk::new(client, options, wakers)?;
    let registry = wiring::registry(args.ca_file.as_deref())?;
    let mirrors = Mirrors::new(state.mirrors().to_owned());
    let mut context = Context::new(desk.clone(), registry, wiring::listings(state)?, mirrors, settings);
    if let Some(storage) = storage {
        context = context.serving(Served::new(Arc::clone(&storage.artifacts), &storage.address));
    }
    if syncs {
        context = context.syncing();
    }
    Ok((Arc::new(context), desk, wakes))
}

/// Whether Kustomizations are served; one that writes nothing serves none.
fn syncs(args: &ControllerArgs) -> anyhow::Result<bool> {
    if !args.controllers.contains(&Group::Kustomize) {
        return Ok(false);
    }
    if !args.controllers.contains(&Group::Source) {
        bail!(
            "--controllers=kustomize needs source: Kustomizations are built from the artifacts that it keeps"
        );
    }
    Ok(!args.dry_run)
}

/// Where the artifacts of GitRepositories are, and the listener that gives them out.
pub(super) struct Storage {
    artifacts: Arc<Artifacts>,
    address: String,
    listener: TcpListener,
}

impl Storage {
    /// `None` where GitRepositories are only read, as they are by one that writes nothing.
    pub(super) async fn open(args: &ControllerArgs, state: &State) -> anyhow::Result<Option<Self>> {
        if !args.controllers.contains(&Group::Source) || args.dry_run {
            return Ok(None);
        }
        let flags = &args.artifacts;
        let retention =
            Retention { ttl: flags.artifact_retention_ttl, records: flags.artifact_retention_records };
        let artifacts = Artifacts::open(state.artifacts(), retention).context("cannot open the artifacts")?;
        let listener = listen::artifacts::bind(flags.storage_addr).await?;
        let address = listen::artifacts::advertised(&listener, flags.storage_adv_addr.as_deref())?;
        Ok(Some(Self { artifacts: Arc::new(artifacts), address, listener }))
    }
}

/// Gives artifacts out, where there are any, from when this process leads. Does not end but by an error.
pub(super) async fn serve(storage: Option<Storage>, leading: watch::Receiver<bool>) -> anyhow::Result<()> {
    match storage {
        Some(storage) => listen::artifacts::serve(storage.listener, storage.artifacts, leading).await,
        None => std::future::pending().await,
    }
}

/// The Secret with age keys of this process.
fn age_secret(args: &ControllerArgs) -> anyhow::Result<Option<ObjectKey>> {
    let named = args.sync.sops_age_secret.as_ref().filter(|name| !name.is_empty());
    named.map(|name| Ok(ObjectKey::new(runtime_namespace("--sops-age-secret")?, name))).transpose()
}

/// The namespace that this process runs in.
pub(super) fn runtime_namespace(flag: &str) -> anyhow::Result<String> {
    let name = std::env::var("RUNTIME_NAMESPACE").ok().filter(|name| !name.is_empty());
    name.with_context(|| format!("{flag} needs RUNTIME_NAMESPACE, the namespace of this process"))
}

/// The name of this Pod.
pub(super) fn pod() -> String {
    let name = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    name.unwrap_or_else(|_| "tagalong".to_owned())
}
