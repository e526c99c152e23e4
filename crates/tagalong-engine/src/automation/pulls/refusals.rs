//! A pull request that a person closed unmerged refuses what the trailers of its last commit name (RULES 18): until it
//! is reopened, or a commit on the base lifts the pin.

use super::host::Hosts;
use super::text::is_closed_by_us;
use crate::automation::look::Looked;
use crate::automation::message::{AUTOMATION, UPDATE, brings};
use crate::automation::pins::{Lifted, Pin, Since, unpin_command, unpin_text};
use crate::automation::plan::{EditPlan, HeldSite, PlannedEdit, held};
use crate::automation::round::Job;
use crate::mirrors::Opened;
use jiff::Timestamp;
use std::sync::Arc;
use tagalong_api::Reason;
use tagalong_edit::Site;
use tagalong_forge::{Closer, Forge, ForgeError, PullRequest, State};
use tagalong_git::{Deepened, GitError, trailer};
use tagalong_model::RepoPath;

/// What one closed pull request refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    number: u64,
    /// Whose commit it brought, as trailers name an automation.
    automation: String,
    /// Who closed it, where the host tells.
    by: Option<String>,
    closed: Timestamp,
    /// Its last commit.
    commit: String,
    /// That commit's updates: `flux-system:app:tag 1.0.0 -> 1.1.0`.
    updates: Vec<String>,
}

/// What the closed ones among these refuse, the latest first.
pub(super) async fn refusals(
    hosts: &Hosts,
    forge: &dyn Forge,
    repository: &str,
    name: &str,
    pulls: &[PullRequest],
) -> Result<Vec<Arc<Refusal>>, ForgeError> {
    let mut found = Vec::new();
    for pull in pulls.iter().filter(|pull| pull.state == State::Closed) {
        let key = (repository.to_owned(), pull.number);
        let refusal = match hosts.refusal(&key, pull.updated) {
            Some(known) => known,
            None => {
                let refusal = refusal(forge, pull).await?.map(Arc::new);
                hosts.remember(key, pull.updated, refusal.clone());
                refusal
            }
        };
        // Whose it is comes after: several automations may ask about one branch.
        found.extend(refusal.filter(|refusal| refusal.automation == name));
    }
    Ok(found)
}

async fn refusal(forge: &dyn Forge, pull: &PullRequest) -> Result<Option<Refusal>, ForgeError> {
    let Some(closed) = pull.closed.filter(|_| !is_closed_by_us(&pull.body)) else { return Ok(None) };
    let by = match forge.closed_by(pull).await? {
        Closer::Bot(_) => return Ok(None),
        Closer::Person(by) => Some(by),
        Closer::Unknown => None,
    };
    let Some(last) = forge.last_commit(pull).await? else { return Ok(None) };
    let trailers = trailer::parse(&last.message);
    let Some(automation) = trailer::get(&trailers, AUTOMATION).map(ToOwned::to_owned) else {
        return Ok(None);
    };
    let updates = trailers.into_iter().filter(|(key, _)| key == UPDATE).map(|(_, value)| value).collect();
    Ok(Some(Refusal { number: pull.number, automation, by, closed, commit: last.id, updates }))
}

impl Refusal {
    /// Whether it names every value that would be written at a site.
    fn covers(&self, edits: &[PlannedEdit]) -> bool {
        edits.iter().all(|edit| self.updates.iter().any(|update| brings(update, &edit.target, &edit.to)))
    }

    fn held(
        &self,
        job: &Job,
        looked: &Looked,
        edits: &[PlannedEdit],
        path: &RepoPath,
        site: &Site,
    ) -> Option<HeldSite> {
        let first = edits.first()?;
        let file = looked.files.iter().find(|file| file.path == *path)?;
        let (number, line, tag) = (self.number, first.line, &first.tag);
        let by = self.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let date = self.closed.strftime("%Y-%m-%d");
        let lifts =
            format!("reopening it, or `{}`", unpin_command(job.folder.as_deref(), path.as_str(), line));
        let message = format!(
            "pull request {number}, which brought {tag}, was closed without merging{by} ({date}); lifted by {lifts}"
        );
        let pin = Pin {
            commit: self.commit.clone(),
            author: self.by.clone().unwrap_or_default(),
            authored: self.closed,
            subject: format!("Pull request {number}"),
            refused: tag.clone(),
            lifts,
            site: unpin_text(site, path.as_str()),
        };
        Some(HeldSite { pin: Some(pin), ..held(file, site, Reason::ClosedUnmerged, message) })
    }
}

/// Takes the refused sites out of what is written. Blocks: it may read the base's history for what lifts them.
///
/// # Errors
/// Where the mirror is damaged, or more history cannot be fetched.
pub(super) fn apply(
    job: &Job,
    opened: &mut Opened,
    looked: &Looked,
    refusals: &[Arc<Refusal>],
    plan: &mut EditPlan,
) -> Result<(), GitError> {
    let mut kept = Vec::with_capacity(plan.edits.len());
    for edits in std::mem::take(&mut plan.edits).chunk_by(|a, b| a.path == b.path && a.place.0 == b.place.0) {
        match refused(job, opened, looked, refusals, edits)? {
            Some(held) => plan.held.push(held),
            None => kept.extend_from_slice(edits),
        }
    }
    plan.edits = kept;
    plan.held.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(())
}

fn refused(
    job: &Job,
    opened: &mut Opened,
    looked: &Looked,
    refusals: &[Arc<Refusal>],
    edits: &[PlannedEdit],
) -> Result<Option<HeldSite>, GitError> {
    let Some(first) = edits.first() else { return Ok(None) };
    let path = &first.path;
    let file = looked.files.iter().find(|file| file.path == *path);
    let Some(site) = file.and_then(|file| file.scan.sites.get(first.place.0)) else { return Ok(None) };
    for refusal in refusals.iter().filter(|refusal| refusal.covers(edits)) {
        let since = Since {
            mirror: &opened.mirror,
            remote: &job.gathered.remote,
            tip: looked.fetched.commit.parse()?,
            since: refusal.closed.as_second(),
            max_mirror_size: job.max_mirror_size,
        };
        let held = || refusal.held(job, looked, edits, path, site);
        match since.lifts(&mut opened.look_back, &unpin_text(site, path.as_str()))? {
            Lifted::Yes => {}
            Lifted::No => return Ok(held()),
            Lifted::Unknown(why) => return Ok(held().map(|held| too_short(held, why))),
        }
    }
    Ok(None)
}

/// The same where it cannot be told whether a commit has lifted it meanwhile.
fn too_short(held: HeldSite, why: Deepened) -> HeldSite {
    let why = match why {
        Deepened::TooLarge => {
            "the branch's history would make the mirror larger than --max-mirror-size allows; raise it"
        }
        Deepened::Done | Deepened::Nothing => {
            "the repository is itself a shallow clone; fetch it whole (git fetch --unshallow)"
        }
    };
    let message = format!("{}; cannot tell whether that was done: {why}", held.message);
    HeldSite { reason: Reason::HistoryTooShort, message, ..held }
}
