//! Pushing a prepared commit: one request moves all refs, each only from the value it is expected to have.

use crate::{
    checkout::valid_refname,
    commit::Prepared,
    error::{ErrorKind, GitError, Result, clean},
    local,
    mirror::Mirror,
    remote::Remote,
    repository::{pack, parse_commit},
    wire::{Answer, Command, Connection, send_pack},
};
use gix::{ObjectId, protocol::transport::Service};

/// One ref to set to the new commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The full name, such as `refs/heads/main` or `refs/for/main`.
    pub refname: String,
    /// What it must be now.
    pub expected: Expected,
}

/// The value a ref must have for a push to move it. This alone keeps two writers apart (RULES 20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This commit.
    At(String),
    /// It does not exist yet.
    Absent,
    /// Whatever the server says it is; for refs that stand for an action, such as `refs/for/main`.
    Anything,
}

impl Expected {
    pub(crate) fn allows(&self, actual: Option<&str>) -> bool {
        match self {
            Self::At(commit) => actual.is_some_and(|actual| actual.eq_ignore_ascii_case(commit)),
            Self::Absent => actual.is_none(),
            Self::Anything => true,
        }
    }
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// All refs name the new commit.
    Done,
    /// A ref is not where it was expected: fetch, plan again, push again.
    Moved {
        /// Which.
        refname: String,
        /// Where it is, `None` where it does not exist.
        theirs: Option<String>,
    },
    /// The server will not have it: a hook, a protected branch.
    Rejected {
        /// Which ref.
        refname: String,
        /// The server's words, cleaned and bounded.
        why: String,
    },
}

/// What servers say when another push came first.
const LOST_RACE: [&str; 7] = [
    "failed to update ref",
    "cannot lock ref",
    "fetch first",
    "non-fast-forward",
    "incorrect old value",
    "reference already exists",
    "stale info",
];

impl Mirror {
    /// Pushes `prepared` to every ref in `updates`, all or none where the server can (`atomic`). A local repository is
    /// written directly: no hook runs, and `options` mean nothing there.
    ///
    /// # Errors
    /// `Rejected` where the server takes no push options or cannot take the pack, `Auth`, and whatever reaching the
    /// remote gives. After `Connect` or `Timeout` the commit may have landed; the next fetch shows it.
    pub fn push(
        &self,
        remote: &Remote,
        prepared: &Prepared,
        updates: &[Update],
        options: &[(String, String)],
    ) -> Result<Pushed> {
        for update in updates {
            valid_refname(&update.refname)?;
        }
        if self.is_local() {
            return local::push(&self.repo(), prepared, updates);
        }
        let mut connection = self.connect(remote, Service::ReceivePack)?;
        let mut commands = Vec::new();
        for update in updates {
            let theirs = advertised(&connection, &update.refname);
            if !update.expected.allows(theirs.map(|id| id.to_string()).as_deref()) {
                return Ok(Pushed::Moved {
                    refname: update.refname.clone(),
                    theirs: theirs.map(|id| id.to_string()),
                });
            }
            let old = match &update.expected {
                Expected::At(commit) => parse_commit(commit)?,
                Expected::Absent => ObjectId::null(gix::hash::Kind::Sha1),
                Expected::Anything => theirs.unwrap_or(ObjectId::null(gix::hash::Kind::Sha1)),
            };
            commands.push(Command { refname: update.refname.clone(), old, new: prepared.id });
        }
        let pack = pack(&prepared.objects)?;
        let answer = send_pack(&mut connection, &commands, &pack, options)?;
        drop(connection);
        let landed: Vec<(String, ObjectId)> =
            answer.landed.iter().map(|name| (name.clone(), prepared.id)).collect();
        if !landed.is_empty() {
            self.keep_pushed(&pack, &landed);
        }
        self.judge(remote, updates, &answer)
    }

    /// Removes a branch that stands at `commit`. One of a local repository is its owner's to remove.
    ///
    /// # Errors
    /// `Auth`, and whatever reaching the remote gives.
    pub fn remove(&self, remote: &Remote, refname: &str, commit: &str) -> Result<Pushed> {
        valid_refname(refname)?;
        if self.is_local() {
            let why = "a branch of a local repository is not removed".to_owned();
            return Ok(Pushed::Rejected { refname: refname.to_owned(), why });
        }
        let update = Update { refname: refname.to_owned(), expected: Expected::At(commit.to_owned()) };
        let mut connection = self.connect(remote, Service::ReceivePack)?;
        let theirs = advertised(&connection, refname).map(|id| id.to_string());
        if !update.expected.allows(theirs.as_deref()) {
            return Ok(Pushed::Moved { refname: update.refname, theirs });
        }
        let null = ObjectId::null(gix::hash::Kind::Sha1);
        let command = Command { refname: update.refname.clone(), old: parse_commit(commit)?, new: null };
        // No object goes with it, and so no pack.
        let answer = send_pack(&mut connection, &[command], &[], &[])?;
        drop(connection);
        self.judge(remote, &[update], &answer)
    }

    fn judge(&self, remote: &Remote, updates: &[Update], answer: &Answer) -> Result<Pushed> {
        // With `atomic`, a ref that was fine is refused because of another one; the other one's reason counts.
        let first = answer.refused.iter().find(|(_, why)| !why.contains("atomic")).or(answer.refused.first());
        let Some((refname, why)) = first else {
            let missing = updates.iter().find(|update| !answer.landed.contains(&update.refname));
            return match missing {
                None => Ok(Pushed::Done),
                Some(update) => Err(GitError::new(
                    ErrorKind::Protocol,
                    format!("the server said nothing about {}", update.refname),
                )),
            };
        };
        if let Some(update) = updates.iter().find(|update| update.refname == *refname)
            && LOST_RACE.iter().any(|words| why.contains(words))
        {
            // The same words also stand for refs that can never be made (`a` beside `a/b`): only a new value is a race.
            let theirs = self.tip(remote, &[refname])?.remove(refname.as_str());
            if !update.expected.allows(theirs.as_deref()) {
                return Ok(Pushed::Moved { refname: refname.clone(), theirs });
            }
        }
        let why = if answer.said.is_empty() { why.clone() } else { format!("{why}: {}", answer.said) };
        Ok(Pushed::Rejected { refname: refname.clone(), why: clean(&why, 500) })
    }
}

fn advertised(connection: &Connection, name: &str) -> Option<ObjectId> {
    connection.handshake.refs.iter().flatten().find_map(|found| {
        let (full, direct, peeled) = found.unpack();
        if full != name { None } else { direct.or(peeled).map(ToOwned::to_owned) }
    })
}
