//! Puts the parts together: the folder or the cluster, the clients, the state, the settings. Every command that turns
//! objects goes through here, so that what is planned and what is run cannot differ.

use crate::cli::{ClusterArgs, DeskArgs, StateArgs};
use crate::state::State;
use anyhow::{Context as _, anyhow, bail, ensure};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tagalong_cluster::{ClusterDesk, ClusterError};
use tagalong_engine::wheel::{WakeQueues, Wakers};
use tagalong_engine::{Context, Desk, Listings, Mirrors, Record, Served, Settings};
use tagalong_files::{FilesDesk, Loaded, SecretRules, SyncTo, docker_config, load, load_synced};
use tagalong_registry::{DockerConfig, Options, Registry};
use tagalong_store::{Artifacts, Retention, Store};

/// Everything a command turns.
pub(crate) struct Wired<D> {
    pub(crate) context: Arc<Context<D>>,
    pub(crate) record: Record,
    /// Kept for its locks.
    _state: State,
}

/// What `run` follows beside.
pub(crate) struct Followed {
    pub(crate) wakes: WakeQueues,
    /// What is watched for changes.
    pub(crate) paths: Vec<PathBuf>,
}

/// Whether this process is the one that writes the state folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role<'a> {
    /// `run`, and the folder that Kustomizations are applied to.
    Writer(Option<&'a Path>),
    /// `plan`, `explain`
    Reader,
    /// `diff`: Kustomizations are served, and applied to nothing.
    Rehearser,
}

/// Loads the folder and wires everything.
///
/// # Errors
/// Whatever makes it impossible to begin; nothing was done.
pub(crate) fn folder(
    dir: &Path,
    args: &DeskArgs,
    state: &StateArgs,
    role: Role<'_>,
    settings: Settings,
) -> anyhow::Result<(Wired<FilesDesk>, Followed)> {
    let paths = vec![dir.to_owned()];
    let sync_to = match role {
        // Nothing is applied by one that decides and reports.
        Role::Writer(sync_to) => sync_to.filter(|_| !settings.dry_run),
        Role::Reader | Role::Rehearser => None,
    };
    sync_to.map_or(Ok(()), |to| apart(dir, to))?;
    let is_synced = sync_to.is_some() || role == Role::Rehearser;
    let loaded = if is_synced { load_synced(&paths)? } else { load(&paths)? };
    tell(&loaded, &paths);
    let settings =
        Settings { instance: state.instance.clone(), max_mirror_size: state.max_mirror_size.0, ..settings };
    let state = match role {
        Role::Writer(_) => State::write(state)?,
        Role::Reader | Role::Rehearser => State::read(state)?,
    };
    let (wakers, wakes) = Wakers::new();
    let (rules, sync) = (rules(args, &paths), sync_to.map(|to| SyncTo { dir: to.into(), from: dir.into() }));
    let synced = sync_to.map(|_| artifacts(&state)).transpose()?;
    let desk = FilesDesk::new(loaded, rules, pull_config(), sync, wakers);
    let record = desk.record().clone();
    Ok((wired(desk, record, args, state, settings, synced)?, Followed { wakes, paths }))
}

/// Refuses a folder to apply to that lies in the folder of objects: what the repository holds would be read as objects
/// of the user, its Secrets as logins.
fn apart(dir: &Path, to: &Path) -> anyhow::Result<()> {
    let (Ok(dir), Ok(to)) = (dir.canonicalize(), std::path::absolute(to)) else { return Ok(()) };
    // It may not be there yet.
    let there = to.ancestors().find_map(|above| above.canonicalize().ok());
    ensure!(
        !there.is_some_and(|there| there.starts_with(&dir)),
        "--sync-to {} lies in {}, whose files are objects; name a folder beside it",
        to.display(),
        dir.display()
    );
    Ok(())
}

/// Reads the objects of a cluster once and wires everything; nothing will be written to it.
///
/// # Errors
/// Whatever makes it impossible to begin; nothing was done.
pub(crate) async fn cluster(
    cluster: &ClusterArgs,
    args: &DeskArgs,
    state: &StateArgs,
    settings: Settings,
) -> anyhow::Result<Wired<ClusterDesk>> {
    not_of_a_folder(args)?;
    let (desk, instance) = gathered(cluster).await?;
    let instance = state.instance.clone().or(instance);
    let settings = Settings { instance, max_mirror_size: state.max_mirror_size.0, ..settings };
    let state = State::read(state)?;
    let record = desk.record().clone();
    wired(desk, record, args, state, settings, None)
}

