//! Carries a turn out: look, plan, ask, commit, push; and again when the branch moved meanwhile (RULES 20).

use super::branch::{Asker, BranchState, inspect};
use super::gather::Gathered;
use super::look::{Looked, Scope, look};
use super::mirrors::Opened;
use super::plan::{EditPlan, FileProblem, plan};
use super::turn_report::{FileChange, TurnOutcome, TurnReport};
use super::{Done, Failure, exists, message, vanished};
use crate::context::Context;
use crate::desk::Desk;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::Reason;
use tagalong_api::validate::{Refspec, ValidAutomation};
use tagalong_edit::{Edit, apply};
use tagalong_git::{BlobId, CommitMeta, ErrorKind, Expected, GitError, Prepared, Pushed, Update};
use tagalong_model::{RepoPath, Revision};

/// How often a push is tried in one turn (RULES 20).
const PUSHES: u32 = 10;

/// What one round leads to.
enum Round {
    Ended(Box<TurnReport>, String),
    Moved,
}

/// Everything a round needs on the thread that may block.
struct Job {
    valid: ValidAutomation,
    gathered: Gathered,
    scope: Scope,
    instance: Option<String>,
    dry_run: bool,
    now: Timestamp,
}

pub(crate) async fn write<D: Desk>(
    context: &Context<D>,
    valid: &ValidAutomation,
    mut gathered: Gathered,
    now: Timestamp,
) -> Result<Done, Failure> {
    let mut mirror = context.mirrors.take(&gathered.source, &gathered.remote).await?;
    let observed_policies = std::mem::take(&mut gathered.observed);
    let mut policies = std::mem::take(&mut gathered.policies);
    let scope = Scope::new(valid.folder.clone(), &valid.line_files);
    let settings = &context.settings;
    let job = Arc::new(Job {
        valid: valid.clone(),
        gathered,
        scope,
        instance: settings.instance.clone(),
        dry_run: settings.dry_run,
        now,
    });
    for moved in 0..PUSHES {
        let looked = {
            let job = Arc::clone(&job);
            let (result, guard) = blocking(mirror, move |opened| job.look(opened)).await?;
            mirror = guard;
            result?
        };
        let namespace = &valid.key.namespace;
        let mut edits = plan(namespace, &looked.files, &policies);
        if exists::ask(context, &edits, &mut policies).await {
            edits = plan(namespace, &looked.files, &policies);
        }
        vanished::note(context, &mut edits).await;
        let round = {
            let job = Arc::clone(&job);
            let (result, guard) =
                blocking(mirror, move |opened| job.round(opened, &looked, edits, moved)).await?;
            mirror = guard;
            result?
        };
        if let Round::Ended(turn, observed_revision) = round {
            return Ok(Done { turn: *turn, observed_policies, observed_revision, interval: valid.interval });
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    }
    Err(failed(
        Reason::GitOperationFailed,
        "failed to update source",
        &format!("the branch moved during each of {PUSHES} pushes"),
    ))
}

type Guard = tokio::sync::OwnedMutexGuard<Option<Opened>>;

/// Runs a step that blocks with the mirror, and gives the mirror back.
async fn blocking<T: Send + 'static>(
    mut guard: Guard,
    step: impl FnOnce(&mut Opened) -> Result<T, Failure> + Send + 'static,
) -> Result<(Result<T, Failure>, Guard), Failure> {
    let done = tokio::task::spawn_blocking(move || {
        let result = match guard.as_mut() {
            Some(opened) => step(opened),
            None => {
                Err(failed(Reason::GitOperationFailed, "failed to checkout source", "the mirror was closed"))
            }
        };
        (result, guard)
    });
    done.await
        .map_err(|error| failed(Reason::GitOperationFailed, "failed to update source", &error.to_string()))
}

fn failed(reason: Reason, what: &str, why: &str) -> Failure {
    Failure { reason, message: format!("{what}: {why}"), stalled: false }
}

fn checkout_failed(error: &GitError) -> Failure {
    failed(Reason::GitOperationFailed, "failed to checkout source", &error.to_string())
}

fn update_failed(error: &GitError) -> Failure {
    failed(Reason::GitOperationFailed, "failed to update source", &error.to_string())
}

