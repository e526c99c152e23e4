//! A pull request, as every host has it.

use jiff::Timestamp;

/// A pull request whose branch is in the repository itself, not in a fork.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// What the host's API calls it beside the number.
    pub id: String,
    /// Where a person looks at it.
    pub url: String,
    /// The branch it brings, by its short name.
    pub branch: String,
    /// The branch it goes to, by its short name.
    pub base: String,
    /// The commit at the tip of its branch, 40 hex digits; the last one where the branch is gone.
    pub head: String,
    /// The title, without what marks a draft.
    pub title: String,
    /// The text below it.
    pub body: String,
    /// Whether it is open.
    pub state: State,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether the host will merge it by itself; `None` where the host does not tell.
    pub auto_merge: Option<bool>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When anything about it last changed.
    pub updated: Timestamp,
    /// When it was last closed.
    pub closed: Option<Timestamp>,
}

/// What became of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Open,
    /// It was merged.
    Merged,
    /// It was closed and not merged.
    Closed,
}

/// Who closed a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closer {
    /// An account of a person, or one that looks like it.
    Person(String),
    /// An account that the host calls a bot.
    Bot(String),
    /// The host does not tell.
    Unknown,
}

/// The last commit of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCommit {
    /// 40 hex digits.
    pub id: String,
    /// Its whole message.
    pub message: String,
}

/// A pull request to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewPullRequest {
    /// The branch it brings.
    pub branch: String,
    /// The branch it goes to.
    pub base: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Labels by name; made where they are not there.
    pub labels: Vec<String>,
    /// Accounts that are asked to review; `org/team` is a team, where the host has those.
    pub reviewers: Vec<String>,
    /// Accounts that are assigned.
    pub assignees: Vec<String>,
}

/// What a host says to the wish that it merges by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutoMerge {
    /// It will, or has.
    Taken,
    /// It has to look at the pull request first, for moments.
    NotYet,
    /// Not as things are; why.
    Refused(String),
}

/// How a host merges by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// With a merge commit.
    Merge,
    /// As one commit.
    Squash,
    /// On top of the base.
    Rebase,
}