/// The same over the Kustomizations of a cluster and their sources.
///
/// # Errors
/// Whatever makes it impossible to begin; nothing was done.
pub(crate) async fn cluster_synced(
    cluster: &ClusterArgs,
    args: &DeskArgs,
    state: &StateArgs,
    settings: Settings,
) -> anyhow::Result<Wired<ClusterDesk>> {
    not_of_a_folder(args)?;
    let desk = kustomizations(cluster).await?;
    let settings = Settings { max_mirror_size: state.max_mirror_size.0, ..settings };
    let state = State::read(state)?;
    let record = desk.record().clone();
    wired(desk, record, args, state, settings, None)
}

/// A cluster has its own Secrets.
fn not_of_a_folder(args: &DeskArgs) -> anyhow::Result<()> {
    if !args.allow_env.is_empty() || args.secrets_dir.is_some() {
        bail!("--allow-env and --secrets-dir are for the Secrets of a folder; name a DIR, or leave them out");
    }
    Ok(())
}

/// The Kustomizations of a cluster and their sources as they are now.
///
/// # Errors
/// When there is no cluster, or it may not be asked.
pub(crate) async fn kustomizations(args: &ClusterArgs) -> anyhow::Result<ClusterDesk> {
    let (kubeconfig, context) = (args.kubeconfig.as_deref(), args.context.as_deref());
    let (client, own) = tagalong_cluster::connect_to(kubeconfig, context).await?;
    let namespace = args.namespace.clone().or(own).filter(|_| !args.all_namespaces);
    let options = tagalong_cluster::Options { namespace, dry_run: true, ..Default::default() };
    let desk = ClusterDesk::new(client, options, Wakers::new().0)?;
    let gathered = desk.gather_kustomizations().await;
    gathered.context("cannot read the Kustomizations; name a namespace that you may read with -n")?;
    Ok(desk)
}

/// The objects of a cluster as they are now, and what its commits are signed with.
///
/// # Errors
/// When there is no cluster, or it may not be asked.
pub(crate) async fn gathered(args: &ClusterArgs) -> anyhow::Result<(ClusterDesk, Option<String>)> {
    let (kubeconfig, context) = (args.kubeconfig.as_deref(), args.context.as_deref());
    let connected = tagalong_cluster::connect_to(kubeconfig, context).await;
    let (client, own) = connected.map_err(without_folder)?;
    let namespace = args.namespace.clone().or(own).filter(|_| !args.all_namespaces);
    let instance = match tagalong_cluster::instance(&client).await {
        Ok(instance) => Some(instance),
        Err(error) => {
            tracing::warn!(
                "namespace kube-system cannot be read, so the controller's own commits on a push branch look like \
                 somebody else's: {error}"
            );
            None
        }
    };
    let place =
        namespace.as_ref().map_or_else(|| "any namespace".to_owned(), |name| format!("namespace {name}"));
    let options = tagalong_cluster::Options { namespace, dry_run: true, images: true, ..Default::default() };
    let desk = ClusterDesk::new(client, options, Wakers::new().0)?;
    desk.gather().await.context("cannot read the objects; name a namespace that you may read with -n")?;
    let kinds = desk.kinds();
    if kinds.repositories.is_empty() && kinds.policies.is_empty() && kinds.automations.is_empty() {
        tracing::warn!("no ImageRepository, ImagePolicy or ImageUpdateAutomation in {place}");
    }
    Ok((desk, instance))
}

/// What to do where neither a folder nor a cluster can be read.
pub(crate) fn without_folder(error: ClusterError) -> anyhow::Error {
    match error {
        ClusterError::Nowhere(why) => anyhow!(
            "no folder was named, and there is no cluster: {why}; name the folder of objects, as in `tagalong plan ./fleet`, \
             or set KUBECONFIG"
        ),
        other => anyhow::Error::new(other)
            .context("no folder was named, so the objects would be read from a cluster"),
    }
}

