//! The flags of `tagalong controller`. Where Flux's image controllers have one for the same thing, it has Flux's name
//! and default.

use super::flux_flags::FluxFlags;
use super::size::Size;
use clap::{ArgAction, Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// `controller`
#[derive(Debug, Clone, Args)]
pub(crate) struct ControllerArgs {
    /// Groups of kinds to serve: image is ImageRepository, ImagePolicy, ImageUpdateAutomation; source is GitRepository,
    /// which is only read where it is left out; kustomize is Kustomization, and needs source.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "image,source", value_name = "GROUP")]
    pub(crate) controllers: Vec<Group>,
    /// Watch every namespace; with =false only the one that RUNTIME_NAMESPACE names.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) watch_all_namespaces: bool,
    /// Turn only objects with these labels, as in !sharding.fluxcd.io/key; others are read by those that refer to them.
    #[arg(long, value_name = "SELECTOR", default_value = "")]
    pub(crate) watch_label_selector: String,
    /// Refuse references to objects in other namespaces.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) no_cross_namespace_refs: bool,
    /// Turns at once per kind.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrent: u16,
    /// Wait before a failed turn is tried again; doubled each time.
    #[arg(long, value_name = "DURATION", default_value = "750ms", value_parser = duration)]
    pub(crate) min_retry_delay: Duration,
    /// The longest such wait.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration)]
    pub(crate) max_retry_delay: Duration,
    /// Wait for an object that another one depends on.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) requeue_dependency: Duration,
    /// Stretch every interval by up to this many percent, so that not all fall due at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) interval_jitter_percentage: u8,
    /// Decide and report in log, metrics and page; write nothing to Git, to the API or to a Lease.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Post events as JSON to this URL as well, such as that of Flux's notification-controller.
    #[arg(long, value_name = "URL")]
    pub(crate) events_addr: Option<String>,
    #[command(flatten)]
    pub(crate) election: ElectionArgs,
    /// Where metrics and the page are served; 0 serves none.
    #[arg(long, value_name = "ADDR", default_value = ":8080", value_parser = address)]
    pub(crate) metrics_addr: Address,
    /// Where /healthz and /readyz are served; 0 serves none.
    #[arg(long, value_name = "ADDR", default_value = ":9440", value_parser = address)]
    pub(crate) health_addr: Address,
    /// Mirrors, tag lists, first-seen times and artifacts are kept here.
    #[arg(long, value_name = "DIR", default_value = "/data")]
    pub(crate) storage_path: PathBuf,
    #[command(flatten)]
    pub(crate) artifacts: ArtifactArgs,
    #[command(flatten)]
    pub(crate) sync: SyncArgs,
    /// How large the mirror of a repository may grow when its history is looked at, such as 500MiB.
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub(crate) max_mirror_size: Size,
    /// A PEM file with authorities to trust beside the system's, for registries and Git servers.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Stands in every commit's trailer and tells this copy apart from others that write the same branch
    /// [default: a hash that names the cluster].
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) flux: FluxFlags,
}

/// The artifacts of GitRepositories.
#[derive(Debug, Clone, Args)]
pub(crate) struct ArtifactArgs {
    /// Where the artifacts of GitRepositories are served.
    #[arg(long, value_name = "ADDR", default_value = ":9090", value_parser = socket)]
    pub(crate) storage_addr: SocketAddr,
    /// Where others reach that address, as it stands in a status: a host with or without a port
    /// [default: the name of this machine, and the port].
    #[arg(long, value_name = "HOST")]
    pub(crate) storage_adv_addr: Option<String>,
    /// An artifact that is older and no longer current is removed.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) artifact_retention_ttl: Duration,
    /// At most so many artifacts of one object are kept.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) artifact_retention_records: usize,
}

/// How Kustomizations are applied.
#[derive(Debug, Clone, Args)]
pub(crate) struct SyncArgs {
    /// The ServiceAccount as which a Kustomization is applied that names none, in its own namespace
    /// [default: this process itself].
    #[arg(long, value_name = "NAME")]
    pub(crate) default_service_account: Option<String>,
    /// The Secret with age keys, in the namespace of this process, for Kustomizations whose decryption names none.
    #[arg(long, value_name = "NAME")]
    pub(crate) sops_age_secret: Option<String>,
    /// Take insecure-skip-tls-verify in the kubeconfig of another cluster.
    #[arg(long)]
    pub(crate) insecure_kubeconfig_tls: bool,
    /// Take proxy-url in the kubeconfig of another cluster.
    #[arg(long)]
    pub(crate) kubeconfig_proxy: bool,
}

