//! What is done at the host for each branch: open, describe, leave alone, close. Called by `pulls`.

use super::branches::{BranchNow, Written};
use super::group::{Group, Stem, branches};
use super::host;
use super::images::Told;
use super::leftover::{Leftover, judge};
use super::text::{self, Text, about, described, plain};
use super::{Reach, Seen};
use crate::automation::plan::EditPlan;
use crate::automation::round::Job;
use crate::automation::{Failure, PullAction, PullTurn};
use jiff::SignedDuration;
use std::time::Duration;
use tagalong_api::Reason;
use tagalong_api::validate::ValidPullRequest;
use tagalong_forge::{AutoMerge, ErrorKind, Forge, ForgeError, NewPullRequest, PullRequest, State};
use tagalong_git::Tips;

/// How often a host is asked to merge by itself what it has to look at first, and the pause between.
const MERGE_TRIES: u32 = 5;
const MERGE_PAUSE: Duration = Duration::from_millis(300);
/// What the limit is about.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The pull requests of one turn.
pub(super) struct Requests<'a> {
    job: &'a Job,
    spec: &'a ValidPullRequest,
    forge: &'a dyn Forge,
    seen: &'a Seen,
    plan: &'a EditPlan,
    entries: Vec<Entry>,
    reach: &'a Reach,
}

/// A group, and what may come of it.
struct Entry {
    group: Group,
    text: Text,
    /// Why it has to wait.
    waits: Option<String>,
    /// A tip of its branch that may be replaced whoever made it.
    replaceable: Option<String>,
}

fn entries(job: &Job, spec: &ValidPullRequest, groups: Vec<Group>) -> Result<Vec<Entry>, Failure> {
    let entry = |group: Group| {
        let text = written(job, spec, &group, &Told::new())?;
        Ok(Entry { group, text, waits: None, replaceable: None })
    };
    groups.into_iter().map(entry).collect()
}

fn written(job: &Job, spec: &ValidPullRequest, group: &Group, told: &Told) -> Result<Text, Failure> {
    text::text(&job.valid, spec, group, &job.gathered.push_branch, told).map_err(|error| Failure {
        reason: Reason::PullRequestFailed,
        message: format!("failed to keep the pull requests: failed to run template from spec: {error}"),
        stalled: false,
    })
}

/// What a plan says of these groups where the host could not be asked.
///
/// # Errors
/// Where a template does not render.
pub(super) fn unasked(
    job: &Job,
    spec: &ValidPullRequest,
    groups: Vec<Group>,
    why: &str,
) -> Result<Vec<PullTurn>, Failure> {
    let turn = |entry: Entry| PullTurn {
        branch: entry.group.branch,
        title: entry.text.title,
        policies: entry.group.policies,
        number: None,
        url: None,
        commit: None,
        action: PullAction::Opened,
        notes: vec![format!("its host could not be asked whether it is there: {why}")],
    };
    Ok(entries(job, spec, groups)?.into_iter().map(turn).collect())
}

/// Whether the host would say the same to whatever else it is asked now.
fn ends_the_turn(error: &ForgeError) -> bool {
    match error.kind() {
        ErrorKind::Unreachable | ErrorKind::Unavailable | ErrorKind::RateLimited(_) | ErrorKind::Auth => true,
        ErrorKind::Refused
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Protocol => false,
    }
}

/// Whether it is ours to close: it has our line. A person may open one of their own from a branch of ours, and who takes
/// the line out of ours has made it theirs.
fn is_kept(pull: &PullRequest) -> bool {
    described(&pull.body).is_some()
}

impl<'a> Requests<'a> {
    /// The pull requests of these groups.
    ///
    /// # Errors
    /// Where a template does not render.
    pub(super) fn new(
        job: &'a Job,
        spec: &'a ValidPullRequest,
        forge: &'a dyn Forge,
        seen: &'a Seen,
        plan: &'a EditPlan,
        groups: Vec<Group>,
        reach: &'a Reach,
    ) -> Result<Self, Failure> {
        let entries = entries(job, spec, groups)?;
        Ok(Self { job, spec, forge, seen, plan, entries, reach })
    }

