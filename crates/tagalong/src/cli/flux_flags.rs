//! Flags of Flux's controllers that have no meaning here. They are accepted, so that a Deployment's arguments
//! can be taken over as they are, and named in a warning. Part of the flags of `tagalong controller`.

use clap::error::Error;
use clap::{Arg, ArgMatches, Command, FromArgMatches};

/// The flags, with or without a value; FLUX.md 6.1.
const FLAGS: &[&str] = &[
    "artifact-digest-algo",
    "aws-autologin-for-ecr",
    "azure-autologin-for-acr",
    "concurrent-ssa",
    "custom-apply-stage-kinds",
    "default-decryption-service-account",
    "default-kubeconfig-service-account",
    "feature-gates",
    "gc-interval",
    "gcp-autologin-for-gcr",
    "helm-cache-max-size",
    "helm-cache-purge-interval",
    "helm-cache-ttl",
    "helm-chart-file-max-size",
    "helm-chart-max-size",
    "helm-index-max-size",
    "http-retry",
    "insecure-kubeconfig-exec",
    "kube-api-burst",
    "kube-api-qps",
    "no-remote-bases",
    "override-manager",
    "sops-vault-configmap",
    "ssh-hostkey-algos",
    "ssh-kex-algos",
    "storage-compression-threshold",
    "storage-value-log-file-size",
    "token-cache-max-duration",
    "token-cache-max-size",
    "watch-configs-label-selector",
];

/// The ones that were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct FluxFlags(Vec<String>);

impl FluxFlags {
    /// As they are written, sorted.
    pub(crate) fn given(&self) -> &[String] {
        &self.0
    }
}

impl FromArgMatches for FluxFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = FLAGS.iter().filter(|flag| matches.contains_id(flag));
        Ok(Self(given.map(|flag| format!("--{flag}")).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for FluxFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, flag| {
            command.arg(Arg::new(*flag).long(*flag).hide(true).num_args(0..=1).allow_hyphen_values(false))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