/// Which of several copies works; the others wait.
#[derive(Debug, Clone, Args)]
pub(crate) struct ElectionArgs {
    /// Work only while holding the Leases of those Flux controllers whose kinds are served, in RUNTIME_NAMESPACE.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) enable_leader_election: bool,
    /// Give the Leases back at the end, so that the next copy need not wait.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) leader_election_release_on_cancel: bool,
    /// A Lease that was not renewed for so long is free.
    #[arg(long, value_name = "DURATION", default_value = "35s", value_parser = duration)]
    pub(crate) leader_election_lease_duration: Duration,
    /// Stop working when a Lease could not be renewed for so long.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) leader_election_renew_deadline: Duration,
    /// Between two renewals.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(crate) leader_election_retry_period: Duration,
}

/// Groups of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// ImageRepository, ImagePolicy, ImageUpdateAutomation.
    Image,
    /// GitRepository.
    Source,
    /// Kustomization.
    Kustomize,
}

/// Where to listen; nowhere for `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) Option<SocketAddr>);

/// An address as Go's listeners take it: without a host it is every interface.
fn address(text: &str) -> Result<Address, String> {
    if text == "0" || text.is_empty() {
        return Ok(Address(None));
    }
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    let address =
        full.parse().map_err(|_| "expected HOST:PORT or :PORT with an IP address, or 0".to_owned())?;
    Ok(Address(Some(address)))
}

fn socket(text: &str) -> Result<SocketAddr, String> {
    address(text)?.0.ok_or_else(|| "expected HOST:PORT or :PORT with an IP address".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    tagalong_model::parse_duration(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, LogFormat};
    use clap::Parser as _;

    fn parse(args: &[&str]) -> ControllerArgs {
        let all = ["tagalong", "controller"].into_iter().chain(args.iter().copied());
        match Cli::try_parse_from(all).unwrap().command {
            Command::Controller(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn defaults_are_those_of_flux() {
        let args = parse(&[]);
        assert!(args.watch_all_namespaces && !args.no_cross_namespace_refs);
        assert_eq!((args.concurrent, args.min_retry_delay), (4, Duration::from_millis(750)));
        assert_eq!(
            (args.max_retry_delay, args.requeue_dependency),
            (Duration::from_mins(15), Duration::from_secs(30))
        );
        assert_eq!(args.metrics_addr, Address("[::]:8080".parse().ok()));
        assert_eq!(args.health_addr, Address("[::]:9440".parse().ok()));
        assert_eq!(args.controllers, [Group::Image, Group::Source]);
        let artifacts = args.artifacts;
        assert_eq!(Some(artifacts.storage_addr), "[::]:9090".parse().ok());
        assert_eq!(
            (artifacts.artifact_retention_ttl, artifacts.artifact_retention_records),
            (Duration::from_mins(1), 2)
        );
    }

    #[test]
    fn flags_are_written_as_go_programs_take_them() {
        let args = parse(&["--watch-all-namespaces=false", "--no-cross-namespace-refs", "--metrics-addr=0"]);
        assert!(!args.watch_all_namespaces && args.no_cross_namespace_refs);
        assert_eq!(args.metrics_addr, Address(None));
        assert_eq!(parse(&["--health-addr", "127.0.0.1:0"]).health_addr, Address("127.0.0.1:0".parse().ok()));
    }

    #[test]
    fn the_log_is_json_unless_the_console_is_asked_for() {
        let format = |args: &[&str]| {
            let all = ["tagalong", "controller"].into_iter().chain(args.iter().copied());
            Cli::try_parse_from(all).unwrap().log_format()
        };
        assert_eq!(format(&[]), LogFormat::Json);
        assert_eq!(format(&["--log-encoding=json", "--log-level=debug"]), LogFormat::Json);
        assert_eq!(format(&["--log-encoding=console"]), LogFormat::Text);
    }

    #[test]
    fn flags_of_flux_that_mean_nothing_here_are_named() {
        let args = parse(&["--kube-api-qps=100", "--feature-gates", "FluxStorage=true", "--concurrent", "8"]);
        assert_eq!(args.flux.given(), ["--feature-gates", "--kube-api-qps"]);
        assert_eq!(args.concurrent, 8);
        let args =
            parse(&["--controllers=image", "--artifact-digest-algo=sha256", "--storage-adv-addr=a.b."]);
        assert_eq!(
            (args.controllers, args.flux.given()),
            (vec![Group::Image], &["--artifact-digest-algo".to_owned()][..])
        );
        assert_eq!(args.artifacts.storage_adv_addr.as_deref(), Some("a.b."));
        assert!(Cli::try_parse_from(["tagalong", "controller", "--no-such-flag"]).is_err());
    }
}
