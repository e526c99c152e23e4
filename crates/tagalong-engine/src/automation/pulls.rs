//! Pull requests instead of pushes (`spec.git.pullRequest`, RULES 17 to 19). Called by `act` once a turn is planned.
//!
//! ```text
//! plan ─▶ ask the host: open ones, closed ones of our branches
//!           └▶ refusals (closed by a person: held)                            ◀─ rule 18
//!                └▶ groups, each with a branch ─▶ limits
//!                     └▶ branches: base + one commit, pushed over our own     ◀─ rule 17
//!                          └▶ open │ describe │ leave alone
//!                ├▶ leftovers: nothing left to do ─▶ comment, close
//!                └▶ branches that were merged ─▶ remove
//! ```
//!
//! Nothing is kept that could be lost: what stands is asked of Git and of the host at each turn, so a turn that was
//! killed between a push and the opening is gone on with by the next one. The mirror is not held while the host is
//! asked.

mod branches;
mod group;
mod host;
mod images;
mod leftover;
mod merged;
mod refusals;
mod requests;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use group::Stem;
pub use host::Hosts;
pub use text::{DEFAULT_BODY, DEFAULT_TITLE};

use super::act::{self, Planned, blocking};
use super::round::Job;
use super::{Done, Failure, PullTurn, TurnOutcome, TurnReport, message, wait};
use crate::context::Context;
use crate::desk::Desk;
use branches::Written;
use group::Group;
use requests::Requests;
use std::collections::BTreeSet;
use std::sync::Arc;
use tagalong_api::Reason;
use tagalong_api::validate::{OnUnhealthy, ValidPullRequest};
use tagalong_forge::{Forge, ForgeError, PullRequest};
use tagalong_model::Revision;

/// What the host has of ours.
#[derive(Debug, Default)]
struct Seen {
    open: Vec<PullRequest>,
    closed: Vec<PullRequest>,
    /// The branches to which any pull request is open.
    bases: BTreeSet<String>,
}

/// One turn's pull requests; `None` where a branch moved meanwhile.
pub(super) async fn write<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    mut planned: Planned,
    moved: u32,
) -> Result<Option<Done>, Failure> {
    let Some(spec) = &job.valid.pull_request else { return Ok(None) };
    let stem = Stem::new(&job.valid, job.instance.as_deref());
    let reverts = planned.rollback.is_some();
    if planned.edits.edits.is_empty() && !reverts && own_branches(&planned, &stem).is_empty() {
        let turn = report(job, &planned, TurnOutcome::UpToDate, Vec::new(), moved);
        return Ok(Some(done(job, planned, turn)));
    }
    // Outside of all windows nothing is written; what stands goes on standing.
    let wait = wait(job, spec, &planned).filter(|_| reverts || !planned.edits.edits.is_empty());
    let reach = match wait {
        None => Reach::Everything,
        Some(wait) if reverts && !holds_reverts(job, &wait) => Reach::RevertOnly(wait),
        Some(wait) => {
            let mut turn = report(job, &planned, TurnOutcome::Waiting(wait), Vec::new(), moved);
            turn.changes = changes(context, job, &planned, &mut turn.plan).await?;
            return Ok(Some(done(job, planned, turn)));
        }
    };
    let asked = async {
        let forge = host::host(context, job, spec).await?;
        let seen = look(forge.as_ref(), job, &planned, &stem).await.map_err(|error| host::failed(&error))?;
        Ok((forge, seen))
    };
    let (forge, seen) = match asked.await {
        Ok(asked) => asked,
        // A plan needs no token: it says what it could not find out.
        Err(failure) if job.dry_run => {
            return unasked(context, job, spec, planned, &reach, &failure).await.map(Some);
        }
        Err(failure) => return Err(failure),
    };
    refuse(context, job, &mut planned, forge.as_ref(), &seen.closed).await?;

    let groups = groups(job, spec, &planned, &reach);
    let mut requests = Requests::new(job, spec, forge.as_ref(), &seen, &planned.edits, groups, &reach)?;
    requests.admit(&planned.looked.fetched.tips).await.map_err(|error| host::failed(&error))?;
    let Some(written) = push(context, job, &planned, &requests).await? else { return Ok(None) };
    let told = images::told(context, &requests.to_describe(&written)).await;
    requests.tell(&told)?;
    let (pulls, failure) = requests.carry_out(written).await;
    if failure.is_none() && matches!(reach, Reach::Everything) {
        merged::remove(context, job, &planned, forge.as_ref(), &seen, &requests).await;
    }
    planned.failure = planned.failure.or(failure.map(|failure| (failure.reason, failure.message)));
    let outcome = TurnOutcome::PullRequests { planned: job.dry_run };
    let outcome = if pulls.is_empty() { TurnOutcome::UpToDate } else { outcome };
    let mut turn = report(job, &planned, outcome, pulls, moved);
    turn.changes = changes(context, job, &planned, &mut turn.plan).await?;
    let mut done = done(job, planned, turn);
    if let Reach::RevertOnly(wait) = &reach {
        done.leaves_pulls = true;
        let rest = wait::rest(done.interval, Some(wait), job.now);
        done.soon = Some(done.soon.map_or(rest, |soon| soon.min(rest)));
    }
    Ok(Some(done))
}

