//! What one turn of an automation planned and did: shown by `plan` and `run`, kept by nobody else.

use super::plan::{EditPlan, MarkedFile};
use super::rollback::Revert;
use super::wait::Wait;
use std::sync::Arc;
use tagalong_model::{ObjectKey, RepoPath};

/// A turn, from plan to push.
#[derive(Debug, Clone)]
pub struct TurnReport {
    /// The automation.
    pub automation: ObjectKey,
    /// The remote's URL, without credentials.
    pub url: String,
    /// The branch that is written.
    pub branch: String,
    /// The commit that was planned from, 40 hex digits.
    pub base: String,
    /// Every file with markers at the base.
    pub files: Arc<Vec<MarkedFile>>,
    /// What was planned from it.
    pub plan: EditPlan,
    /// The files that change, before and after; of a turn that writes nothing, what would.
    pub changes: Vec<FileChange>,
    /// What came of it.
    pub outcome: TurnOutcome,
    /// The pull requests that it brought about, or left as they are.
    pub pulls: Vec<PullTurn>,
    /// The commit that one of them takes back.
    pub proposed_revert: Option<Revert>,
    /// What the branch's tip was before, where its history does not hold that any more (RULES 12).
    pub rewritten: Option<String>,
    /// How often the branch had moved before the push went through.
    pub moved: u32,
}

impl TurnReport {
    /// The commit that is taken back because something was not healthy with it, by this turn's commit or pull request.
    pub fn takes_back(&self) -> Option<&Revert> {
        self.plan.revert.as_ref().or(self.proposed_revert.as_ref())
    }

    /// The same without the bytes of its files, which Git has once they are pushed.
    pub fn without_bytes(&self) -> Self {
        let named = |change: &FileChange| FileChange {
            path: change.path.clone(),
            before: Vec::new(),
            after: Vec::new(),
        };
        Self {
            automation: self.automation.clone(),
            url: self.url.clone(),
            branch: self.branch.clone(),
            base: self.base.clone(),
            files: Arc::clone(&self.files),
            plan: self.plan.clone(),
            changes: self.changes.iter().map(named).collect(),
            outcome: self.outcome.clone(),
            pulls: self.pulls.clone(),
            proposed_revert: self.proposed_revert.clone(),
            rewritten: self.rewritten.clone(),
            moved: self.moved,
        }
    }
}

/// One file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Where it stands.
    pub path: RepoPath,
    /// Its bytes at the base.
    pub before: Vec<u8>,
    /// Its bytes in the commit.
    pub after: Vec<u8>,
}

/// What a turn did about one pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTurn {
    /// Its branch.
    pub branch: String,
    /// The policies whose tags it brings.
    pub policies: Vec<ObjectKey>,
    /// Its number and where to look at it, once it is there.
    pub number: Option<u64>,
    /// Where to look at it.
    pub url: Option<String>,
    /// Its title.
    pub title: String,
    /// The commit at the tip of its branch.
    pub commit: Option<String>,
    /// What was done.
    pub action: PullAction,
    /// What could not be done with it, or must be said of it.
    pub notes: Vec<String>,
}

/// What was done about a pull request; of a turn that writes nothing, what would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullAction {
    /// Opened.
    Opened,
    /// Written again.
    Refreshed,
    /// As it should be.
    Kept,
    /// Somebody else's commit is on its branch.
    LeftAlone {
        /// That commit.
        commit: String,
    },
    /// As many are open, or were opened, as may be.
    Waiting {
        /// Which limit.
        why: String,
    },
    /// The host, or Git's server, will not have it, or the token may not do what it takes.
    Failed {
        /// Why.
        why: String,
    },
    /// Closed.
    Closed {
        /// Why.
        why: String,
    },
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnOutcome {
    /// Every served site already holds what it should.
    UpToDate,
    /// Nothing was to be written (`plan`, `--dry-run`); there were edits.
    Planned {
        /// The commit message that would have been.
        message: String,
    },
    /// The commit is on the server.
    Pushed {
        /// The commit, 40 hex digits.
        commit: String,
        /// Its message, trailers and all.
        message: String,
        /// The refspec that was pushed as well.
        refspec: Option<String>,
    },
    /// The push branch already holds this very change (RULES 17).
    AlreadyPushed {
        /// The commit on the push branch.
        commit: String,
    },
    /// What there is to write is in pull requests, each with a word of its own.
    PullRequests {
        /// Whether nothing was to be written (`plan`, `--dry-run`).
        planned: bool,
    },
    /// There are edits, and the automation is not to write them now.
    Waiting(Wait),
    /// Somebody else's commit is on the push branch; it is left alone (RULES 17).
    ForeignCommits {
        /// That commit.
        commit: String,
    },
}
