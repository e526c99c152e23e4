//! The command line as clap types: words, defaults, help with an example each. Parsed by `main`, and read by
//! `completion`, `man` and the generated reference. What each command promises is in `docs/reference/cli.md`.

mod controller;
mod flux_flags;
mod size;

pub(crate) use controller::{ControllerArgs, Group};
pub(crate) use size::Size;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Follows image tags and writes them back to Git.
#[derive(Debug, Parser)]
#[command(name = "tagalong", version = crate::version::LONG, long_about = None, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

impl Cli {
    /// The level of the log: the one that was asked for, else what suits the command. The demo tells on stdout what the
    /// log would say again.
    pub(crate) fn log_level(&self) -> LogLevel {
        let quiet = matches!(self.command, Command::Demo(_));
        self.global.log_level.unwrap_or(if quiet { LogLevel::Warn } else { LogLevel::Info })
    }

    /// The form of the log: the one that was asked for, else what suits the command. A Pod's log is read by machines.
    pub(crate) fn log_format(&self) -> LogFormat {
        let machine = matches!(self.command, Command::Controller(_));
        self.global.log_format.unwrap_or(if machine { LogFormat::Json } else { LogFormat::Text })
    }
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// How the answer on stdout is written, where a command has more than one form.
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    pub(crate) output: Output,
    /// How much of the story stderr tells [default: info; warn for demo].
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,
    /// How the story is written [default: text; json for controller].
    #[arg(long, visible_alias = "log-encoding", global = true, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// Formats of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
    /// GitHub Actions annotations (lint).
    Github,
    /// SARIF 2.1.0 (lint).
    Sarif,
}

/// Log levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Only what failed.
    Error,
    /// And what may need a look.
    Warn,
    /// And what was done.
    Info,
    /// And why nothing was.
    Debug,
    /// And every step.
    Trace,
}

/// Log formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[value(alias = "console")]
    Text,
    /// JSON lines with ts, level, msg, controllerKind, name, namespace.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep everything under DIR reconciled: scan, decide, edit, commit, push.
    #[command(after_help = "Example:\n  tagalong run ./fleet --once")]
    Run(RunArgs),
    /// Show what `run` would write now, as a diff; write, push and open nothing.
    #[command(after_help = "Example:\n  tagalong plan ./fleet --exit-code")]
    Plan(PlanArgs),
    /// Say why: listing, filter, order, verdict, and what each marked field holds; or what keeps an object from healthy.
    #[command(after_help = "Example:\n  tagalong explain ./fleet ImagePolicy/web")]
    Explain(ExplainArgs),
    /// List the fields that are held because somebody took a tag away, and what lifts each.
    #[command(after_help = "Example:\n  tagalong pins ./fleet")]
    Pins(PinsArgs),
    /// Lift the pin of a field with a commit whose trailer says so.
    #[command(after_help = "Example:\n  tagalong unpin ./fleet apps/web.yaml:12")]
    Unpin(UnpinArgs),
    /// Print the tag that a policy would select; needs no objects.
    #[command(
        after_help = "Example:\n  printf '1.0.0\\n1.1.0\\n2.0.0\\n' | tagalong select --tags - --select-semver '1.x'"
    )]
    Select(SelectArgs),
    /// Check manifests and marked files offline, or the objects of a cluster.
    #[command(after_help = "Example:\n  tagalong lint ./fleet ./deploy")]
    Lint(LintArgs),
    /// Reach every registry and Git remote with its credentials and try whether a push would be allowed.
    #[command(after_help = "Example:\n  tagalong check ./fleet")]
    Check(CheckArgs),
    /// Print the objects of a kustomization, exactly as `kustomize build` does.
    #[command(after_help = "Example:\n  tagalong build ./deploy/overlays/production | kubectl diff -f -")]
    Build(BuildArgs),
    /// Show what the sync would change in the cluster now, as a diff; write nothing.
    #[command(after_help = "Example:\n  tagalong diff team-a/apps --exit-code")]
    Diff(DiffArgs),
    /// Show what Kustomizations own in the cluster.
    #[command(after_help = "Example:\n  tagalong tree -n team-a apps")]
    Tree(TreeArgs),
    /// Play the whole story on this machine in seconds; nothing has to be installed.
    #[command(after_help = "Example:\n  tagalong demo ./tagalong-demo")]
    Demo(DemoArgs),
    /// Print the CustomResourceDefinitions of the kinds as YAML.
    #[command(after_help = "Example:\n  tagalong crds | kubectl apply --server-side -f -")]
    Crds,
    /// Keep the objects of a Kubernetes cluster reconciled, in place of Flux's controllers.
    #[command(
        after_help = "Example:\n  KUBECONFIG=~/.kube/config tagalong controller --storage-path ./state"
    )]
    Controller(Box<ControllerArgs>),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  tagalong completion bash > /etc/bash_completion.d/tagalong")]
    Completion(CompletionArgs),
    /// Print the manual page in roff.
    #[command(after_help = "Example:\n  tagalong man | man -l -")]
    Man,
}

/// Where the objects are and what may be read for them.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeskArgs {
    /// A folder, searched for *.yaml and *.yml, or a single file, with the objects. Every command but `run` reads those
    /// of the current kubeconfig context without it.
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// An environment variable, beside those that begin with TAGALONG_, that a Secret may name as $env:NAME.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_env: Vec<String>,
    /// A folder, beside DIR, below which a Secret may name files as $file:PATH.
    #[arg(long, value_name = "DIR")]
    pub(crate) secrets_dir: Option<PathBuf>,
    /// A PEM file with authorities to trust beside the system's, for registries and Git servers.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Refuse references to objects in other namespaces.
    #[arg(long)]
    pub(crate) no_cross_namespace_refs: bool,
}

