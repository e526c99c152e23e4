//! The one port of this crate, and how a host behind it is reached.

use crate::{
    address::Address,
    allowance::Allowance,
    error::{ErrorKind, ForgeError, Result},
    forgejo::Forgejo,
    gitea::Gitea,
    github::GitHub,
    github_app::Credentials,
    gitlab::GitLab,
    memory::Memory,
    provider::Provider,
    pull_request::{AutoMerge, Closer, LastCommit, Merge, NewPullRequest, PullRequest},
};
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::time::Duration;
use url::Url;

/// What every host can do with the pull requests of one repository. Only such whose branch is in the repository itself
/// are seen: a fork may have a branch of the same name.
pub trait Forge: Send + Sync {
    /// Every open pull request.
    fn open(&self) -> BoxFuture<'_, Result<Vec<PullRequest>>>;

    /// Pull requests of these branches to `base` that are not open any more. One that was reopened lately may still be
    /// among them: what [`Forge::open`] gives counts. Of a host that cannot be asked by branch, out of its latest 5,000.
    fn closed<'a>(&'a self, branches: &'a [String], base: &'a str)
    -> BoxFuture<'a, Result<Vec<PullRequest>>>;

    /// Every pull request opened since then, whatever became of it.
    fn opened_since(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<PullRequest>>>;

    /// Who closed it.
    fn closed_by<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Closer>>;

    /// The last commit that it brought, whatever became of its branch; `None` where the host does not have that any
    /// more.
    fn last_commit<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Option<LastCommit>>>;

    /// Opens one. What could not be done with it (a label, a reviewer) comes beside it, as sentences. One that is there
    /// already for the same two branches is given back as it is.
    fn create<'a>(&'a self, new: &'a NewPullRequest) -> BoxFuture<'a, Result<(PullRequest, Vec<String>)>>;

    /// Gives it another title and text; a draft stays a draft.
    fn describe<'a>(
        &'a self,
        pull: &'a PullRequest,
        title: &'a str,
        body: &'a str,
    ) -> BoxFuture<'a, Result<()>>;

    /// Says something below it.
    fn comment<'a>(&'a self, pull: &'a PullRequest, text: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Closes it.
    fn close<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<()>>;

    /// Asks the host to merge it when its checks pass, as long as `head` is its last commit.
    fn merge_when_ready<'a>(&'a self, pull: &'a PullRequest, how: Merge) -> BoxFuture<'a, Result<AutoMerge>>;
}

/// Which repository of which host.
#[derive(Debug, Clone)]
pub struct Target {
    /// The repository's Git address, by http(s) or ssh.
    pub git: String,
    /// The host's address where it is not that of Git.
    pub web: Option<String>,
    /// What kind of host it is; `None` is by its name.
    pub provider: Option<Provider>,
}

impl Target {
    /// Whether what Git's server is shown may be shown to this host: it is the same one at the same port, or goes from
    /// the usual port of http or ssh to that of https. Who has another port may be somebody else.
    pub fn is_gits_own(&self) -> bool {
        let Some(web) = &self.web else { return true };
        let (Ok(own), Ok(other)) = (Address::new(&self.git, None), Address::new(&self.git, Some(web))) else {
            return false;
        };
        let at = |address: &Address| {
            let url = Url::parse(&address.origin).ok()?;
            Some((url.host_str()?.to_owned(), url.scheme().to_owned(), url.port_or_known_default()?))
        };
        let (Some((own, scheme, port)), Some((host, web_scheme, web_port))) = (at(&own), at(&other)) else {
            return false;
        };
        let guarded = (scheme.as_str(), port, web_scheme.as_str(), web_port) == ("http", 80, "https", 443);
        own == host && (guarded || (scheme, port) == (web_scheme, web_port))
    }
}

/// How a host is reached.
#[derive(Clone)]
pub struct Way {
    /// With the certificates and the proxy of the Git remote.
    pub client: reqwest::Client,
    /// Who we are.
    pub credentials: Credentials,
    /// What is remembered of hosts.
    pub memory: Memory,
    /// How long it may take in all.
    pub allowance: Allowance,
    /// For one request.
    pub timeout: Duration,
}

/// The host of a repository.
///
/// # Errors
/// `Invalid` where the address names no repository, or the host does not tell its kind.
pub fn connect(target: &Target, way: Way) -> Result<Box<dyn Forge>> {
    let address = Address::new(&target.git, target.web.as_deref())?;
    let provider = target.provider.or_else(|| Provider::of_host(&address.host)).ok_or_else(|| {
        let kinds = Provider::ALL.map(Provider::as_str).join(", ");
        let message =
            format!("{} does not tell what kind of host it is; set provider to one of {kinds}", address.host);
        ForgeError::new(ErrorKind::Invalid, message)
    })?;
    Ok(match provider {
        Provider::GitHub => Box::new(GitHub::new(&address, way)?),
        Provider::GitLab => Box::new(GitLab::new(&address, way)?),
        Provider::Gitea => Box::new(Gitea::new(&address, way)?),
        Provider::Forgejo => Box::new(Forgejo::new(&address, way)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_is_shown_goes_to_no_other_host() {
        for (git, web, expected) in [
            ("https://git.example.com/a/b", None, true),
            ("https://git.example.com/a/b", Some("https://git.example.com:8443"), false),
            ("https://git.example.com:8443/a/b", Some("https://git.example.com:8443/"), true),
            ("https://git.example.com/a/b", Some("https://git.example.com:443"), true),
            ("http://git.example.com/a/b", Some("https://git.example.com"), true),
            ("http://git.example.com/a/b", Some("https://git.example.com:30443"), false),
            ("http://10.0.0.5:30080/a/b", Some("http://10.0.0.5:31337"), false),
            ("http://10.0.0.5:30080/a/b", Some("https://10.0.0.5"), false),
            ("ssh://git.example.com:2222/a/b", Some("https://git.example.com:8443"), false),
            ("ssh://git.example.com/a/b", Some("https://git.example.com"), true),
            ("https://git.example.com/a/b", Some("https://git.example.net"), false),
            ("https://git.example.com/a/b", Some("http://git.example.com"), false),
            ("https://git.example.com/a/b", Some("https://git.example.com@evil.example.net"), false),
            ("https://git.example.com/a/b", Some("nonsense"), false),
        ] {
            let web = web.map(ToOwned::to_owned);
            let target = Target { git: git.to_owned(), web, provider: None };
            assert_eq!(target.is_gits_own(), expected, "{target:?}");
        }
    }
}
