//! Gitea: `/api/v1`, pages by `limit` and `Link`, drafts by the title. Its listings cannot be narrowed to a branch.

use crate::{
    address::Address,
    api::{Answer, Api, Fields, Listing, authorization, fingerprint, part},
    error::{ErrorKind, ForgeError, Result},
    forge::{Forge, Way},
    github_app::Credentials,
    memory::Memory,
    pull_request::{AutoMerge, Closer, LastCommit, Merge, NewPullRequest, PullRequest, State},
};
use futures::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

/// What marks a draft, and what else does so unless a server is told otherwise.
const DRAFT: &str = "WIP: ";
const DRAFTS: [&str; 2] = ["WIP:", "[WIP]"];
/// How many pages of closed pull requests are looked through for those of our branches.
const LOOKED_THROUGH: usize = 99;
/// The colour of a label that is made.
const COLOUR: &str = "#0366d6";

/// One repository of a Gitea.
pub(crate) struct Gitea {
    api: Api,
    memory: Memory,
    who: HeaderValue,
    /// `/repos/OWNER/NAME`.
    repository: String,
}

impl Gitea {
    pub(crate) fn new(address: &Address, way: Way) -> Result<Self> {
        let (owner, name) = address.owner_and_name()?;
        Ok(Self {
            who: match &way.credentials {
                Credentials::Token(token) => authorization("token", token)?,
                Credentials::App(_) => return Err(ForgeError::only_github()),
            },
            repository: format!("/repos/{}/{}", part(owner), part(name)),
            memory: way.memory.clone(),
            api: Api {
                client: way.client,
                base: format!("{}/api/v1", address.origin),
                host: address.host.clone(),
                accept: "application/json",
                patience: way.memory.patience.clone(),
                allowance: way.allowance,
                account: None,
                timeout: way.timeout,
            },
        })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>, also: &[u16]) -> Result<Answer> {
        let path = format!("{}{path}", self.repository);
        self.api.ask(&self.who, method, &path, body.as_ref(), also).await
    }

    async fn list(&self, query: &str, enough: impl FnMut(&[Value]) -> bool) -> Result<Vec<PullRequest>> {
        let path = format!("{}/pulls?limit=50&{query}", self.repository);
        self.api.pages(&self.who, &Listing { path: &path, linked: true }, read, enough).await
    }

    fn read(&self, body: &Value) -> Result<PullRequest> {
        read(body).ok_or_else(|| ForgeError::protocol(&self.api.host, "a pull request"))
    }

    /// The open one of these two branches.
    async fn existing(&self, new: &NewPullRequest) -> Result<Option<PullRequest>> {
        let open = self.list("state=open", |_| false).await?;
        Ok(open.into_iter().find(|pull| pull.branch == new.branch && pull.base == new.base))
    }