impl Job {
    fn push_ref(&self) -> String {
        format!("refs/heads/{}", self.gathered.push_branch)
    }

    /// Whether commits go to another branch than the one that is read.
    fn switches_branch(&self, looked: &Looked) -> bool {
        looked.fetched.refname.as_deref() != Some(self.push_ref().as_str())
    }

    fn look(&self, opened: &mut Opened) -> Result<Looked, Failure> {
        let push_ref = self.push_ref();
        let mut also = vec![push_ref.as_str()];
        also.extend(self.valid.push.refspec.as_ref().map(|refspec| refspec.dst.as_str()));
        let (remote, checkout) = (&self.gathered.remote, &self.gathered.checkout);
        let looked = look(opened, remote, checkout, &also, &self.scope);
        match looked {
            // A mirror that turns out damaged is fetched anew, once.
            Err(error) if error.kind() == ErrorKind::Damaged && opened.mirror.rebuild().is_ok() => {
                opened.seen = None;
                look(opened, remote, checkout, &also, &self.scope).map_err(|error| checkout_failed(&error))
            }
            looked => looked.map_err(|error| checkout_failed(&error)),
        }
    }

    fn round(
        &self,
        opened: &mut Opened,
        looked: &Looked,
        mut edits: EditPlan,
        moved: u32,
    ) -> Result<Round, Failure> {
        let changes =
            change_files(opened, looked, &self.scope, &mut edits).map_err(|error| checkout_failed(&error))?;
        let fetched = &looked.fetched;
        let revision =
            Revision { name: fetched.revision_name.clone(), commit: fetched.commit.clone() }.to_string();
        let end = |outcome: TurnOutcome, plan: EditPlan, changes: Vec<FileChange>| {
            let turn = TurnReport {
                automation: self.valid.key.clone(),
                url: self.gathered.remote.url.to_string(),
                branch: self.gathered.push_branch.clone(),
                base: fetched.commit.clone(),
                files: Arc::clone(&looked.files),
                plan,
                changes,
                outcome,
                moved,
            };
            Ok(Round::Ended(Box::new(turn), revision.clone()))
        };
        if changes.is_empty() {
            return end(TurnOutcome::UpToDate, edits, changes);
        }
        let message = message::compose(&self.valid, self.instance.as_deref(), &edits).map_err(|error| {
            failed(
                Reason::GitOperationFailed,
                "failed to update source: failed to run template from spec",
                &error.to_string(),
            )
        })?;
        if self.dry_run {
            return end(TurnOutcome::Planned { message }, edits, changes);
        }
        let contents: Vec<(RepoPath, Vec<u8>)> =
            changes.iter().map(|change| (change.path.clone(), change.after.clone())).collect();
        let meta = CommitMeta {
            name: &self.valid.author.name,
            email: &self.valid.author.email,
            time: self.now,
            message: &message,
            signer: self.gathered.signer.as_ref(),
        };
        let prepared =
            opened.mirror.commit(&fetched.commit, &contents, &meta).map_err(|error| update_failed(&error))?;
        let expected = match self.expected(opened, looked, &prepared)? {
            Permit::Push(expected) => expected,
            Permit::End(outcome) => return end(outcome, edits, changes),
        };
        match self.push(opened, looked, &prepared, expected)? {
            Pushed::Done => {
                let refspec = self
                    .valid
                    .push
                    .refspec
                    .as_ref()
                    .map(|refspec| format!("{}:{}", refspec.src, refspec.dst));
                let outcome = TurnOutcome::Pushed { commit: prepared.commit(), message, refspec };
                end(outcome, edits, changes)
            }
            Pushed::Moved { .. } => Ok(Round::Moved),
            Pushed::Rejected { refname, why } => {
                let why = format!("the server refused the push to {refname}: {why}");
                Err(failed(Reason::GitOperationFailed, "failed to update source", &why))
            }
        }
    }

