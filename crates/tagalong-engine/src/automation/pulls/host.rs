//! The host of an automation's pull requests, and what is remembered of hosts for the life of the process.

use super::refusals::Refusal;
use crate::automation::Failure;
use crate::automation::round::Job;
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tagalong_api::Reason;
use tagalong_api::validate::ValidPullRequest;
use tagalong_forge::{ErrorKind, Forge, ForgeError, Memory, Target, Way, connect};
use tagalong_git::{Remote, Tls};

/// The longest one request may take, whatever the GitRepository allows Git.
const TIMEOUT: Duration = Duration::from_secs(30);
/// From this many closed pull requests on, what is remembered of them is dropped and asked for again.
const REMEMBERED: usize = 10_000;

/// A closed pull request by repository and number, as of its last change, with what it refuses.
type Closed = HashMap<(String, u64), (Timestamp, Option<Arc<Refusal>>)>;

/// What is remembered of hosts. A cache: without it the same is asked again.
#[derive(Debug, Default)]
pub struct Hosts {
    /// Rate limits and tokens.
    pub memory: Memory,
    closed: Mutex<Closed>,
    /// Branches that were not merged, by repository and name, with their tips: they stay.
    kept: Mutex<HashMap<(String, String), String>>,
}

impl Hosts {
    /// What a closed pull request refuses, where it did not change since.
    pub(super) fn refusal(&self, key: &(String, u64), updated: Timestamp) -> Option<Option<Arc<Refusal>>> {
        let closed = self.closed();
        closed.get(key).filter(|(seen, _)| *seen == updated).map(|(_, refusal)| refusal.clone())
    }

    pub(super) fn remember(&self, key: (String, u64), updated: Timestamp, refusal: Option<Arc<Refusal>>) {
        let mut closed = self.closed();
        if closed.len() >= REMEMBERED {
            closed.clear();
        }
        closed.insert(key, (updated, refusal));
    }

    /// Whether a branch with this tip is known to stay.
    pub(super) fn is_kept(&self, repository: &str, (branch, tip): &(String, String)) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(repository.to_owned(), branch.clone())) == Some(tip)
    }

    /// Remembers branches that stay as long as their tips do.
    pub(super) fn keep(&self, repository: &str, branches: Vec<(String, String)>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= REMEMBERED {
            kept.clear();
        }
        kept.extend(branches.into_iter().map(|(branch, tip)| ((repository.to_owned(), branch), tip)));
    }

    fn closed(&self) -> MutexGuard<'_, Closed> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host behind the automation's GitRepository.
pub(super) async fn host<D: Desk>(
    context: &Context<D>,
    job: &Job,
    spec: &ValidPullRequest,
) -> Result<Box<dyn Forge>, Failure> {
    let remote = &job.gathered.remote;
    let wrong = |why: String| Failure {
        reason: Reason::SourceManagerFailed,
        message: format!("failed configuring the host of pull requests: {why}"),
        stalled: false,
    };
    let target = Target { git: remote.url.to_string(), web: spec.url.clone(), provider: spec.provider };
    let gits_own = target.is_gits_own();
    if spec.secret.is_none() && !gits_own {
        // Who writes the automation may not be allowed to read that Secret.
        let why = "what the GitRepository's Secret holds goes to its own host and port alone, by https where Git uses \
                   that; name a Secret for .spec.git.pullRequest.url in .spec.git.pullRequest.secretRef";
        return Err(wrong(why.to_owned()));
    }
    let namespace = &job.valid.key.namespace;
    let secret = spec.secret.as_deref();
    let credentials = credentials::forge::credentials(&context.desk, namespace, secret, remote);
    let way = Way {
        client: shown(remote, gits_own).http_client().map_err(|error| wrong(error.to_string()))?,
        credentials: credentials.await.map_err(wrong)?,
        memory: context.hosts.memory.clone(),
        allowance: job.allowance.clone(),
        timeout: remote.timeout.min(TIMEOUT),
    };
    connect(&target, way).map_err(|error| wrong(error.to_string()))
}

/// Another host than Git's own is not shown the certificate that Git shows.
fn shown(remote: &Remote, gits_own: bool) -> Remote {
    let mut shown = remote.clone();
    if !gits_own {
        shown.tls = Tls { ca_pem: remote.tls.ca_pem.clone(), ..Tls::default() };
    }
    shown
}

/// A host that did not do what it was asked. All but a wrong configuration is tried again.
pub(super) fn failed(error: &ForgeError) -> Failure {
    let reason = match error.kind() {
        ErrorKind::Invalid => Reason::InvalidSourceConfiguration,
        ErrorKind::Auth | ErrorKind::Forbidden => Reason::AuthenticationFailed,
        _ => Reason::PullRequestFailed,
    };
    failing(reason, &error.to_string())
}

/// A failure that time may mend.
pub(super) fn failing(reason: Reason, why: &str) -> Failure {
    Failure { reason, message: format!("failed to keep the pull requests: {why}"), stalled: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_that_git_shows_is_shown_to_no_other_host() {
        let mut remote = Remote::new("https://git.example.com/acme/fleet".parse().unwrap());
        (remote.tls.client_cert_pem, remote.tls.client_key_pem) = (Some("cert".into()), Some("key".into()));
        remote.tls.ca_pem = Some("ca".to_owned());
        assert!(shown(&remote, true).tls.client_key_pem.is_some());
        let tls = shown(&remote, false).tls;
        assert!(tls.client_cert_pem.is_none() && tls.client_key_pem.is_none() && tls.ca_pem.is_some());
    }
}