/// What a turn may do.
#[derive(Debug)]
enum Reach {
    Everything,
    /// All but what takes a commit back waits for this.
    RevertOnly(wait::Wait),
}

/// Whether what takes a commit back waits as well: for no limit, and for a window where that is wished for.
fn holds_reverts(job: &Job, wait: &wait::Wait) -> bool {
    wait.reason == Reason::WindowClosed && job.valid.on_unhealthy != OnUnhealthy::Revert
}

/// What takes a commit back comes first: it waits for no limit.
fn groups(job: &Job, spec: &ValidPullRequest, planned: &Planned, reach: &Reach) -> Vec<Group> {
    let instance = job.instance.as_deref();
    let revert = planned.rollback.as_ref().and_then(|plan| group::revert(plan, &job.valid, instance));
    let others = match reach {
        Reach::Everything => group::groups(&planned.edits, &job.valid, spec.group_by, instance),
        Reach::RevertOnly(_) => Vec::new(),
    };
    revert.into_iter().chain(others).collect()
}

/// Why nothing is written now. A pull request asks a person by itself, unless it merges by itself; and how many of them
/// there may be is its own limit.
fn wait(job: &Job, spec: &ValidPullRequest, planned: &Planned) -> Option<wait::Wait> {
    let limits = &job.valid.limits;
    let many = || wait::changes(limits, &planned.edits);
    wait::window(&job.valid.schedule, job.now)
        .or_else(|| wait::quiet(limits, planned.newest, job.now))
        .or_else(|| spec.auto_merge.is_some().then(many).flatten())
}

/// What is planned where the host could not be asked what is there already.
async fn unasked<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    spec: &ValidPullRequest,
    planned: Planned,
    reach: &Reach,
    failure: &Failure,
) -> Result<Done, Failure> {
    let groups = groups(job, spec, &planned, reach);
    let pulls = requests::unasked(job, spec, groups, &failure.message)?;
    let mut turn = report(job, &planned, TurnOutcome::PullRequests { planned: true }, pulls, 0);
    turn.changes = changes(context, job, &planned, &mut turn.plan).await?;
    Ok(done(job, planned, turn))
}

/// Asks the host for what is there of ours.
async fn look(forge: &dyn Forge, job: &Job, planned: &Planned, stem: &Stem) -> Result<Seen, ForgeError> {
    let all = forge.open().await?;
    let bases = all.iter().map(|pull| pull.base.clone()).collect();
    let open: Vec<PullRequest> = all.into_iter().filter(|pull| stem.is_own(&pull.branch)).collect();
    if planned.edits.edits.is_empty() && planned.rollback.is_none() {
        return Ok(Seen { open, closed: Vec::new(), bases });
    }
    // What was refused in one grouping is refused in another.
    let instance = job.instance.as_deref();
    let revert = planned.rollback.as_ref().and_then(|plan| group::revert(plan, &job.valid, instance));
    let branches = group::branches(&planned.edits, &job.valid, instance);
    let branches: Vec<String> = branches.into_iter().chain(revert.map(|group| group.branch)).collect();
    let mut closed = forge.closed(&branches, &job.gathered.push_branch).await?;
    closed.retain(|closed| open.iter().all(|open| open.number != closed.number));
    Ok(Seen { open, closed, bases })
}