    /// What the push branch must be for our commit to go there.
    fn expected(&self, opened: &Opened, looked: &Looked, prepared: &Prepared) -> Result<Permit, Failure> {
        let fetched = &looked.fetched;
        if !self.switches_branch(looked) {
            return Ok(Permit::Push(Expected::At(fetched.commit.clone())));
        }
        let push_ref = self.push_ref();
        let Some(tip) = fetched.tips.get(&push_ref) else { return Ok(Permit::Push(Expected::Absent)) };
        let asker =
            Asker { automation: &self.valid.key, instance: self.instance.as_deref(), scope: &self.scope };
        let state =
            inspect(&opened.mirror, &self.gathered.remote, &push_ref, fetched.refname.as_deref(), &asker)
                .map_err(|error| checkout_failed(&error))?;
        Ok(match state {
            BranchState::Foreign { commit } => Permit::End(TurnOutcome::ForeignCommits { commit }),
            BranchState::Ours { parent, tree } if parent == fetched.commit && tree == prepared.tree() => {
                Permit::End(TurnOutcome::AlreadyPushed { commit: tip.clone() })
            }
            BranchState::Free | BranchState::Ours { .. } => Permit::Push(Expected::At(tip.clone())),
        })
    }

    fn push(
        &self,
        opened: &Opened,
        looked: &Looked,
        prepared: &Prepared,
        expected: Expected,
    ) -> Result<Pushed, Failure> {
        let mut updates = vec![Update { refname: self.push_ref(), expected }];
        if let Some(refspec) = &self.valid.push.refspec {
            updates.push(self.refspec_update(refspec, looked)?);
        }
        let options: Vec<(String, String)> =
            self.valid.push.options.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        opened
            .mirror
            .push(&self.gathered.remote, prepared, &updates, &options)
            .map_err(|error| update_failed(&error))
    }

    /// The refspec goes with the branch in one push: both land, or none (Flux loses the second when it fails).
    fn refspec_update(&self, refspec: &Refspec, looked: &Looked) -> Result<Update, Failure> {
        if refspec.src != self.push_ref() && refspec.src != "HEAD" {
            let why = format!(
                "push.refspec pushes {}, but the commit is on {}; name that, or HEAD, as its source",
                refspec.src,
                self.push_ref()
            );
            return Err(failed(Reason::InvalidSourceConfiguration, "failed to update source", &why));
        }
        let there = looked.fetched.tips.get(&refspec.dst);
        let expected = match there {
            _ if refspec.force => Expected::Anything,
            Some(tip) if *tip == looked.fetched.commit => Expected::At(tip.clone()),
            // Not listed: a new ref, or one that stands for an action, such as refs/for/main.
            None => Expected::Anything,
            Some(tip) => {
                let short: String = tip.chars().take(7).collect();
                let why = format!(
                    "push.refspec would replace {short} at {}, which the new commit does not stand on; begin the refspec with + to allow that",
                    refspec.dst
                );
                return Err(failed(Reason::GitOperationFailed, "failed to update source", &why));
            }
        };
        Ok(Update { refname: refspec.dst.clone(), expected })
    }
}

/// Whether and onto what a commit may be pushed.
enum Permit {
    Push(Expected),
    End(TurnOutcome),
}

/// The new content of every file with edits. A file that cannot be edited safely is reported and left alone, and
/// the others go on (promise 1).
fn change_files(
    opened: &Opened,
    looked: &Looked,
    scope: &Scope,
    plan: &mut EditPlan,
) -> Result<Vec<FileChange>, GitError> {
    let reader = opened.mirror.reader();
    let mut changes = Vec::new();
    let mut refused = Vec::new();
    for file in looked.files.iter() {
        let from = plan.edits.partition_point(|edit| edit.path < file.path);
        let edits: Vec<Edit<'_>> = plan.edits[from..]
            .iter()
            .take_while(|edit| edit.path == file.path)
            .filter_map(|edit| {
                let field = file.scan.sites.get(edit.place.0)?.fields.get(edit.place.1)?;
                Some(Edit { field, value: &edit.to })
            })
            .collect();
        let Some(kind) = scope.kind(&file.path) else { continue };
        if edits.is_empty() {
            continue;
        }
        let before = reader.read(BlobId::from(file.blob))?;
        match apply(&before, kind, &edits) {
            Ok(edited) => changes.push(FileChange { path: file.path.clone(), before, after: edited.bytes }),
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
