//! Puts the parts together: the folder, the clients, the state, the settings. Every command that turns objects
//! goes through here, so that what is planned and what is run cannot differ.

use crate::cli::{DeskArgs, StateArgs};
use crate::state::State;
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tagalong_engine::automation::Mirrors;
use tagalong_engine::wheel::{WakeQueues, Wakers};
use tagalong_engine::{Context, Listings, Settings};
use tagalong_files::{FilesDesk, Loaded, SecretRules, docker_config, load};
use tagalong_registry::{DockerConfig, Options, Registry};
use tagalong_store::Store;

/// Everything a command turns.
pub(crate) struct Wired {
    pub(crate) context: Arc<Context<FilesDesk>>,
    pub(crate) desk: FilesDesk,
    pub(crate) wakes: WakeQueues,
    /// What is watched for changes.
    pub(crate) paths: Vec<PathBuf>,
    /// Kept for its locks.
    _state: State,
}

/// Whether this process is the one that writes the state folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `run`
    Writer,
    /// `plan`, `explain`
    Reader,
}

/// Loads the folder and wires everything.
///
/// # Errors
/// Whatever makes it impossible to begin; nothing was done.
pub(crate) fn wire(
    desk: &DeskArgs,
    state_args: &StateArgs,
    role: Role,
    mut settings: Settings,
) -> anyhow::Result<Wired> {
    let paths = vec![dir(desk)?];
    let loaded = load(&paths)?;
    tell(&loaded, &paths);
    let state = match role {
        Role::Writer => State::write(state_args)?,
        Role::Reader => State::read(state_args)?,
    };
    let listings = listings(&state)?;
    let ca_pem = ca_pem(desk.ca_file.as_deref())?;
    settings.no_cross_namespace_refs = desk.no_cross_namespace_refs;
    settings.ca_pem = ca_pem;
    settings.instance.clone_from(&state_args.instance);
    settings.max_mirror_size = state_args.max_mirror_size.0;
    let (wakers, wakes) = Wakers::new();
    let files = FilesDesk::new(loaded, rules(desk, &paths), pull_config(), wakers);
    let mirrors = Mirrors::new(state.mirrors().to_owned());
    let context = Arc::new(Context::new(
        files.clone(),
        registry(desk.ca_file.as_deref())?,
        listings,
        mirrors,
        settings,
    ));
    Ok(Wired { context, desk: files, wakes, paths, _state: state })
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
    if loaded.repositories.is_empty() && loaded.policies.is_empty() && loaded.automations.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let paths = paths.join(", ");
        tracing::warn!(
            "no ImageRepository, ImagePolicy or ImageUpdateAutomation in {paths}; is it the right folder?"
        );
    }
}

/// The folder that was named.
///
/// # Errors
/// When there is none: without one a cluster would be read, and this binary reads none yet.
pub(crate) fn dir(desk: &DeskArgs) -> anyhow::Result<PathBuf> {
    match &desk.dir {
        Some(dir) => Ok(dir.clone()),
        None => bail!(
            "name a folder of objects, as in `tagalong plan ./fleet`; reading them from a cluster is not there yet"
        ),
    }
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
