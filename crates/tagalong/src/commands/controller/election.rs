//! Which copy of the controller works: the one that holds the Leases of Flux's own controllers that it stands in for, so
//! that they and Tagalong never write at once. A shard's Leases carry a hash of its selector, as Flux's do.

use super::wire::{pod, runtime_namespace};
use crate::cli::{ControllerArgs, Group};
use kube::Client;
use std::time::Duration;
use tagalong_cluster::{Election, Terms, lease_name};

/// In the order in which they are taken.
const LEASES: [(Group, &str); 4] = [
    (Group::Image, "image-automation-controller-leader-election"),
    (Group::Image, "image-reflector-controller-leader-election"),
    (Group::Source, "source-controller-leader-election"),
    (Group::Kustomize, "kustomize-controller-leader-election"),
];
/// At the end the API server gets this long to take the Leases back.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The election that was asked for. One that writes nothing takes part in none.
pub(super) fn of(args: &ControllerArgs, client: &Client) -> anyhow::Result<Option<Election>> {
    let election = &args.election;
    if !election.enable_leader_election || args.dry_run {
        return Ok(None);
    }
    let namespace = runtime_namespace("--enable-leader-election")?;
    let terms = Terms {
        duration: election.leader_election_lease_duration,
        renew_deadline: election.leader_election_renew_deadline,
        retry_period: election.leader_election_retry_period,
    };
    // Two processes of one Pod are two.
    let identity = format!("{}_{}_{:x}", pod(), std::process::id(), jiff::Timestamp::now().as_nanosecond());
    let served = LEASES.iter().filter(|(group, _)| args.controllers.contains(group));
    let names = served.map(|(_, name)| lease_name(name, &args.watch_label_selector)).collect();
    Ok(Some(Election::new(client.clone(), &namespace, identity, names, terms)))
}

/// Says why, when a Lease is lost; never without an election.
pub(super) async fn lost(election: Option<&Election>) -> String {
    match election {
        Some(election) => election.lost().await,
        None => std::future::pending().await,
    }
}

/// Gives the Leases back.
pub(super) async fn release(election: &Election) {
    if tokio::time::timeout(LAST_WORDS, election.release()).await.is_err() {
        tracing::warn!("the leases were not given back in time; the next copy waits until they expire");
    }
}
