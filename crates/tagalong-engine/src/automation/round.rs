//! One round of a turn, on a thread that may block: look at the branch, make the files, the commit, and push it.
//! Called by `act`, again when the branch moved.

use super::act::failed;
use super::branch::{Asker, BranchState, inspect};
use super::gather::Gathered;
use super::look::{Looked, Scope, look};
use super::pins::{Holds, Question};
use super::plan::{EditPlan, FileProblem, MarkedFile, PolicyState, plan};
use super::pulls::Stem;
use super::turn_report::{FileChange, TurnOutcome, TurnReport};
use super::wait::Wait;
use super::{Failure, message, pace, wait};
use crate::known_tips::KnownTips;
use crate::meters::{Meters, Push};
use crate::mirrors::Opened;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tagalong_api::Reason;
use tagalong_api::validate::{OnRevert, OnUnhealthy, Refspec, ValidAutomation};
use tagalong_edit::{Edit, apply, scan};
use tagalong_forge::Allowance;
use tagalong_git::{BlobId, CommitMeta, ErrorKind, Expected, GitError, Prepared, Pushed, Reader, Update};
use tagalong_model::{ObjectKey, RepoPath, Revision};

/// What one round leads to.
pub(super) enum Round {
    /// The turn is over; with the revision it saw.
    Ended(Box<TurnReport>, String),
    /// The branch, or the mirror beneath, is not what was planned from: again.
    Again,
    /// The server will not have this branch so; why.
    Refused(String),
}

/// Everything a round needs.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) valid: ValidAutomation,
    pub(super) gathered: Gathered,
    pub(super) scope: Scope,
    pub(super) instance: Option<String>,
    /// The folder of objects, where they are not in a cluster.
    pub(super) folder: Option<PathBuf>,
    pub(super) dry_run: bool,
    pub(super) max_mirror_size: u64,
    /// What automations before this one would have written to the same branch, when nothing is written.
    pub(super) planned: BTreeMap<RepoPath, Vec<u8>>,
    /// A tip of the branch to be written that may be replaced whoever made it: what was merged from there.
    pub(super) replaceable: Option<String>,
    /// Which tips automations knew before.
    pub(super) known_tips: KnownTips,
    pub(super) now: Timestamp,
    /// How long the host of pull requests may take.
    pub(super) allowance: Allowance,
    pub(super) meters: Meters,
}

/// What a branch holds, and what is to be written there.
pub(super) struct Studied {
    pub(super) looked: Looked,
    /// What history holds; already in `edits`.
    pub(super) holds: Holds,
    pub(super) edits: EditPlan,
}

/// Whether and onto what a commit may be pushed.
enum Permit {
    Push(Expected),
    End(TurnOutcome),
}