    /// Which groups may have a pull request now, and which branches may be replaced because what is on them was merged.
    pub(super) async fn admit(&mut self, tips: &Tips) -> Result<(), ForgeError> {
        let mut open =
            self.seen.open.iter().filter(|pull| self.is_ours(pull) && !self.gives_way(pull)).count();
        let mut left = self.left_of_the_hour().await?;
        for at in 0..self.entries.len() {
            let Some(entry) = self.entries.get(at) else { break };
            if self.pull_of(&entry.group.branch).is_some() {
                continue;
            }
            let branch = entry.group.branch.clone();
            let max = self.spec.max_open;
            let waits = match left {
                _ if entry.group.plan.revert.is_some() => None,
                _ if open >= max as usize => {
                    Some(format!("{open} pull requests are open, and limits.open is {max}"))
                }
                Some(0) => Some("limits.perHour pull requests were opened within the hour".to_owned()),
                _ => None,
            };
            if waits.is_none() {
                open += 1;
                left = left.map(|left| left - 1);
            }
            let replaceable = if tips.contains_key(&format!("refs/heads/{branch}")) {
                self.merged_from(&branch).await?
            } else {
                None
            };
            if let Some(entry) = self.entries.get_mut(at) {
                (entry.waits, entry.replaceable) = (waits, replaceable);
            }
        }
        Ok(())
    }

    /// How many more may be opened; `None` is as many as there are.
    async fn left_of_the_hour(&self) -> Result<Option<u32>, ForgeError> {
        let Some(max) = self.spec.max_per_hour else { return Ok(None) };
        if self.entries.iter().all(|entry| self.pull_of(&entry.group.branch).is_some()) {
            return Ok(None);
        }
        let stem = Stem::new(&self.job.valid, self.job.instance.as_deref());
        let opened = self.forge.opened_since(self.job.now - HOUR).await?;
        let opened = opened.iter().filter(|pull| stem.is_own(&pull.branch) && is_kept(pull)).count();
        Ok(Some(max.saturating_sub(u32::try_from(opened).unwrap_or(u32::MAX))))
    }

    /// The last commit that was merged from a branch: what people added there went in with it.
    async fn merged_from(&self, branch: &str) -> Result<Option<String>, ForgeError> {
        let merged = |pull: &&PullRequest| pull.branch == branch && pull.state == State::Merged;
        // The host sorts them otherwise: a comment on an older one makes it the latest.
        let merged = self.seen.closed.iter().filter(merged).max_by_key(|pull| (pull.closed, pull.number));
        let Some(merged) = merged else { return Ok(None) };
        Ok(self.forge.last_commit(merged).await?.map(|last| last.id))
    }

    /// Whether a group has this branch.
    pub(super) fn has_branch(&self, branch: &str) -> bool {
        self.entry_of(branch).is_some()
    }

    /// The groups whose branches are to be written.
    pub(super) fn to_write(&self) -> Vec<(Group, Option<String>)> {
        let go = self.entries.iter().filter(|entry| entry.waits.is_none());
        go.map(|entry| (entry.group.clone(), entry.replaceable.clone())).collect()
    }

    /// The branches of open pull requests that belong to no group.
    pub(super) fn leftovers(&self) -> Vec<String> {
        if matches!(self.reach, Reach::RevertOnly(_)) {
            return Vec::new();
        }
        let kept = self.seen.open.iter().filter(|pull| is_kept(pull));
        let mut branches: Vec<String> = kept.map(|pull| pull.branch.clone()).collect();
        branches.retain(|branch| self.entries.iter().all(|entry| entry.group.branch != *branch));
        branches.sort();
        branches.dedup();
        branches
    }

    /// The groups whose text is about to be written.
    pub(super) fn to_describe(&self, written: &[Written]) -> Vec<&Group> {
        let stale = |entry: &&Entry| {
            let of_it = written.iter().find(|written| written.branch == entry.group.branch);
            let Some(Written { state: BranchNow::Holds { commit, .. }, .. }) = of_it else { return false };
            let pull = self.pull_of(&entry.group.branch);
            pull.is_none_or(|pull| described(&pull.body).is_some_and(|described| described != commit))
        };
        let written = self.entries.iter().filter(|_| !self.job.dry_run).filter(stale);
        written.map(|entry| &entry.group).filter(|group| group.plan.revert.is_none()).collect()
    }

    /// Takes up what is told of images.
    ///
    /// # Errors
    /// Where a template does not render.
    pub(super) fn tell(&mut self, told: &Told) -> Result<(), Failure> {
        let (job, spec) = (self.job, self.spec);
        for entry in &mut self.entries {
            if entry.group.policies.iter().any(|policy| told.contains_key(policy)) {
                entry.text = written(job, spec, &entry.group, told)?;
            }
        }
        Ok(())
    }