    async fn label(&self, number: u64, labels: &[String]) -> Result<()> {
        let path = format!("/issues/{number}/labels");
        let put = || self.ask(Method::POST, &path, Some(json!({"labels": labels})), &[]);
        let has = |answer: &Answer, label: &String| {
            answer.body.as_array().into_iter().flatten().any(|found| found.text("/name") == *label)
        };
        let answer = put().await?;
        let missing: Vec<&String> = labels.iter().filter(|label| !has(&answer, label)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        for label in missing {
            self.ask(Method::POST, "/labels", Some(json!({"name": label, "color": COLOUR})), &[]).await?;
        }
        put().await.map(drop)
    }

    async fn review(&self, number: u64, reviewers: &[String]) -> Result<()> {
        let team = |reviewer: &&String| reviewer.contains('/');
        let name = |reviewer: &String| reviewer.rsplit('/').next().unwrap_or_default().to_owned();
        let teams: Vec<String> = reviewers.iter().filter(team).map(name).collect();
        let people: Vec<&String> = reviewers.iter().filter(|reviewer| !team(reviewer)).collect();
        let body = json!({"reviewers": people, "team_reviewers": teams});
        self.ask(Method::POST, &format!("/pulls/{number}/requested_reviewers"), Some(body), &[])
            .await
            .map(drop)
    }

    /// What is done to a new one by requests of their own: one that fails does not take the others with it.
    async fn equip(&self, number: u64, new: &NewPullRequest) -> Vec<String> {
        let mut failed = Vec::new();
        if !new.labels.is_empty()
            && let Err(error) = self.label(number, &new.labels).await
        {
            failed.push(format!("labels were not set: {error}"));
        }
        if !new.reviewers.is_empty()
            && let Err(error) = self.review(number, &new.reviewers).await
        {
            failed.push(format!("reviewers were not asked: {error}"));
        }
        if !new.assignees.is_empty() {
            let body = json!({"assignees": new.assignees});
            if let Err(error) = self.ask(Method::PATCH, &format!("/issues/{number}"), Some(body), &[]).await {
                failed.push(format!("nobody was assigned: {error}"));
            }
        }
        failed
    }

    async fn create(&self, new: &NewPullRequest) -> Result<(PullRequest, Vec<String>)> {
        let title = titled(&new.title, new.draft);
        let body = json!({"head": new.branch, "base": new.base, "title": title, "body": new.body});
        let answer = self.ask(Method::POST, "/pulls", Some(body), &[409]).await?;
        if answer.status == 409 {
            let existing = self.existing(new).await?;
            let refused = || {
                let message =
                    format!("{} refuses to open a pull request for {} (409)", self.api.host, new.branch);
                ForgeError::new(ErrorKind::Refused, message)
            };
            return Ok((existing.ok_or_else(refused)?, Vec::new()));
        }
        let pull = self.read(&answer.body)?;
        let failed = self.equip(pull.number, new).await;
        Ok((pull, failed))
    }

    async fn closed_by(&self, number: u64) -> Result<Closer> {
        let path = format!("{}/issues/{number}/timeline?limit=50", self.repository);
        let by = |event: &Value| (event.text("/type") == "close").then(|| event.text("/user/login"));
        let closed =
            self.api.pages(&self.who, &Listing { path: &path, linked: false }, by, |_| false).await?;
        let name = closed.into_iter().next_back().filter(|name| !name.is_empty());
        Ok(name.map_or(Closer::Unknown, Closer::Person))
    }

    /// `head.sha` of a closed one is where its branch is now; what it was when it was closed, its own ref knows.
    async fn last_commit(&self, number: u64) -> Result<Option<LastCommit>> {
        let found = self.ask(Method::GET, &format!("/git/refs/pull/{number}/head"), None, &[404]).await?;
        let commit = match &found.body {
            Value::Array(refs) => refs.first().map(|found| found.text("/object/sha")),
            one => Some(one.text("/object/sha")),
        };
        let Some(commit) = commit.filter(|commit| !commit.is_empty()) else { return Ok(None) };
        let path = format!("/git/commits/{}?stat=false&files=false&verification=false", part(&commit));
        let answer = self.ask(Method::GET, &path, None, &[404]).await?;
        let message = answer.body.text("/commit/message");
        Ok((answer.status == 200).then_some(LastCommit { id: commit, message }))
    }

    /// Every one that is closed has to be looked at; what was seen once is remembered, and only what was closed since is
    /// asked for.
    async fn closed(&self, branches: &[String], base: &str) -> Result<Vec<PullRequest>> {
        let who = fingerprint(self.who.as_bytes());
        let key = format!("{}{} {base} {who}", self.api.base, self.repository);
        let known = self.memory.closed(&key, branches);
        let query = format!("state=closed&sort=recentclose&base_branch={}", part(base));
        let (mut pages, mut latest) = (0, None);
        let found = self.list(&query, |page| {
            pages += 1;
            latest = page.iter().map(|pull| pull.time("/closed_at")).chain([latest]).max().flatten();
            pages >= LOOKED_THROUGH || known.until.is_some_and(|until| ends_before(page, until))
        });
        let found = found.await?.into_iter().filter(|pull| pull.base == base).collect();
        let all = self.memory.keep_closed(key, known, latest, found);
        Ok(all.into_iter().filter(|pull| branches.contains(&pull.branch)).collect())
    }

    async fn merge_when_ready(&self, pull: &PullRequest, how: Merge) -> Result<AutoMerge> {
        let how = match how {
            Merge::Merge => "merge",
            Merge::Squash => "squash",
            Merge::Rebase => "rebase",
        };
        let body = json!({"Do": how, "merge_when_checks_succeed": true, "head_commit_id": pull.head});
        let path = format!("/pulls/{}/merge", pull.number);
        // 405: still looking for conflicts, or may not be merged so. 409: it was asked before, or knows of no such head yet.
        let answer = self.ask(Method::POST, &path, Some(body), &[405, 409]).await?;
        let asked_before = || answer.body.text("/message").contains("already scheduled");
        let taken = answer.status < 400 || (answer.status == 409 && asked_before());
        Ok(if taken { AutoMerge::Taken } else { AutoMerge::NotYet })
    }
}

impl Forge for Gitea {
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
            // The newest come first.
            let older = move |page: &[Value]| page.iter().any(|pull| pull.time("/created_at") < Some(since));
            let found = self.list("state=all", older).await?;
            Ok(found.into_iter().filter(|pull| pull.opened >= since).collect())
        }
        .boxed()
    }

    fn closed_by<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Closer>> {
        self.closed_by(pull.number).boxed()
    }

    fn last_commit<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<Option<LastCommit>>> {
        self.last_commit(pull.number).boxed()
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
        async move {
            let body = json!({"title": titled(title, pull.draft), "body": body});
            self.ask(Method::PATCH, &format!("/pulls/{}", pull.number), Some(body), &[]).await.map(drop)
        }
        .boxed()
    }

    fn comment<'a>(&'a self, pull: &'a PullRequest, text: &'a str) -> BoxFuture<'a, Result<()>> {
        async move {
            let path = format!("/issues/{}/comments", pull.number);
            self.ask(Method::POST, &path, Some(json!({"body": text})), &[]).await.map(drop)
        }
        .boxed()
    }

    fn close<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<()>> {
        async move {
            let path = format!("/pulls/{}", pull.number);
            self.ask(Method::PATCH, &path, Some(json!({"state": "closed"})), &[]).await.map(drop)
        }
        .boxed()
    }

    fn merge_when_ready<'a>(&'a self, pull: &'a PullRequest, how: Merge) -> BoxFuture<'a, Result<AutoMerge>> {
        self.merge_when_ready(pull, how).boxed()
    }
}

