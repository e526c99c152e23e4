//! GitHub: github.com by `api.github.com`, Enterprise by `/api/v3`; what its REST API lacks by GraphQL.

use crate::{
    address::Address,
    api::{Answer, Api, Fields, Listing, part},
    error::{ErrorKind, ForgeError, Result},
    forge::{Forge, Way},
    github_app::Authorizer,
    pull_request::{AutoMerge, Closer, LastCommit, Merge, NewPullRequest, PullRequest, State},
};
use futures::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

/// What asks the host to merge by itself; REST has no word for it.
const ENABLE_AUTO_MERGE: &str = "mutation($id: ID!, $how: PullRequestMergeMethod!, $head: GitObjectID!) { \
     enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $how, expectedHeadOid: $head}) \
     { clientMutationId } }";

/// One repository of a GitHub.
pub(crate) struct GitHub {
    api: Api,
    graphql: Api,
    who: Authorizer,
    owner: String,
    /// `/repos/OWNER/NAME`.
    repository: String,
}

/// Where the APIs of a GitHub are: REST, and what GraphQL's path is below.
pub(crate) fn bases(origin: &str, host: &str) -> (String, String) {
    if host == "github.com" {
        ("https://api.github.com".to_owned(), "https://api.github.com".to_owned())
    } else {
        (format!("{origin}/api/v3"), format!("{origin}/api"))
    }
}

impl GitHub {
    pub(crate) fn new(address: &Address, way: Way) -> Result<Self> {
        let (owner, name) = address.owner_and_name()?;
        let (rest, graphql) = bases(&address.origin, &address.host);
        let api = Api {
            client: way.client,
            base: rest,
            host: address.host.clone(),
            accept: "application/vnd.github+json",
            patience: way.memory.patience.clone(),
            allowance: way.allowance,
            account: None,
            timeout: way.timeout,
        };
        let who = Authorizer::new(way.credentials, &api, way.memory)?;
        let api = Api { account: who.account(), ..api };
        Ok(Self {
            who,
            owner: owner.to_owned(),
            repository: format!("/repos/{}/{}", part(owner), part(name)),
            graphql: Api { base: graphql, ..api.clone() },
            api,
        })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>, also: &[u16]) -> Result<Answer> {
        let path = format!("{}{path}", self.repository);
        self.api.ask(&self.who.header().await?, method, &path, body.as_ref(), also).await
    }

    async fn list(&self, query: &str, enough: impl Fn(&[Value]) -> bool + Send) -> Result<Vec<PullRequest>> {
        let path = format!("{}/pulls?per_page=100&{query}", self.repository);
        let listing = Listing { path: &path, linked: true };
        self.api.pages(&self.who.header().await?, &listing, read, enough).await
    }

    fn head(&self, branch: &str) -> String {
        part(&format!("{}:{branch}", self.owner))
    }

    async fn closed(&self, branches: &[String], base: &str) -> Result<Vec<PullRequest>> {
        let mut found = Vec::new();
        for branch in branches {
            let (head, base) = (self.head(branch), part(base));
            let query = format!("state=closed&sort=updated&direction=desc&head={head}&base={base}");
            let of_branch = self.list(&query, |_| false).await?;
            found.extend(of_branch.into_iter().filter(|pull| pull.branch == *branch));
        }
        Ok(found)
    }

    async fn create(&self, new: &NewPullRequest) -> Result<(PullRequest, Vec<String>)> {
        let body = json!({
            "head": new.branch, "base": new.base, "title": new.title, "body": new.body, "draft": new.draft,
        });
        let answer = self.ask(Method::POST, "/pulls", Some(body), &[422]).await?;
        if answer.status == 422 {
            // One is there already, or the host will not have it.
            let query = format!("state=open&head={}&base={}", self.head(&new.branch), part(&new.base));
            let existing = self.list(&query, |_| true).await?;
            let existing = existing.into_iter().find(|pull| pull.branch == new.branch);
            return existing.map(|pull| (pull, Vec::new())).ok_or_else(|| {
                let (host, branch, base) = (&self.api.host, &new.branch, &new.base);
                let draft = if new.draft { ", and whether the repository may have drafts" } else { "" };
                ForgeError::new(
                    ErrorKind::Refused,
                    format!("{host} refuses a pull request of {branch} to {base} (422); see whether {base} is there{draft}"),
                )
            });
        }
        let pull =
            read(&answer.body).ok_or_else(|| ForgeError::protocol(&self.api.host, "a pull request"))?;
        let failed = self.equip(pull.number, new).await;
        Ok((pull, failed))
    }

