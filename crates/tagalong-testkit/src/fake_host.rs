//! A GitHub or a GitLab of our own: their pull requests in the shapes that they document, with pages, rate limits and
//! whatever failure a test asks for.
//!
//! ```text
//! let host = FakeHost::start(Kind::GitHub)?;
//! host.fault(Fault::status(429).header("Retry-After", "30"));     // for the next request
//! host.add(Pull { branch: "updates".into(), ..Pull::default() });
//! host.asked()                                                     // ["GET /api/v3/repos/acme/fleet/pulls", …]
//! ```
//!
//! Over a repository ([`FakeHost::over`]) the commits of its branches are those of the pull requests.

mod answer;
mod github;
mod gitlab;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use serde_json::Value;

use crate::git_repo::GitRepo;
use crate::serve::Server;

/// The token that the host knows.
pub const TOKEN: &str = "host-token-5ecret";
/// The token that an App's installation gets.
pub const INSTALLATION_TOKEN: &str = "installation-token-5ecret";
/// The account behind the token.
pub const BOT: &str = "tagalong-bot";

/// Which host it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GitHub Enterprise, whose APIs are at `/api/v3` and `/api/graphql`.
    GitHub,
    /// GitLab, whose API is at `/api/v4`.
    GitLab,
}

/// A pull request.
#[derive(Clone, Debug, Default)]
pub struct Pull {
    /// Its number; given by [`FakeHost::add`].
    pub number: u64,
    /// The branch it brings.
    pub branch: String,
    /// The branch it goes to.
    pub base: String,
    /// Its commit; over a repository that of its branch while it is open.
    pub head: String,
    /// Its title, with whatever marks a draft.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Whether it was closed.
    pub closed: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Who closed it, and whether that is a bot.
    pub closed_by: Option<(String, bool)>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it comes from a fork.
    pub fork: bool,
    /// How it will be merged by itself.
    pub auto_merge: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is asked to review it.
    pub reviewers: Vec<String>,
    /// Whom it is assigned to.
    pub assignees: Vec<String>,
    /// What was said below it.
    pub comments: Vec<String>,
    /// How many minutes after the host's beginning it was opened.
    pub minute: u32,
}

/// What is answered instead.
#[derive(Clone, Debug)]
pub struct Fault {
    method: Option<String>,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    after: bool,
    hangs: bool,
}

impl Fault {
    /// This status, with a body that nobody should show.
    pub fn status(status: u16) -> Self {
        Self {
            method: None,
            status,
            headers: Vec::new(),
            body: format!("{{\"message\": \"{TOKEN} leaks here\"}}"),
            after: false,
            hangs: false,
        }
    }

    /// No answer at all.
    pub fn hang() -> Self {
        Self { hangs: true, ..Self::status(500) }
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// For the next request of this method only.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Once what was asked is done.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.after = true;
        self
    }
}

/// Everything the host knows.
#[derive(Default)]
struct State {
    pulls: Vec<Pull>,
    commits: BTreeMap<String, String>,
    faults: VecDeque<Fault>,
    asked: Vec<String>,
    bodies: Vec<Value>,
    page: Option<usize>,
    repo: Option<Arc<GitRepo>>,
    clean: bool,
    known: Vec<String>,
    refused: Vec<String>,
}

/// A running host; it ends when this is dropped.
pub struct FakeHost {
    kind: Kind,
    state: Arc<Mutex<State>>,
    server: Server,
}

impl FakeHost {
    /// Starts one with a repository `acme/fleet`.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(kind: Kind) -> Result<Self> {
        Self::with(kind, State::default())
    }

    /// Starts one over a repository of this machine, whose branches are those of the pull requests.
    ///
    /// # Errors
    /// When there is no port.
    pub fn over(kind: Kind, repo: Arc<GitRepo>) -> Result<Self> {
        Self::with(kind, State { repo: Some(repo), ..State::default() })
    }

    fn with(kind: Kind, state: State) -> Result<Self> {
        let state = Arc::new(Mutex::new(state));
        let app = axum::Router::new().fallback(answer::answer).with_state((kind, Arc::clone(&state)));
        Ok(Self { kind, state, server: Server::start(app, None)? })
    }

    /// Which host it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The repository's address.
    pub fn git_url(&self) -> String {
        format!("{}/acme/fleet.git", self.url())
    }

    /// Adds a pull request; its number.
    pub fn add(&self, pull: Pull) -> u64 {
        self.lock().add(pull)
    }

    /// Changes one.
    pub fn change(&self, number: u64, change: impl FnOnce(&mut Pull)) {
        let mut state = self.lock();
        if let Some(pull) = state.pulls.iter_mut().find(|pull| pull.number == number) {
            change(pull);
        }
    }

    /// All pull requests, the oldest first.
    pub fn pulls(&self) -> Vec<Pull> {
        self.lock().pulls.clone()
    }

    /// Those that are open.
    pub fn open(&self) -> Vec<Pull> {
        self.pulls().into_iter().filter(|pull| !pull.closed && !pull.merged).collect()
    }

    /// A commit that the host knows.
    pub fn commit(&self, id: &str, message: &str) {
        self.lock().commits.insert(id.to_owned(), message.to_owned());
    }

    /// Accounts that the host knows by name.
    pub fn account(&self, name: &str) {
        self.lock().known.push(name.to_owned());
    }

    /// Opens none from this branch.
    pub fn refuse(&self, branch: &str) {
        self.lock().refused.push(branch.to_owned());
    }

    /// Answers so once instead.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }

    /// Gives out so many at a time, whatever is asked for.
    pub fn pages_of(&self, count: usize) {
        self.lock().page = Some(count);
    }

    /// Lets every pull request be ready to be merged at once.
    pub fn nothing_to_wait_for(&self) {
        self.lock().clean = true;
    }

    /// What was asked: method and path, in order.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// The bodies of what was asked that had one.
    pub fn bodies(&self) -> Vec<Value> {
        self.lock().bodies.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, pull: Pull) -> u64 {
        let number = self.pulls.len() as u64 + 1;
        self.pulls.push(Pull { number, ..pull });
        number
    }

    /// The commit of a pull request.
    fn head(&self, pull: &Pull) -> String {
        let tip = || self.repo.as_ref()?.rev(&format!("refs/heads/{}", pull.branch));
        if pull.closed || pull.merged || !pull.head.is_empty() {
            pull.head.clone()
        } else {
            tip().unwrap_or_default()
        }
    }

    fn message(&self, commit: &str) -> Option<String> {
        let known = self.commits.get(commit).cloned();
        known.or_else(|| self.repo.as_ref()?.message(commit).ok())
    }

    /// Closes or reopens one; its commit stays what it was.
    fn set_closed(&mut self, number: u64, closed: bool) {
        let Some(at) = self.pulls.iter().position(|pull| pull.number == number) else { return };
        let head = self.pulls.get(at).map(|pull| self.head(pull)).unwrap_or_default();
        if let Some(pull) = self.pulls.get_mut(at) {
            pull.closed = closed;
            pull.closed_by = closed.then(|| (BOT.to_owned(), false));
            pull.head = if closed { head } else { String::new() };
        }
    }
}