/// Which cluster is read where no folder is named.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ClusterArgs {
    /// Without DIR: the kubeconfig file [default: $KUBECONFIG, else ~/.kube/config].
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Without DIR: the kubeconfig context [default: the current one].
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Without DIR: the namespace whose objects are read [default: the context's; where it names none, every one].
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Without DIR: read the objects of every namespace.
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
}

impl ClusterArgs {
    /// Whether any of them was.
    pub(crate) fn is_given(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some() || self.namespace.is_some() || self.all_namespaces
    }
}

/// Where mirrors, tag lists, site indexes and first-seen times are kept.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StateArgs {
    /// The state folder [default: $XDG_STATE_HOME/tagalong, else ~/.local/state/tagalong].
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// How large the mirror of a repository may grow when its history is looked at, such as 500MiB.
    #[arg(long, value_name = "SIZE", default_value = "2GiB")]
    pub(crate) max_mirror_size: Size,
    /// Tells this copy apart from others that write the same branch; stands in every commit's trailer.
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,
}

/// `run`
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Settle everything once, print the result, exit.
    #[arg(long)]
    pub(crate) once: bool,
    /// Decide and report; push nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Apply Kustomizations to this folder: each object a file, deleted when it is no longer built.
    #[arg(long, value_name = "DIR")]
    pub(crate) sync_to: Option<PathBuf>,
    /// Serve /healthz, /readyz, /metrics and a page on this address.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Turns at once per kind.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrent: u16,
    /// Stretch every interval by up to this many percent, so that not all fall due at once.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) interval_jitter_percentage: u8,
}

/// `plan`
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Exit with 1 when something would change.
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// `explain`
#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// ImagePolicy/[namespace/]name, an image, or FILE[:LINE] inside the Git repository [default: every policy];
    /// without DIR also Kustomization/[namespace/]name, or Kind/[namespace/]name of an object that one has applied.
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// `pins`
#[derive(Debug, Clone, Args)]
pub(crate) struct PinsArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// `unpin`
#[derive(Debug, Clone, Args)]
#[command(allow_missing_positional = true)]
pub(crate) struct UnpinArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// The file inside the Git repository, and the line of the field where the file has several pins.
    #[arg(value_name = "FILE[:LINE]", required = true)]
    pub(crate) place: String,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// `select`
#[derive(Debug, Clone, Args)]
pub(crate) struct SelectArgs {
    /// The image whose tags are asked for, when --tags names none.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Select the highest version within a semver range.
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["select_alpha", "select_numeric"])]
    pub(crate) select_semver: Option<String>,
    /// Select the last (asc) or the first (desc) in the order of bytes.
    #[arg(long, value_name = "asc|desc", conflicts_with = "select_numeric")]
    pub(crate) select_alpha: Option<Order>,
    /// Select the largest (asc) or the smallest (desc) number.
    #[arg(long, value_name = "asc|desc")]
    pub(crate) select_numeric: Option<Order>,
    /// Keep only tags that match this regular expression (RE2).
    #[arg(long, value_name = "REGEX")]
    pub(crate) filter_regex: Option<String>,
    /// Compare this text, with $groups of --filter-regex, instead of the whole tag.
    #[arg(long, value_name = "TEMPLATE", requires = "filter_regex")]
    pub(crate) filter_extract: Option<String>,
    /// A file with one ImagePolicy, instead of the flags.
    #[arg(short = 'f', long, value_name = "FILE", conflicts_with_all = ["select_semver", "select_alpha", "select_numeric", "filter_regex", "filter_extract"])]
    pub(crate) file: Option<PathBuf>,
    /// A file with one tag a line, or - for stdin, instead of a registry; # begins a comment.
    #[arg(long, value_name = "FILE")]
    pub(crate) tags: Option<PathBuf>,
    /// Print every accepted tag, best first, one a line.
    #[arg(long)]
    pub(crate) all: bool,
}

/// Orders as `flux create image policy` spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// Upwards: the last is the latest.
    Asc,
    /// Downwards: the first is the latest.
    Desc,
}

/// `lint`
#[derive(Debug, Clone, Args)]
pub(crate) struct LintArgs {
    /// Folders or files: manifests, marked files, or both. Without one the objects of a cluster are checked.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `build`
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildArgs {
    /// The folder of the kustomization. Paths in it may not leave the Git work tree around it, else the folder itself.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// A file with the Flux Kustomization whose fields are added, as the sync adds them.
    #[arg(long, value_name = "FILE")]
    pub(crate) kustomization_file: Option<PathBuf>,
}

/// `diff`
#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// The Kustomization, as [NAMESPACE/]NAME [default: all].
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Exit with 1 when something would change.
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// `tree`
#[derive(Debug, Clone, Args)]
pub(crate) struct TreeArgs {
    /// The Kustomization, as [NAMESPACE/]NAME [default: all].
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `check`
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `demo`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DemoArgs {
    /// Where to play; kept afterwards. Without it a temporary folder is used and removed.
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: Option<DemoAction>,
}

/// What else the demo can do.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DemoAction {
    /// Serve the registry of a demo folder again, so that plan, explain and run can be tried by hand.
    #[command(after_help = "Example:\n  tagalong demo registry ./tagalong-demo")]
    Registry {
        /// The demo folder.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Push one more tag into the registry of a demo folder, whether or not it is being served.
    #[command(after_help = "Example:\n  tagalong demo push ./tagalong-demo shop/web:1.12.0")]
    Push {
        /// The demo folder.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Image and tag, such as shop/web:1.5.0.
        #[arg(value_name = "IMAGE:TAG")]
        image: String,
    },
}

/// `completion`
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Shells with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}