    /// What is done to a new one by requests of their own: one that fails does not take the others with it.
    async fn equip(&self, number: u64, new: &NewPullRequest) -> Vec<String> {
        let mut failed = Vec::new();
        let (teams, people): (Vec<&String>, Vec<&String>) =
            new.reviewers.iter().partition(|reviewer| reviewer.contains('/'));
        let teams: Vec<&str> = teams.iter().filter_map(|team| team.rsplit('/').next()).collect();
        let wishes = [
            (
                !new.labels.is_empty(),
                format!("/issues/{number}/labels"),
                json!({"labels": new.labels}),
                "labels were not set",
            ),
            (
                !new.reviewers.is_empty(),
                format!("/pulls/{number}/requested_reviewers"),
                json!({"reviewers": people, "team_reviewers": teams}),
                "reviewers were not asked",
            ),
            (
                !new.assignees.is_empty(),
                format!("/issues/{number}/assignees"),
                json!({"assignees": new.assignees}),
                "nobody was assigned",
            ),
        ];
        for (_, path, body, what) in wishes.into_iter().filter(|(wanted, ..)| *wanted) {
            if let Err(error) = self.ask(Method::POST, &path, Some(body), &[]).await {
                failed.push(format!("{what}: {error}"));
            }
        }
        failed
    }

    async fn closed_by(&self, number: u64) -> Result<Closer> {
        let issue = self.ask(Method::GET, &format!("/issues/{number}"), None, &[]).await?.body;
        let name = issue.text("/closed_by/login");
        Ok(match issue.text("/closed_by/type").as_str() {
            _ if name.is_empty() => Closer::Unknown,
            "Bot" => Closer::Bot(name),
            _ => Closer::Person(name),
        })
    }

    async fn last_commit(&self, pull: &PullRequest) -> Result<Option<LastCommit>> {
        let answer =
            self.ask(Method::GET, &format!("/commits/{}", part(&pull.head)), None, &[404, 422]).await?;
        let message = answer.body.text("/commit/message");
        Ok((answer.status == 200).then(|| LastCommit { id: pull.head.clone(), message }))
    }

    async fn merge_when_ready(&self, pull: &PullRequest, how: Merge) -> Result<AutoMerge> {
        let (word, method) = match how {
            Merge::Merge => ("MERGE", "merge"),
            Merge::Squash => ("SQUASH", "squash"),
            Merge::Rebase => ("REBASE", "rebase"),
        };
        let body =
            json!({"query": ENABLE_AUTO_MERGE, "variables": {"id": pull.id, "how": word, "head": pull.head}});
        let who = self.who.header().await?;
        let answer = self.graphql.ask(&who, Method::POST, "/graphql", Some(&body), &[]).await?;
        let errors =
            answer.body.pointer("/errors").and_then(Value::as_array).filter(|errors| !errors.is_empty());
        let Some(errors) = errors else { return Ok(AutoMerge::Taken) };
        let said: String = errors.iter().map(|error| error.text("/message").to_lowercase()).collect();
        if !said.contains("clean status") {
            return Ok(self.not_taken(&said));
        }
        // Nothing is to be waited for: GitHub then wants it merged, not to be merged.
        let body = json!({"merge_method": method, "sha": pull.head});
        let path = format!("/pulls/{}/merge", pull.number);
        let merged = self.ask(Method::PUT, &path, Some(body), &[405, 409]).await?.status == 200;
        Ok(if merged { AutoMerge::Taken } else { AutoMerge::NotYet })
    }