/// Whether all that comes after a page was closed before then: it goes from the latest to the earliest, as it was asked to.
fn ends_before(page: &[Value], until: Timestamp) -> bool {
    let closed: Vec<Option<Timestamp>> = page.iter().map(|pull| pull.time("/closed_at")).collect();
    closed.iter().all(Option::is_some)
        && closed.is_sorted_by(|a, b| a >= b)
        && closed.last().is_some_and(|last| *last < Some(until))
}

fn titled(title: &str, draft: bool) -> String {
    if draft { format!("{DRAFT}{title}") } else { title.to_owned() }
}

/// A pull request of a branch of the repository itself.
fn read(pull: &Value) -> Option<PullRequest> {
    if pull.number("/head/repo_id") != pull.number("/base/repo_id") {
        return None;
    }
    let merged = pull.pointer("/merged").and_then(Value::as_bool).unwrap_or_default();
    let state = match (pull.text("/state").as_str(), merged) {
        (_, true) => State::Merged,
        ("open", false) => State::Open,
        _ => State::Closed,
    };
    let title = pull.text("/title");
    let mark =
        DRAFTS.iter().find(|mark| title.get(..mark.len()).is_some_and(|t| t.eq_ignore_ascii_case(mark)));
    Some(PullRequest {
        number: pull.number("/number")?,
        id: pull.number("/id")?.to_string(),
        url: pull.text("/html_url"),
        branch: branch(pull, "head"),
        base: branch(pull, "base"),
        head: pull.text("/head/sha"),
        title: title.get(mark.map_or(0, |mark| mark.len())..).unwrap_or_default().trim().to_owned(),
        body: pull.text("/body"),
        state,
        draft: mark.is_some(),
        auto_merge: None,
        opened: pull.time("/created_at")?,
        updated: pull.time("/updated_at")?,
        closed: pull.time("/closed_at"),
    })
}

/// Where a branch is gone, `ref` names the pull request's own ref and `label` still the branch.
fn branch(pull: &Value, end: &str) -> String {
    let (label, name) = (pull.text(&format!("/{end}/label")), pull.text(&format!("/{end}/ref")));
    if name.starts_with("refs/") { label } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_the_look_where_all_that_follows_was_closed_before() {
        let until = "2026-01-01T00:00:05Z".parse().unwrap();
        for (closed, expected) in [
            (vec![Some(9), Some(7), Some(4)], true),
            // Another one may have been closed within the same second.
            (vec![Some(9), Some(7), Some(5)], false),
            (vec![Some(9), Some(7), Some(6)], false),
            // In another order, or without times, nothing follows from a page.
            (vec![Some(4), Some(9), Some(3)], false),
            (vec![Some(9), None, Some(4)], false),
            (vec![], false),
        ] {
            let time = |second: &Option<u32>| second.map(|s| format!("2026-01-01T00:00:{s:02}Z"));
            let page: Vec<Value> = closed.iter().map(|second| json!({"closed_at": time(second)})).collect();
            assert_eq!(ends_before(&page, until), expected, "{closed:?}");
        }
    }
}
