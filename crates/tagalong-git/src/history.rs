//! Commits as they stand on a branch: whose they are decides whether a push branch may be rebuilt (RULES 17).

use crate::{
    error::{ErrorKind, GitError, Result},
    id::TreeId,
    local,
    mirror::Mirror,
    remote::Remote,
    repository::parse_commit,
    wire::{Ask, Depth, fetch_pack, finish},
};
use gix::{ObjectId, Repository, protocol::transport::Service};
use std::collections::HashSet;

/// The most commits that are looked at.
const MAX_COMMITS: usize = 1000;

/// A commit's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// 40 hex digits.
    pub id: String,
    /// Its files.
    pub tree: TreeId,
    /// What it stands on.
    pub parents: Vec<String>,
    /// The author's name.
    pub author_name: String,
    /// The author's address.
    pub author_email: String,
    /// Committer's time, seconds since 1970.
    pub time: i64,
    /// The whole message.
    pub message: String,
}

impl Mirror {
    /// A commit that is in the mirror.
    ///
    /// # Errors
    /// `Damaged` where it is not, or cannot be read.
    pub fn commit_info(&self, commit: &str) -> Result<CommitInfo> {
        info(&self.repo(), parse_commit(commit)?)
    }

    /// The commits that the ref `branch` has and the ref `base` has not, newest first, at most 1,000; with all their
    /// files in the mirror. Three requests, six where there are none; no request for a local repository.
    ///
    /// # Errors
    /// `NotFound` where either ref is missing, and whatever reaching the remote gives.
    pub fn commits_beyond(&self, remote: &Remote, branch: &str, base: &str) -> Result<Vec<CommitInfo>> {
        let missing =
            |name: &str| GitError::new(ErrorKind::NotFound, format!("the repository has no {name}"));
        if self.is_local() {
            let repo = self.repo();
            let refs = local::refs(&repo, &[branch, base])?;
            let tip = refs.commit(branch).ok_or_else(|| missing(branch))?;
            let base = refs.commit(base).ok_or_else(|| missing(base))?;
            let walk = repo.rev_walk([tip]).with_hidden([base]).all().map_err(GitError::damaged)?;
            return walk
                .take(MAX_COMMITS)
                .map(|found| info(&repo, found.map_err(GitError::damaged)?.id))
                .collect();
        }
        match self.fetch_beyond(remote, branch, base)? {
            Answer::Same => Ok(Vec::new()),
            Answer::Commits(commits) => Ok(commits),
            // A server that has nothing to send hangs up, and so does one that breaks. Before a branch is taken for
            // free of others' commits, the base must be seen to stand on its tip.
            Answer::Failed(tip, error) => match self.fetch_beyond(remote, base, branch)? {
                Answer::Commits(commits) if commits.iter().any(|commit| commit.parents.contains(&tip)) => {
                    Ok(Vec::new())
                }
                _ => Err(error),
            },
        }
    }

    fn fetch_beyond(&self, remote: &Remote, branch: &str, base: &str) -> Result<Answer> {
        let mut connection = self.connect(remote, Service::UploadPack)?;
        let refs = connection.refs(&[branch, base])?;
        let missing =
            |name: &str| GitError::new(ErrorKind::NotFound, format!("the repository has no {name}"));
        let tip = refs.commit(branch).ok_or_else(|| missing(branch))?;
        if refs.commit(base).ok_or_else(|| missing(base))? == tip {
            finish(&mut connection);
            return Ok(Answer::Same);
        }
        // Without telling what we have: the answer's own cut then says where the branch begins.
        let ask = Ask { wants: &[tip], haves: &[], depth: Depth::Beyond(base), room: None };
        match fetch_pack(&mut connection, &self.repo(), &ask) {
            Ok(cut) => beyond(&self.repo(), tip, &cut.into_iter().collect()).map(Answer::Commits),
            Err(error) => Ok(Answer::Failed(tip.to_string(), error)),
        }
    }
}

/// What a server said when asked for the commits one ref has and another has not.
enum Answer {
    /// Both refs name one commit.
    Same,
    /// These.
    Commits(Vec<CommitInfo>),
    /// Nothing usable, for the ref's tip.
    Failed(String, GitError),
}

/// Commits from `tip` down to and including those in `cut`.
fn beyond(repo: &Repository, tip: ObjectId, cut: &HashSet<ObjectId>) -> Result<Vec<CommitInfo>> {
    let mut seen = HashSet::from([tip]);
    let mut queue = std::collections::VecDeque::from([tip]);
    let mut found = Vec::new();
    while let Some(id) = queue.pop_front() {
        let commit = info(repo, id)?;
        if !cut.contains(&id) {
            for parent in &commit.parents {
                let parent = parse_commit(parent)?;
                if seen.insert(parent) {
                    queue.push_back(parent);
                }
            }
        }
        found.push(commit);
        if found.len() >= MAX_COMMITS {
            break;
        }
    }
    Ok(found)
}

fn info(repo: &Repository, id: ObjectId) -> Result<CommitInfo> {
    let commit = repo.find_commit(id).map_err(GitError::damaged)?;
    let decoded = commit.decode().map_err(GitError::damaged)?;
    let author = decoded.author().map_err(GitError::damaged)?;
    let committer = decoded.committer().map_err(GitError::damaged)?;
    Ok(CommitInfo {
        id: id.to_string(),
        tree: TreeId::from(decoded.tree().as_ref()),
        parents: decoded.parents().map(|parent| parent.to_string()).collect(),
        author_name: author.name.to_string(),
        author_email: author.email.to_string(),
        time: committer.seconds(),
        message: decoded.message.to_string(),
    })
}