    /// Opens, describes and closes. What was done before the host failed is told beside the failure; one that cannot be
    /// kept holds up no other.
    pub(super) async fn carry_out(&self, written: Vec<Written>) -> (Vec<PullTurn>, Option<Failure>) {
        let mut turns = Vec::new();
        let mut failure = None;
        for entry in &self.entries {
            if let Some(why) = &entry.waits {
                turns.push(self.turn(Some(entry), None, PullAction::Waiting { why: why.clone() }));
            }
        }
        for Written { branch, state } in written {
            if let Err(error) = self.carry(&branch, state, &mut turns).await {
                failure.get_or_insert_with(|| host::failed(&error));
                if ends_the_turn(&error) {
                    return (turns, failure);
                }
                turns.push(self.failed(&branch, error.to_string()));
            }
        }
        let retargeted =
            self.seen.open.iter().filter(|pull| is_kept(pull) && pull.base != self.job.gathered.push_branch);
        for pull in retargeted.filter(|pull| self.entry_of(&pull.branch).is_some()) {
            let leftover = Leftover::Superseded { branch: pull.branch.clone() };
            if let Err(error) = self.close(pull, leftover, &mut turns).await {
                failure.get_or_insert_with(|| host::failed(&error));
                if ends_the_turn(&error) {
                    return (turns, failure);
                }
            }
        }
        let refused = turns.iter().find_map(|turn| match &turn.action {
            PullAction::Failed { why } => Some(host::failing(Reason::PullRequestFailed, why)),
            _ => None,
        });
        (turns, failure.or(refused))
    }

    fn failed(&self, branch: &str, why: String) -> PullTurn {
        let pull = self.seen.open.iter().find(|pull| pull.branch == branch);
        let mut turn = self.turn(self.entry_of(branch), pull, PullAction::Failed { why });
        branch.clone_into(&mut turn.branch);
        turn
    }

    async fn carry(
        &self,
        branch: &str,
        state: BranchNow,
        turns: &mut Vec<PullTurn>,
    ) -> Result<(), ForgeError> {
        let entry = self.entry_of(branch);
        match (state, entry) {
            (BranchNow::Holds { commit, pushed }, Some(entry)) => {
                turns.push(self.keep(entry, &commit, pushed).await?);
            }
            (BranchNow::WouldHold, Some(entry)) => {
                let pull = self.pull_of(branch);
                let action = if pull.is_some() { PullAction::Refreshed } else { PullAction::Opened };
                turns.push(self.turn(Some(entry), pull, action));
            }
            (BranchNow::Refused { why }, _) => turns.push(self.failed(branch, why)),
            (BranchNow::Foreign { commit }, entry) => {
                let pull = self.seen.open.iter().find(|pull| pull.branch == branch);
                let mut turn = self.turn(entry, pull, PullAction::LeftAlone { commit });
                branch.clone_into(&mut turn.branch);
                turns.push(turn);
            }
            (BranchNow::LeftOver { wrote }, _) => {
                let (waiting, going): (Vec<&Entry>, Vec<&Entry>) =
                    self.entries.iter().partition(|entry| entry.waits.is_some());
                let groups = |entries: Vec<&Entry>| -> Vec<Group> {
                    entries.into_iter().map(|entry| entry.group.clone()).collect()
                };
                let (going, waiting) = (groups(going), groups(waiting));
                for pull in self.seen.open.iter().filter(|pull| pull.branch == branch && is_kept(pull)) {
                    match judge(&wrote, self.plan, &going, &waiting) {
                        Leftover::Unknown => turns.push(self.turn(None, Some(pull), PullAction::Kept)),
                        leftover => self.close(pull, leftover, turns).await?,
                    }
                }
            }
            (BranchNow::ToKeep, _) => {
                let kept = self.seen.open.iter().filter(|pull| pull.branch == branch && is_kept(pull));
                turns.extend(kept.map(|pull| self.turn(None, Some(pull), PullAction::Kept)));
            }
            (BranchNow::Nothing, Some(entry)) => {
                let pull = self.pull_of(branch);
                turns.extend(pull.map(|pull| self.turn(Some(entry), Some(pull), PullAction::Kept)));
            }
            (BranchNow::Nothing | BranchNow::Holds { .. } | BranchNow::WouldHold, _) => {}
        }
        Ok(())
    }

    /// A branch that holds what it should gets its pull request, and that its text.
    async fn keep(&self, entry: &Entry, commit: &str, pushed: bool) -> Result<PullTurn, ForgeError> {
        let body = about(&entry.text.body, commit);
        if let Some(pull) = self.pull_of(&entry.group.branch) {
            // Without our line the text is somebody's own.
            let stale = described(&pull.body).is_some_and(|described| described != commit);
            if stale && !self.job.dry_run {
                self.forge.describe(pull, &entry.text.title, &body).await?;
            }
            // Pushed by an earlier round or run that did not come to the text.
            let action = if pushed || stale { PullAction::Refreshed } else { PullAction::Kept };
            let mut turn = self.turn(Some(entry), Some(pull), action);
            let now = PullRequest { head: commit.to_owned(), ..pull.clone() };
            turn.notes.extend(self.merge(&now).await);
            turn.commit = Some(commit.to_owned());
            return Ok(turn);
        }
        if self.job.dry_run {
            return Ok(self.turn(Some(entry), None, PullAction::Opened));
        }
        let (pull, mut notes) = self.forge.create(&self.new_one(entry, body)).await?;
        notes.extend(self.merge(&pull).await);
        let mut turn = self.turn(Some(entry), Some(&pull), PullAction::Opened);
        turn.commit = Some(commit.to_owned());
        turn.notes = notes;
        Ok(turn)
    }

