//! Leader election over Leases, in the way and with the fields of Flux's controllers: a holder renews, another waits
//! until the Lease is released or was not renewed for its whole time, by its own clock. Run by the binary.
//!
//! Several Leases are taken in one order, each renewed while the next is waited for, so that two who want all of them
//! never wait for each other.

use crate::cluster::short_hash;
use crate::error::said;
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use std::time::{Duration, Instant};

/// Who wants to lead, and by which Leases.
pub struct Election {
    leases: Api<Lease>,
    identity: String,
    names: Vec<String>,
    terms: Terms,
}

/// The times of an election.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// A Lease that was not renewed for so long is free.
    pub duration: Duration,
    /// A holder that could not renew for so long has lost.
    pub renew_deadline: Duration,
    /// Between two renewals.
    pub retry_period: Duration,
}

/// What stands in a Lease, as this process saw it.
struct Seen {
    lease: Option<Lease>,
    since: Instant,
}

/// The name of a Lease for the objects of a label selector, as Flux's controllers call theirs: with a short hash of
/// the selector behind it, so that shards do not wait for each other.
pub fn lease_name(base: &str, selector: &str) -> String {
    if selector.is_empty() { base.to_owned() } else { format!("{base}-{}", short_hash(selector)) }
}

impl Election {
    /// An election in `namespace`; `identity` is this process and nobody else.
    pub fn new(client: Client, namespace: &str, identity: String, names: Vec<String>, terms: Terms) -> Self {
        Self { leases: Api::namespaced(client, namespace), identity, names, terms }
    }

    /// Waits until every Lease is held. Then [`Self::lost`] has to be polled, which renews them.
    pub async fn won(&self) {
        'all: loop {
            for (index, name) in self.names.iter().enumerate() {
                let held = self.names.get(..index).unwrap_or_default();
                tokio::select! {
                    () = self.acquire(name) => {}
                    why = self.renew(held) => {
                        tracing::warn!("{why}; the election begins again");
                        continue 'all;
                    }
                }
            }
            return;
        }
    }

    /// Renews every Lease; says why when one is lost.
    pub async fn lost(&self) -> String {
        self.renew(&self.names).await
    }

    /// Gives every Lease back, so that another need not wait.
    pub async fn release(&self) {
        for name in &self.names {
            let Ok(Some(mut lease)) = self.leases.get_opt(name).await else { continue };
            if holder(&lease) != self.identity {
                continue;
            }
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            spec.renew_time = Some(MicroTime(Timestamp::now()));
            if let Err(error) = self.leases.replace(name, &PostParams::default(), &lease).await {
                tracing::debug!("Lease {name} was not released: {}", said(&error));
            }
        }
    }

    /// Waits until one Lease is held.
    async fn acquire(&self, name: &str) {
        let mut changes = std::pin::pin!(watch_object(self.leases.clone(), name).default_backoff());
        let mut seen: Option<Seen> = None;
        let mut again: Option<Instant> = None;
        let (mut told, mut failed) = (false, None);
        loop {
            let since = seen.as_ref().map_or_else(Instant::now, |seen| seen.since);
            let expiry = since + self.terms.duration;
            tokio::select! {
                change = changes.next() => match change {
                    Some(Ok(lease)) => seen = Some(Seen { lease, since: Instant::now() }),
                    Some(Err(error)) => tracing::debug!("Lease {name} is not watched: {error}"),
                    None => return std::future::pending().await,
                },
                () = tokio::time::sleep_until(again.unwrap_or(expiry).into()) => {}
            }
            let Some(seen) = &seen else { continue };
            let by = seen.lease.as_ref().map(holder).unwrap_or_default();
            let free = by.is_empty() || by == self.identity || Instant::now() >= expiry;
            // After a try in vain: somebody else was faster, which the watch will tell, or the API server did not answer.
            again = free.then(|| Instant::now() + self.terms.retry_period);
            if free {
                match self.take(name, seen.lease.as_ref()).await {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(why) if failed.as_ref() == Some(&why) => {}
                    Err(why) => {
                        tracing::warn!("Lease {name} cannot be taken: {why}");
                        failed = Some(why);
                    }
                }
            } else if !told {
                tracing::info!("standing by: Lease {name} is held by {by}");
                told = true;
            }
        }
    }

    /// Writes ourselves into a Lease that is free; whether that was so, or why nothing was written.
    async fn take(&self, name: &str, before: Option<&Lease>) -> Result<bool, String> {
        let now = MicroTime(Timestamp::now());
        let mut lease = before.cloned().unwrap_or_else(|| Lease {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            spec: None,
        });
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            spec.lease_transitions = Some(spec.lease_transitions.map_or(0, |times| times.saturating_add(1)));
            spec.acquire_time = Some(now.clone());
        }
        self.fill(spec, now);
        let written = match before {
            None => self.leases.create(&PostParams::default(), &lease).await,
            Some(_) => self.leases.replace(name, &PostParams::default(), &lease).await,
        };
        match written {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => Ok(false),
            Err(error) => Err(said(&error)),
        }
    }

    fn fill(&self, spec: &mut LeaseSpec, now: MicroTime) {
        spec.holder_identity = Some(self.identity.clone());
        spec.lease_duration_seconds =
            Some(i32::try_from(self.terms.duration.as_secs()).unwrap_or(i32::MAX).max(1));
        spec.renew_time = Some(now);
    }

    /// Renews these Leases until one is lost; says why. With none it waits for ever.
    async fn renew(&self, names: &[String]) -> String {
        if names.is_empty() {
            return std::future::pending().await;
        }
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(self.terms.retry_period).await;
            let left = self.terms.renew_deadline.saturating_sub(renewed.elapsed());
            let begun = Instant::now();
            match tokio::time::timeout(left, self.renew_all(names)).await {
                Ok(Ok(())) => renewed = begun,
                Ok(Err(Renewal::Lost(why))) => return why,
                Ok(Err(Renewal::Failed(why))) => tracing::warn!("{why}; it is tried again"),
                Err(_) => {
                    let seconds = self.terms.renew_deadline.as_secs_f32();
                    return format!("the leases could not be renewed for {seconds} s");
                }
            }
        }
    }

    async fn renew_all(&self, names: &[String]) -> Result<(), Renewal> {
        for name in names {
            let failed = |error: &kube::Error| {
                Renewal::Failed(format!("Lease {name} was not renewed: {}", said(error)))
            };
            let lease = self.leases.get_opt(name).await.map_err(|error| failed(&error))?;
            let Some(mut lease) = lease else { return Err(Renewal::Lost(format!("Lease {name} is gone"))) };
            let by = holder(&lease);
            if by != self.identity {
                return Err(Renewal::Lost(format!("Lease {name} went to '{by}'")));
            }
            self.fill(lease.spec.get_or_insert_default(), MicroTime(Timestamp::now()));
            self.leases
                .replace(name, &PostParams::default(), &lease)
                .await
                .map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

enum Renewal {
    Lost(String),
    Failed(String),
}

fn holder(lease: &Lease) -> String {
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_has_a_lease_of_its_own() {
        assert_eq!(lease_name("x-leader-election", ""), "x-leader-election");
        assert_eq!(lease_name("foo", "barbaz"), "foo-c8f8b724");
        assert_eq!(
            lease_name("x-leader-election", "sharding.fluxcd.io/key=shard1"),
            "x-leader-election-73fdc1be"
        );
    }
}