/// Holds what a person has refused.
async fn refuse<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    planned: &mut Planned,
    forge: &dyn Forge,
    closed: &[PullRequest],
) -> Result<(), Failure> {
    let repository = job.gathered.remote.url.lock_key();
    let name = message::automation_name(&job.valid.key, job.instance.as_deref());
    let refusals = refusals::refusals(&context.hosts, forge, &repository, &name, closed).await;
    let refusals = refusals.map_err(|error| host::failed(&error))?;
    if refusals.is_empty() || planned.edits.edits.is_empty() && planned.rollback.is_none() {
        return Ok(());
    }
    let mirror = act::mirror(context, job).await?;
    let (job, looked) = (Arc::clone(job), Arc::clone(&planned.looked));
    let (mut edits, mut rollback) = (std::mem::take(&mut planned.edits), planned.rollback.take());
    let (result, _mirror) = blocking(mirror, move |opened| {
        for plan in std::iter::once(&mut edits).chain(&mut rollback) {
            let applied = refusals::apply(&job, opened, &looked, &refusals, plan);
            applied.map_err(|error| super::round::checkout_failed(&error))?;
        }
        Ok((edits, rollback))
    })
    .await?;
    let (mut edits, rollback) = result?;
    // Who closes the pull request that takes a commit back wants that commit.
    edits.held.extend(rollback.iter().flat_map(|plan| plan.held.iter().cloned()));
    planned.edits = edits;
    planned.rollback = rollback.filter(|plan| !plan.edits.is_empty());
    Ok(())
}

/// Writes the branches of the groups that may go, and looks whose those are that are left over.
async fn push<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    planned: &Planned,
    requests: &Requests<'_>,
) -> Result<Option<Vec<Written>>, Failure> {
    let mirror = act::mirror(context, job).await?;
    let (groups, leftovers) = (requests.to_write(), requests.leftovers());
    let (job, looked) = (Arc::clone(job), Arc::clone(&planned.looked));
    let (result, _mirror) =
        blocking(mirror, move |opened| branches::write(&job, opened, &looked, groups, &leftovers)).await?;
    result
}

/// The files as they would be with every pull request merged.
async fn changes<D: Desk>(
    context: &Context<D>,
    job: &Arc<Job>,
    planned: &Planned,
    plan: &mut super::EditPlan,
) -> Result<Vec<super::FileChange>, Failure> {
    let mirror = act::mirror(context, job).await?;
    let (job, looked) = (Arc::clone(job), Arc::clone(&planned.looked));
    let mut edits = std::mem::take(plan);
    let (result, _mirror) = blocking(mirror, move |opened| {
        let changes = job.change_files(&opened.mirror.reader(), &looked, &mut edits);
        Ok((changes.map_err(|error| super::round::checkout_failed(&error))?, edits))
    })
    .await?;
    let (changes, edits) = result?;
    *plan = edits;
    Ok(changes)
}

/// The branches of ours that the remote has.
fn own_branches<'a>(planned: &'a Planned, stem: &Stem) -> Vec<&'a str> {
    let tips = planned.looked.fetched.tips.keys();
    tips.filter_map(|name| name.strip_prefix("refs/heads/")).filter(|branch| stem.is_own(branch)).collect()
}

fn report(
    job: &Job,
    planned: &Planned,
    outcome: TurnOutcome,
    pulls: Vec<PullTurn>,
    moved: u32,
) -> TurnReport {
    TurnReport {
        automation: job.valid.key.clone(),
        url: job.gathered.remote.url.to_string(),
        branch: job.gathered.push_branch.clone(),
        base: planned.looked.fetched.commit.clone(),
        files: Arc::clone(&planned.looked.files),
        plan: planned.edits.clone(),
        changes: Vec::new(),
        outcome,
        pulls,
        proposed_revert: planned.rollback.as_ref().and_then(|plan| plan.revert.clone()),
        rewritten: planned.looked.rewritten.clone(),
        moved,
    }
}

fn done(job: &Job, planned: Planned, turn: TurnReport) -> Done {
    let fetched = &planned.looked.fetched;
    let revision = Revision { name: fetched.revision_name.clone(), commit: fetched.commit.clone() };
    planned.done(job, turn, revision.to_string())
}