fn wired<D: Desk>(
    desk: D,
    record: Record,
    args: &DeskArgs,
    state: State,
    settings: Settings,
    synced: Option<Served>,
) -> anyhow::Result<Wired<D>> {
    let listings = listings(&state)?;
    let ca_pem = ca_pem(args.ca_file.as_deref())?;
    let settings = Settings { no_cross_namespace_refs: args.no_cross_namespace_refs, ca_pem, ..settings };
    let mirrors = Mirrors::new(state.mirrors().to_owned());
    let registry = registry(args.ca_file.as_deref())?;
    let mut context = Context::new(desk, registry, listings, mirrors, settings);
    if let Some(synced) = synced {
        context = context.serving(synced).syncing();
    }
    Ok(Wired { context: Arc::new(context), record, _state: state })
}

/// The archives that Kustomizations are built from, where nobody else fetches them.
fn artifacts(state: &State) -> anyhow::Result<Served> {
    let retention = Retention { ttl: Duration::from_secs(60), records: 2 };
    let artifacts = Artifacts::open(state.artifacts(), retention).context("cannot open the artifacts")?;
    let folder = state.artifacts().canonicalize().context("cannot find the artifacts")?;
    Ok(Served::new(Arc::new(artifacts), &format!("file://{}", folder.display())))
}

/// The tag lists of a state folder.
///
/// # Errors
/// When they cannot be opened.
pub(crate) fn listings(state: &State) -> anyhow::Result<Listings> {
    let (store, damage) = Store::open(state.lists()).context("cannot open the tag lists")?;
    for damage in damage {
        tracing::warn!("{damage}");
    }
    Ok(match state.own_lists() {
        None => Listings::writing(store),
        Some(own) => {
            Listings::reading(store, Store::open(own).context("cannot open a store for own scans")?.0)
        }
    })
}

/// What was left alone in the folder, and that there is nothing to turn.
fn tell(loaded: &Loaded, paths: &[PathBuf]) {
    for note in &loaded.notes {
        tracing::info!("{note}");
    }
    let nothing =
        loaded.repositories.is_empty() && loaded.policies.is_empty() && loaded.automations.is_empty();
    if nothing && loaded.kustomizations.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let paths = paths.join(", ");
        tracing::warn!(
            "no ImageRepository, ImagePolicy or ImageUpdateAutomation in {paths}; is it the right folder?"
        );
    }
}

/// Where the objects of a command are.
pub(crate) enum Place<'a> {
    /// In a folder.
    Folder(&'a Path),
    /// In a cluster.
    Cluster,
}

/// The folder that was named, else the cluster.
///
/// # Errors
/// When both were named.
pub(crate) fn place<'a>(dir: Option<&'a PathBuf>, cluster: &ClusterArgs) -> anyhow::Result<Place<'a>> {
    let Some(dir) = dir else { return Ok(Place::Cluster) };
    if cluster.is_given() {
        bail!(
            "{} is a folder, and --kubeconfig, --context, -n and -A say which cluster is read without one; leave out either",
            dir.display()
        );
    }
    Ok(Place::Folder(dir))
}

/// The registry client, with the authorities of `--ca-file`.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub(crate) fn registry(ca_file: Option<&Path>) -> anyhow::Result<Registry> {
    let extra_ca_pem = ca_pem(ca_file)?.map(String::into_bytes);
    let user_agent = format!("tagalong/{}", crate::version::VERSION);
    Ok(Registry::new(Options { extra_ca_pem, user_agent, ..Options::default() })?)
}

/// The authorities of `--ca-file`.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn ca_pem(ca_file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(path) = ca_file else { return Ok(None) };
    std::fs::read_to_string(path)
        .map(Some)
        .with_context(|| format!("cannot read --ca-file {}", path.display()))
}

/// What Secrets may look up (RULES 24).
pub(crate) fn rules(desk: &DeskArgs, paths: &[PathBuf]) -> SecretRules {
    SecretRules {
        allow_env: desk.allow_env.clone(),
        secrets_dir: desk.secrets_dir.clone(),
        root: paths.first().cloned().unwrap_or_default(),
    }
}

/// `~/.docker/config.json`, for images that name no secret. One that cannot be read is told and passed over.
pub(crate) fn pull_config() -> Option<DockerConfig> {
    match DockerConfig::parse(&docker_config()?) {
        Ok(config) => Some(config),
        Err(error) => {
            tracing::warn!("Docker's config.json is not used: {error}");
            None
        }
    }
}