/// Why a round ended early.
enum Trouble {
    /// Git refused; `Damaged` is mended by fetching anew.
    Checkout(GitError),
    Update(GitError),
    Other(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl Job {
    pub(super) fn push_ref(&self) -> String {
        format!("refs/heads/{}", self.gathered.push_branch)
    }

    /// The refs of its pull requests' branches.
    fn own_refs(&self) -> [String; 2] {
        Stem::new(&self.valid, self.instance.as_deref()).refs()
    }

    /// The same for another branch.
    pub(super) fn on_branch(&self, branch: &str) -> Self {
        let mut job = self.clone();
        branch.clone_into(&mut job.gathered.push_branch);
        job
    }

    /// Fetches the branch, finds its sites, plans, and asks history. A mirror that proves damaged is begun anew, once.
    pub(super) fn study(
        &self,
        opened: &mut Opened,
        policies: &BTreeMap<ObjectKey, PolicyState>,
    ) -> Result<Studied, Failure> {
        let studied = match self.study_once(opened, policies) {
            Err(error) if error.kind() == ErrorKind::Damaged && opened.renew() => {
                self.study_once(opened, policies)
            }
            studied => studied,
        };
        studied.map_err(|error| checkout_failed(&error))
    }

    fn study_once(
        &self,
        opened: &mut Opened,
        policies: &BTreeMap<ObjectKey, PolicyState>,
    ) -> Result<Studied, GitError> {
        let mut looked = self.look(opened)?;
        let mut edits = plan(&self.valid.key.namespace, &looked.files, policies);
        let holds = self.pins(opened, &looked, policies, &edits)?;
        holds.apply(&mut edits);
        looked.rewritten = self.rewritten(opened, &looked)?;
        Ok(Studied { looked, holds, edits })
    }

    /// Fetches the branch and finds its sites.
    fn look(&self, opened: &mut Opened) -> Result<Looked, GitError> {
        let push_ref = self.push_ref();
        let mut also = vec![push_ref.as_str()];
        let own = self.own_refs();
        if self.valid.pull_request.is_some() {
            also.extend(own.iter().map(String::as_str));
        }
        also.extend(self.valid.push.refspec.as_ref().map(|refspec| refspec.dst.as_str()));
        let (remote, checkout) = (&self.gathered.remote, &self.gathered.checkout);
        let mut looked = look(opened, remote, checkout, &also, &self.scope)?;
        if !self.planned.is_empty() {
            looked.files = Arc::new(self.with_planned(&looked.files));
        }
        Ok(looked)
    }

    /// The tip that the automation last knew of the branch, where the branch's history does not hold it any more. Where
    /// the mirror is too shallow to tell, nothing is said.
    fn rewritten(&self, opened: &mut Opened, looked: &Looked) -> Result<Option<String>, GitError> {
        let (fetched, remote) = (&looked.fetched, self.gathered.remote.url.lock_key());
        let known = |refname: &String| self.known_tips.of(&self.valid.key, &remote, refname);
        let before = fetched.refname.as_ref().and_then(known).filter(|before| *before != fetched.commit);
        // A file that holds no commit is as good as none.
        let Some((before, id)) = before.and_then(|before| Some((before.clone(), before.parse().ok()?)))
        else {
            return Ok(None);
        };
        let bases = opened.look_back.bases(&opened.mirror, fetched.commit.parse()?, id)?;
        let gone = bases.is_some_and(|bases| bases.iter().all(|base| base.to_string() != before));
        Ok(gone.then_some(before))
    }

    /// Which of the sites that `plan` would write history holds (RULES 10 to 15).
    fn pins(
        &self,
        opened: &mut Opened,
        looked: &Looked,
        policies: &BTreeMap<ObjectKey, PolicyState>,
        plan: &EditPlan,
    ) -> Result<Holds, GitError> {
        if self.valid.on_revert == OnRevert::Ignore || plan.edits.is_empty() {
            return Ok(Holds::default());
        }
        let question = Question {
            mirror: &opened.mirror,
            remote: &self.gathered.remote,
            tip: looked.fetched.commit.parse()?,
            scope: &self.scope,
            index: &opened.index,
            name: message::automation_name(&self.valid.key, self.instance.as_deref()),
            folder: self.folder.as_deref(),
            max_mirror_size: self.max_mirror_size,
        };
        question.ask(&mut opened.look_back, &looked.files, policies, plan)
    }

    fn with_planned(&self, files: &[MarkedFile]) -> Vec<MarkedFile> {
        let planned = |file: &MarkedFile| {
            let (bytes, kind) = (self.planned.get(&file.path)?, self.scope.kind(&file.path)?);
            Some(MarkedFile { scan: Arc::new(scan(bytes, kind)), ..file.clone() })
        };
        files.iter().map(|file| planned(file).unwrap_or_else(|| file.clone())).collect()
    }

    /// Makes and pushes what was planned. `newest` is when the last of the tags in it was first listed.
    pub(super) fn round(
        &self,
        opened: &mut Opened,
        looked: &Looked,
        edits: EditPlan,
        newest: Option<Timestamp>,
        moved: u32,
    ) -> Result<Round, Failure> {
        match self.attempt(opened, looked, edits, newest, moved) {
            Ok(round) => {
                if let Round::Ended(turn, _) = &round
                    && let TurnOutcome::Pushed { commit, .. } = &turn.outcome
                {
                    opened.pushed(self.push_ref(), commit.clone());
                }
                Ok(round)
            }
            // A cache may change when, never what: a broken mirror is fetched anew.
            Err(Trouble::Checkout(error) | Trouble::Update(error))
                if error.kind() == ErrorKind::Damaged && opened.renew() =>
            {
                Ok(Round::Again)
            }
            Err(Trouble::Checkout(error)) => Err(checkout_failed(&error)),
            Err(Trouble::Update(error)) => Err(update_failed(&error)),
            Err(Trouble::Other(failure)) => Err(failure),
        }
    }

    /// Why the plan is not to be written now.
    fn wait(
        &self,
        opened: &mut Opened,
        looked: &Looked,
        edits: &EditPlan,
        newest: Option<Timestamp>,
    ) -> Result<Option<Wait>, GitError> {
        if edits.revert.is_some() {
            let keeps = self.valid.on_unhealthy == OnUnhealthy::RevertInWindow;
            return Ok(keeps.then(|| wait::window(&self.valid.schedule, self.now)).flatten());
        }
        let limits = &self.valid.limits;
        let wait = wait::changes(limits, edits)
            .or_else(|| wait::window(&self.valid.schedule, self.now))
            .or_else(|| wait::quiet(limits, newest, self.now));
        let (None, Some(limit)) = (&wait, limits.commits_per_hour) else { return Ok(wait) };
        let asked = pace::Asked {
            mirror: &opened.mirror,
            remote: &self.gathered.remote,
            tip: looked.fetched.commit.parse()?,
            name: &message::automation_name(&self.valid.key, self.instance.as_deref()),
            since: self.now.checked_sub(wait::HOUR).unwrap_or(Timestamp::MIN),
            max_mirror_size: self.max_mirror_size,
        };
        Ok(wait::commits(limit, &asked.times(&mut opened.look_back)?))
    }

    fn attempt(
        &self,
        opened: &mut Opened,
        looked: &Looked,
        mut edits: EditPlan,
        newest: Option<Timestamp>,
        moved: u32,
    ) -> Result<Round, Trouble> {
        let changes =
            self.change_files(&opened.mirror.reader(), looked, &mut edits).map_err(Trouble::Checkout)?;
        if changes.is_empty() {
            return Ok(self.end(looked, TurnOutcome::UpToDate, edits, changes, moved));
        }
        let message = message::compose(&self.valid, self.instance.as_deref(), &edits).map_err(|error| {
            failed(
                Reason::GitOperationFailed,
                "failed to update source: failed to run template from spec",
                &error.to_string(),
            )
        })?;
        let prepared = self.prepare(opened, looked, &changes, &message).map_err(Trouble::Update)?;
        let expected = match self.permit(opened, looked, &prepared).map_err(Trouble::Checkout)? {
            Permit::Push(expected) => expected,
            Permit::End(outcome) => return Ok(self.end(looked, outcome, edits, Vec::new(), moved)),
        };
        let updates = self.updates(looked, expected)?;
        if let Some(wait) = self.wait(opened, looked, &edits, newest).map_err(Trouble::Checkout)? {
            return Ok(self.end(looked, TurnOutcome::Waiting(wait), edits, changes, moved));
        }
        if self.dry_run {
            return Ok(self.end(looked, TurnOutcome::Planned { message }, edits, changes, moved));
        }
        let options: Vec<(String, String)> =
            self.valid.push.options.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let pushed = opened.mirror.push(&self.gathered.remote, &prepared, &updates, &options);
        self.meters.pushed(match &pushed {
            Ok(Pushed::Done) => Push::Pushed,
            Ok(Pushed::Moved { .. }) => Push::Conflict,
            Ok(Pushed::Rejected { .. }) => Push::Rejected,
            Err(_) => Push::Failed,
        });
        match pushed.map_err(Trouble::Update)? {
            Pushed::Done => {
                let refspec = self.valid.push.refspec.as_ref();
                let refspec = refspec.map(|refspec| format!("{}:{}", refspec.src, refspec.dst));
                let outcome = TurnOutcome::Pushed { commit: prepared.commit(), message, refspec };
                Ok(self.end(looked, outcome, edits, changes, moved))
            }
            Pushed::Moved { .. } => Ok(Round::Again),
            Pushed::Rejected { refname, why } => {
                Ok(Round::Refused(format!("the server refused the push to {refname}: {why}")))
            }
        }
    }

    fn end(
        &self,
        looked: &Looked,
        outcome: TurnOutcome,
        plan: EditPlan,
        changes: Vec<FileChange>,
        moved: u32,
    ) -> Round {
        let fetched = &looked.fetched;
        let revision = Revision { name: fetched.revision_name.clone(), commit: fetched.commit.clone() };
        let turn = TurnReport {
            automation: self.valid.key.clone(),
            url: self.gathered.remote.url.to_string(),
            branch: self.gathered.push_branch.clone(),
            base: fetched.commit.clone(),
            files: Arc::clone(&looked.files),
            plan,
            changes,
            outcome,
            pulls: Vec::new(),
            proposed_revert: None,
            rewritten: looked.rewritten.clone(),
            moved,
        };
        Round::Ended(Box::new(turn), revision.to_string())
    }

    fn prepare(
        &self,
        opened: &Opened,
        looked: &Looked,
        changes: &[FileChange],
        message: &str,
    ) -> Result<Prepared, GitError> {
        let contents: Vec<(RepoPath, Vec<u8>)> =
            changes.iter().map(|change| (change.path.clone(), change.after.clone())).collect();
        let meta = CommitMeta {
            name: &self.valid.author.name,
            email: &self.valid.author.email,
            time: self.now,
            message,
            signer: self.gathered.signer.as_deref(),
        };
        opened.mirror.commit(&looked.fetched.commit, &contents, &meta)
    }

    /// What the push branch must be for our commit to go there. A branch that is not the one checked out is
    /// replaced only where the base has all of it, or where what it has beyond is ours.
    fn permit(&self, opened: &Opened, looked: &Looked, prepared: &Prepared) -> Result<Permit, GitError> {
        let fetched = &looked.fetched;
        let push_ref = self.push_ref();
        if fetched.refname.as_deref() == Some(push_ref.as_str()) {
            return Ok(Permit::Push(Expected::At(fetched.commit.clone())));
        }
        let Some(tip) = fetched.tips.get(&push_ref) else { return Ok(Permit::Push(Expected::Absent)) };
        if *tip == fetched.commit || self.replaceable.as_ref() == Some(tip) {
            return Ok(Permit::Push(Expected::At(tip.clone())));
        }
        let asker =
            Asker { automation: &self.valid.key, instance: self.instance.as_deref(), scope: &self.scope };
        let state = inspect(&opened.mirror, &self.gathered.remote, &push_ref, fetched, &asker)?;
        Ok(match state {
            BranchState::Foreign { commit } => Permit::End(TurnOutcome::ForeignCommits { commit }),
            BranchState::Ours { parent, tree } if parent == fetched.commit && tree == prepared.tree() => {
                Permit::End(TurnOutcome::AlreadyPushed { commit: tip.clone() })
            }
            BranchState::Free | BranchState::Ours { .. } => Permit::Push(Expected::At(tip.clone())),
        })
    }

    /// The refspec goes with the branch in one push: both land, or none (Flux loses the second when it fails).
    fn updates(&self, looked: &Looked, expected: Expected) -> Result<Vec<Update>, Failure> {
        let mut updates = vec![Update { refname: self.push_ref(), expected }];
        if let Some(refspec) = &self.valid.push.refspec {
            updates.push(self.refspec_update(refspec, looked)?);
        }
        Ok(updates)
    }

    fn refspec_update(&self, refspec: &Refspec, looked: &Looked) -> Result<Update, Failure> {
        if refspec.src != self.push_ref() && refspec.src != "HEAD" {
            let why = format!(
                "push.refspec pushes {}, but the commit is on {}; name that, or HEAD, as its source",
                refspec.src,
                self.push_ref()
            );
            return Err(failed(Reason::InvalidSourceConfiguration, "failed to update source", &why));
        }
        let expected = match looked.fetched.tips.get(&refspec.dst) {
            _ if refspec.force => Expected::Anything,
            Some(tip) if *tip == looked.fetched.commit => Expected::At(tip.clone()),
            // Not listed: a new ref, or one that stands for an action, such as refs/for/main.
            None => Expected::Anything,
            Some(tip) => {
                let short: String = tip.chars().take(7).collect();
                let why = format!(
                    "push.refspec would replace {short} at {}, which the new commit does not stand on; begin the \
                     refspec with + to allow that",
                    refspec.dst
                );
                return Err(failed(Reason::GitOperationFailed, "failed to update source", &why));
            }
        };
        Ok(Update { refname: refspec.dst.clone(), expected })
    }

    /// The new content of every file with edits. A file that cannot be edited safely is reported and left alone,
    /// and the others go on (promise 1).
    pub(super) fn change_files(
        &self,
        reader: &Reader,
        looked: &Looked,
        plan: &mut EditPlan,
    ) -> Result<Vec<FileChange>, GitError> {
        let mut changes = Vec::new();
        let mut refused = Vec::new();
        for file in looked.files.iter() {
            let from = plan.edits.partition_point(|edit| edit.path < file.path);
            let edits: Vec<Edit<'_>> = plan
                .edits
                .iter()
                .skip(from)
                .take_while(|edit| edit.path == file.path)
                .filter_map(|edit| {
                    let field = file.scan.sites.get(edit.place.0)?.fields.get(edit.place.1)?;
                    Some(Edit { field, value: &edit.to })
                })
                .collect();
            let Some(kind) = self.scope.kind(&file.path).filter(|_| !edits.is_empty()) else { continue };
            let before = match self.planned.get(&file.path) {
                Some(planned) => planned.clone(),
                None => reader.read(BlobId::from(file.blob))?,
            };
            match apply(&before, kind, &edits) {
                Ok(edited) => {
                    changes.push(FileChange { path: file.path.clone(), before, after: edited.bytes });
                }
                Err(problem) => refused.push(FileProblem {
                    path: file.path.clone(),
                    line: problem.line,
                    reason: problem.reason.reason(),
                    message: problem.message,
                }),
            }
        }
        plan.edits.retain(|edit| !refused.iter().any(|problem| problem.path == edit.path));
        plan.problems.extend(refused);
        Ok(changes)
    }
}

pub(super) fn checkout_failed(error: &GitError) -> Failure {
    failed(Reason::GitOperationFailed, "failed to checkout source", &error.to_string())
}

fn update_failed(error: &GitError) -> Failure {
    failed(Reason::GitOperationFailed, "failed to update source", &error.to_string())
}