    /// What GitHub's words mean; they themselves are not shown.
    fn not_taken(&self, said: &str) -> AutoMerge {
        let host = &self.api.host;
        let why = if said.contains("unknown status") || said.contains("expected head") {
            return AutoMerge::NotYet;
        } else if said.contains("not allowed for this repository") {
            "does not allow it for this repository; see \"Allow auto-merge\" in its settings"
        } else if said.contains("not accessible")
            || said.contains("permission")
            || said.contains("not authorized")
        {
            "does not let this token ask for it; see docs/pull-requests.md for what it needs"
        } else if said.contains("method") {
            "does not allow this way to merge for this repository"
        } else if said.contains("unstable status") {
            "does not wait for checks that the branch's rules do not require, and one of them has not passed"
        } else {
            "does not take it as the pull request stands"
        };
        AutoMerge::Refused(format!("{host} {why}"))
    }

    async fn edit(&self, pull: &PullRequest, change: Value) -> Result<()> {
        self.ask(Method::PATCH, &format!("/pulls/{}", pull.number), Some(change), &[]).await.map(drop)
    }
}

impl Forge for GitHub {
    fn open(&self) -> BoxFuture<'_, Result<Vec<PullRequest>>> {
        self.list("state=open", |_| false).boxed()
    }

    fn closed<'a>(
        &'a self,
        branches: &'a [String],
        base: &'a str,
    ) -> BoxFuture<'a, Result<Vec<PullRequest>>> {
        self.closed(branches, base).boxed()
    }

    fn opened_since(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<PullRequest>>> {
        async move {
            let older = move |page: &[Value]| page.iter().any(|pull| pull.time("/created_at") < Some(since));
            let found = self.list("state=all&sort=created&direction=desc", older).await?;
            Ok(found.into_iter().filter(|pull| pull.opened >= since).collect())
        }
        .boxed()
    }

    fn closed_by<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Closer>> {
        self.closed_by(pull.number).boxed()
    }

    fn last_commit<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Option<LastCommit>>> {
        self.last_commit(pull).boxed()
    }

    fn create<'a>(&'a self, new: &'a NewPullRequest) -> BoxFuture<'a, Result<(PullRequest, Vec<String>)>> {
        self.create(new).boxed()
    }

    fn describe<'a>(
        &'a self,
        pull: &'a PullRequest,
        title: &'a str,
        body: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        self.edit(pull, json!({"title": title, "body": body})).boxed()
    }

    fn comment<'a>(&'a self, pull: &'a PullRequest, text: &'a str) -> BoxFuture<'a, Result<()>> {
        async move {
            let path = format!("/issues/{}/comments", pull.number);
            self.ask(Method::POST, &path, Some(json!({"body": text})), &[]).await.map(drop)
        }
        .boxed()
    }

    fn close<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<()>> {
        self.edit(pull, json!({"state": "closed"})).boxed()
    }

    fn merge_when_ready<'a>(&'a self, pull: &'a PullRequest, how: Merge) -> BoxFuture<'a, Result<AutoMerge>> {
        self.merge_when_ready(pull, how).boxed()
    }
}

/// A pull request of a branch of the repository itself.
fn read(pull: &Value) -> Option<PullRequest> {
    let (theirs, ours) = (pull.text("/head/repo/full_name"), pull.text("/base/repo/full_name"));
    if !theirs.eq_ignore_ascii_case(&ours) {
        return None;
    }
    let merged = pull.time("/merged_at").is_some();
    let state = match pull.text("/state").as_str() {
        _ if merged => State::Merged,
        "open" => State::Open,
        _ => State::Closed,
    };
    let flag = |pointer: &str| pull.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
    Some(PullRequest {
        number: pull.number("/number")?,
        id: pull.text("/node_id"),
        url: pull.text("/html_url"),
        branch: pull.text("/head/ref"),
        base: pull.text("/base/ref"),
        head: pull.text("/head/sha"),
        title: pull.text("/title"),
        body: pull.text("/body"),
        state,
        draft: flag("/draft"),
        auto_merge: Some(pull.pointer("/auto_merge").is_some_and(Value::is_object)),
        opened: pull.time("/created_at")?,
        updated: pull.time("/updated_at")?,
        closed: pull.time("/closed_at"),
    })
}