    fn new_one(&self, entry: &Entry, body: String) -> NewPullRequest {
        NewPullRequest {
            branch: entry.group.branch.clone(),
            base: self.job.gathered.push_branch.clone(),
            title: entry.text.title.clone(),
            body,
            draft: self.spec.draft,
            labels: self.spec.labels.clone(),
            reviewers: self.spec.reviewers.clone(),
            assignees: self.spec.assignees.clone(),
        }
    }

    /// Asks the host to merge it by itself; what is to be said where it does not.
    async fn merge(&self, pull: &PullRequest) -> Option<String> {
        let how = self.spec.auto_merge.filter(|_| !pull.draft && !self.job.dry_run)?;
        if pull.auto_merge == Some(true) {
            return None;
        }
        for _ in 0..MERGE_TRIES {
            match self.forge.merge_when_ready(pull, how).await {
                Ok(AutoMerge::Taken) => return None,
                Ok(AutoMerge::NotYet) => tokio::time::sleep(MERGE_PAUSE).await,
                // It stands all the same, and the next turn asks again.
                Ok(AutoMerge::Refused(why)) => return Some(format!("autoMerge: {why}")),
                Err(error) => return Some(format!("autoMerge: {error}")),
            }
        }
        Some("the host does not take autoMerge for it yet; it is asked again at the next turn".to_owned())
    }

    async fn close(
        &self,
        pull: &PullRequest,
        leftover: Leftover,
        turns: &mut Vec<PullTurn>,
    ) -> Result<(), ForgeError> {
        let why = match leftover {
            Leftover::Superseded { branch } => {
                let by = turns.iter().find(|turn| turn.branch == branch && turn.number != Some(pull.number));
                let by = by.and_then(|turn| turn.url.clone()).unwrap_or(branch);
                format!("superseded by {by}")
            }
            Leftover::Done { why } => format!("nothing is left for it to do: {why}"),
            Leftover::Unknown => return Ok(()),
        };
        if !self.job.dry_run {
            if !text::is_closed_by_us(&pull.body) {
                let said = if why.starts_with("superseded") { why.clone() } else { plain(&why) };
                // The mark comes first: without it the next turn says it all once more.
                self.forge.describe(pull, &pull.title, &text::closed(&pull.body)).await?;
                self.forge.comment(pull, &format!("Closed by Tagalong: {said}.")).await?;
            }
            self.forge.close(pull).await?;
        }
        turns.push(self.turn(None, Some(pull), PullAction::Closed { why }));
        Ok(())
    }

    fn turn(&self, entry: Option<&Entry>, pull: Option<&PullRequest>, action: PullAction) -> PullTurn {
        let own = entry.map(|entry| (entry.group.branch.clone(), entry.text.title.clone()));
        let theirs = || pull.map(|pull| (pull.branch.clone(), pull.title.clone())).unwrap_or_default();
        let (branch, title) = own.unwrap_or_else(theirs);
        PullTurn {
            branch,
            title,
            policies: entry.map(|entry| entry.group.policies.clone()).unwrap_or_default(),
            number: pull.map(|pull| pull.number),
            url: pull.map(|pull| pull.url.clone()),
            commit: pull.map(|pull| pull.head.clone()),
            action,
            notes: Vec::new(),
        }
    }

    /// Whether it is closed once another grouping's pull request is there.
    fn gives_way(&self, pull: &PullRequest) -> bool {
        let (valid, instance) = (&self.job.valid, self.job.instance.as_deref());
        self.entry_of(&pull.branch).is_none() && branches(self.plan, valid, instance).contains(&pull.branch)
    }

    /// Whether a pull request counts as one of the automation's.
    fn is_ours(&self, pull: &PullRequest) -> bool {
        let of_a_group = self.entry_of(&pull.branch).and_then(|entry| self.pull_of(&entry.group.branch));
        is_kept(pull) || of_a_group.is_some_and(|of_group| of_group.number == pull.number)
    }

    fn entry_of(&self, branch: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.group.branch == branch)
    }

    /// The open pull request of a branch to the base.
    fn pull_of(&self, branch: &str) -> Option<&'a PullRequest> {
        let base = &self.job.gathered.push_branch;
        self.seen.open.iter().find(|pull| pull.branch == branch && pull.base == *base)
    }
}
