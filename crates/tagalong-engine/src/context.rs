//! What every reconcile is given: the desk, the clients, the caches, the settings. Built once by the binary.

use crate::automation::{Existing, Hosts, Turns};
use crate::desk::Desk;
use crate::kustomization::Syncing;
use crate::listings::Listings;
use crate::meters::Meters;
use crate::mirrors::Mirrors;
use crate::policy::Decisions;
use crate::retries::Retries;
use crate::source::Served;
use std::time::Duration;
use tagalong_model::ObjectKey;
use tagalong_registry::Registry;

/// What the command line decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Decide and report, push nothing (`--dry-run`, `plan`).
    pub dry_run: bool,
    /// Each object has one turn, and then the process ends (`--once`, `plan`).
    pub once: bool,
    /// Refuse references to other namespaces (`--no-cross-namespace-refs`).
    pub no_cross_namespace_refs: bool,
    /// Every interval is stretched by up to this many percent (`--interval-jitter-percentage`).
    pub jitter_percent: u8,
    /// Wait before a failed turn is tried again, doubled each time.
    pub min_retry_delay: Duration,
    /// The longest such wait.
    pub max_retry_delay: Duration,
    /// Wait for an object that another one depends on (`--requeue-dependency`).
    pub requeue_dependency: Duration,
    /// Turns at once per kind (`--concurrent`).
    pub concurrent: u16,
    /// Authorities that Git servers are trusted by beside the system's, as PEM (`--ca-file`).
    pub ca_pem: Option<String>,
    /// How large a mirror may grow when history is looked at, in bytes (`--max-mirror-size`).
    pub max_mirror_size: u64,
    /// Tells two copies that serve one branch apart (`--instance`).
    pub instance: Option<String>,
    /// The Secret with age keys for Kustomizations that name none (`--sops-age-secret`).
    pub sops_age_secret: Option<ObjectKey>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dry_run: false,
            once: false,
            no_cross_namespace_refs: false,
            jitter_percent: 5,
            min_retry_delay: Duration::from_millis(750),
            max_retry_delay: Duration::from_secs(15 * 60),
            requeue_dependency: Duration::from_secs(30),
            concurrent: 4,
            ca_pem: None,
            max_mirror_size: 2 << 30,
            instance: None,
            sops_age_secret: None,
        }
    }
}

/// Everything a reconcile may touch.
pub struct Context<D> {
    /// Where wishes come from and findings go.
    pub desk: D,
    /// The registry client, one per process.
    pub registry: Registry,
    /// Tag lists and first-seen times.
    pub listings: Listings,
    /// Git mirrors with their site indexes.
    pub mirrors: Mirrors,
    /// Who may write which branch now.
    pub turns: Turns,
    /// What each policy last decided, beyond what its status holds.
    pub decisions: Decisions,
    /// Tags whose manifest was seen.
    pub existing: Existing,
    /// What is remembered of the hosts of pull requests.
    pub hosts: Hosts,
    /// Failed turns in a row, per object.
    pub retries: Retries,
    /// What is counted of the turns.
    pub meters: Meters,
    /// Where archives of GitRepositories are kept and served; `None` where GitRepositories are only read.
    pub served: Option<Served>,
    /// What Kustomizations share; `None` where they are not served.
    pub syncing: Option<Syncing>,
    /// What the command line decided.
    pub settings: Settings,
}

impl<D: Desk> Context<D> {
    /// A context over a desk, a registry client, the lists and mirrors of a state folder.
    pub fn new(
        desk: D,
        registry: Registry,
        listings: Listings,
        mirrors: Mirrors,
        settings: Settings,
    ) -> Self {
        Self {
            desk,
            registry,
            listings,
            mirrors,
            turns: Turns::default(),
            decisions: Decisions::default(),
            existing: Existing::default(),
            hosts: Hosts::default(),
            retries: Retries::default(),
            meters: Meters::default(),
            served: None,
            syncing: None,
            settings,
        }
    }

    /// The same, with GitRepositories served.
    #[must_use]
    pub fn serving(self, served: Served) -> Self {
        Self { served: Some(served), ..self }
    }

    /// The same, with Kustomizations served, which are built from what is served of GitRepositories.
    #[must_use]
    pub fn syncing(self) -> Self {
        let syncing = Some(Syncing::new(self.settings.concurrent));
        Self { syncing, ..self }
    }

    /// An interval stretched by the jitter of the settings.
    pub fn jittered(&self, interval: Duration) -> Duration {
        stretched(interval, fastrand::f64() * f64::from(self.settings.jitter_percent))
    }
}

/// Longer by so many percent; what no duration can hold stays as it is.
fn stretched(interval: Duration, percent: f64) -> Duration {
    Duration::try_from_secs_f64(interval.as_secs_f64() * (1.0 + percent / 100.0)).unwrap_or(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_interval_is_stretched_without_harm() {
        assert_eq!(stretched(Duration::from_secs(100), 5.0), Duration::from_secs(105));
        assert_eq!(stretched(Duration::MAX, 5.0), Duration::MAX);
    }
}
