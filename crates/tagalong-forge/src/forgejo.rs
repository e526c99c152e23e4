//! Forgejo, whose API for pull requests is that of Gitea, from which it comes.

use crate::{
    address::Address,
    error::Result,
    forge::{Forge, Way},
    gitea::Gitea,
    pull_request::{AutoMerge, Closer, LastCommit, Merge, NewPullRequest, PullRequest},
};
use futures::future::BoxFuture;
use jiff::Timestamp;

/// One repository of a Forgejo.
pub(crate) struct Forgejo(Gitea);

impl Forgejo {
    pub(crate) fn new(address: &Address, way: Way) -> Result<Self> {
        Gitea::new(address, way).map(Self)
    }
}

impl Forge for Forgejo {
    fn open(&self) -> BoxFuture<'_, Result<Vec<PullRequest>>> {
        self.0.open()
    }

    fn closed<'a>(
        &'a self,
        branches: &'a [String],
        base: &'a str,
    ) -> BoxFuture<'a, Result<Vec<PullRequest>>> {
        self.0.closed(branches, base)
    }

    fn opened_since(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<PullRequest>>> {
        self.0.opened_since(since)
    }

    fn closed_by<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Closer>> {
        self.0.closed_by(pull)
    }

    fn last_commit<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Option<LastCommit>>> {
        self.0.last_commit(pull)
    }

    fn create<'a>(&'a self, new: &'a NewPullRequest) -> BoxFuture<'a, Result<(PullRequest, Vec<String>)>> {
        self.0.create(new)
    }

    fn describe<'a>(
        &'a self,
        pull: &'a PullRequest,
        title: &'a str,
        body: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        self.0.describe(pull, title, body)
    }

    fn comment<'a>(&'a self, pull: &'a PullRequest, text: &'a str) -> BoxFuture<'a, Result<()>> {
        self.0.comment(pull, text)
    }

    fn close<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<()>> {
        self.0.close(pull)
    }

    fn merge_when_ready<'a>(&'a self, pull: &'a PullRequest, how: Merge) -> BoxFuture<'a, Result<AutoMerge>> {
        self.0.merge_when_ready(pull, how)
    }
}
