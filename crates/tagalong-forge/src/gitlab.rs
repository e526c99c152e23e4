//! GitLab: `/api/v4`, where a pull request is a merge request and a repository a project, named by its whole path.

use crate::{
    address::Address,
    api::{Answer, Api, Fields, Listing, authorization, part},
    error::{ErrorKind, ForgeError, Result},
    forge::{Forge, Way},
    github_app::Credentials,
    pull_request::{AutoMerge, Closer, LastCommit, Merge, NewPullRequest, PullRequest, State},
};
use futures::{FutureExt as _, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

/// What marks a draft.
const DRAFT: &str = "Draft: ";

/// A pipeline is made moments after the commit that it is for: one that is not there by then does not come.
const PIPELINE: SignedDuration = SignedDuration::from_mins(1);

/// One project of a GitLab.
pub(crate) struct GitLab {
    api: Api,
    who: HeaderValue,
    /// `/projects/GROUP%2FNAME`.
    project: String,
}

impl GitLab {
    pub(crate) fn new(address: &Address, way: Way) -> Result<Self> {
        Ok(Self {
            who: match &way.credentials {
                Credentials::Token(token) => authorization("Bearer", token)?,
                Credentials::App(_) => return Err(ForgeError::only_github()),
            },
            project: format!("/projects/{}", part(&address.path.join("/"))),
            api: Api {
                client: way.client,
                base: format!("{}/api/v4", address.origin),
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
        let path = format!("{}{path}", self.project);
        self.api.ask(&self.who, method, &path, body.as_ref(), also).await
    }

    async fn list(&self, query: &str, one_page: bool) -> Result<Vec<PullRequest>> {
        let path = format!("{}/merge_requests?scope=all&per_page=100&{query}", self.project);
        self.api.pages(&self.who, &Listing { path: &path, linked: true }, read, |_| one_page).await
    }

    async fn closed(&self, branches: &[String], base: &str) -> Result<Vec<PullRequest>> {
        let mut found = Vec::new();
        for branch in branches {
            let (source, target) = (part(branch), part(base));
            let query = format!(
                "state=all&order_by=updated_at&sort=desc&source_branch={source}&target_branch={target}"
            );
            let of_branch = self.list(&query, false).await?;
            found.extend(of_branch.into_iter().filter(|pull| pull.state != State::Open));
        }
        Ok(found)
    }

    /// The ids of accounts by name; who is not there, or cannot be looked up, is said.
    async fn ids(&self, names: &[String], what: &str, failed: &mut Vec<String>) -> Vec<u64> {
        let mut ids = Vec::new();
        for name in names {
            let path = format!("/users?username={}", part(name));
            match self.api.ask(&self.who, Method::GET, &path, None, &[]).await {
                Ok(found) => match found.body.number("/0/id") {
                    Some(id) => ids.push(id),
                    None => failed.push(format!("{what} {name} is not known to {}", self.api.host)),
                },
                Err(error) => failed.push(format!("{what} {name} was not looked up: {error}")),
            }
        }
        ids
    }

    async fn create(&self, new: &NewPullRequest) -> Result<(PullRequest, Vec<String>)> {
        let mut failed = Vec::new();
        let reviewers = self.ids(&new.reviewers, "reviewer", &mut failed).await;
        let assignees = self.ids(&new.assignees, "assignee", &mut failed).await;
        let body = json!({
            "source_branch": new.branch, "target_branch": new.base, "title": titled(&new.title, new.draft),
            "description": new.body, "labels": new.labels.join(","), "reviewer_ids": reviewers,
            "assignee_ids": assignees,
        });
        let answer = self.ask(Method::POST, "/merge_requests", Some(body), &[409]).await?;
        if answer.status == 409 {
            let (source, target) = (part(&new.branch), part(&new.base));
            let query = format!("state=opened&source_branch={source}&target_branch={target}");
            let existing = self.list(&query, true).await?.into_iter().next();
            let refused = || {
                let message = format!("{} refuses a merge request of {} (409)", self.api.host, new.branch);
                ForgeError::new(ErrorKind::Refused, message)
            };
            return Ok((existing.ok_or_else(refused)?, Vec::new()));
        }
        let pull =
            read(&answer.body).ok_or_else(|| ForgeError::protocol(&self.api.host, "a merge request"))?;
        Ok((pull, failed))
    }

    async fn edit(&self, pull: &PullRequest, change: Value) -> Result<()> {
        self.ask(Method::PUT, &format!("/merge_requests/{}", pull.number), Some(change), &[]).await.map(drop)
    }

    async fn closed_by(&self, number: u64) -> Result<Closer> {
        let found = self.ask(Method::GET, &format!("/merge_requests/{number}"), None, &[]).await?.body;
        let name = found.text("/closed_by/username");
        Ok(match name.as_str() {
            "" => Closer::Unknown,
            name if is_bot(name) => Closer::Bot(name.to_owned()),
            _ => Closer::Person(name),
        })
    }

    async fn last_commit(&self, pull: &PullRequest) -> Result<Option<LastCommit>> {
        let path = format!("/repository/commits/{}", part(&pull.head));
        let answer = self.ask(Method::GET, &path, None, &[404]).await?;
        let message = answer.body.text("/message");
        Ok((answer.status == 200).then(|| LastCommit { id: pull.head.clone(), message }))
    }

    async fn merge_when_ready(&self, pull: &PullRequest, how: Merge) -> Result<AutoMerge> {
        // The first word is that of 17.11 and later, the second that of all before. Whether a merge is a merge commit or
        // goes on top of the base is the project's own choice.
        let wish = json!({
            "auto_merge": true, "merge_when_pipeline_succeeds": true, "squash": how == Merge::Squash,
            "sha": pull.head,
        });
        match self.merge(pull, wish).await? {
            405 => {}
            status => return Ok(answered(status)),
        }
        // So it answers as well where no pipeline is there to wait for.
        let found = self.ask(Method::GET, &format!("/merge_requests/{}", pull.number), None, &[]).await?.body;
        let has_pipeline = found.pointer("/head_pipeline").is_some_and(|pipeline| !pipeline.is_null());
        match found.text("/detailed_merge_status").as_str() {
            "mergeable" if has_pipeline => Ok(AutoMerge::NotYet),
            "mergeable"
                if found.time("/updated_at").is_none_or(|time| time > Timestamp::now() - PIPELINE) =>
            {
                let why = "no pipeline runs for it; without one it is merged at a later turn".to_owned();
                Ok(AutoMerge::Refused(why))
            }
            "mergeable" => {
                let now = json!({"squash": how == Merge::Squash, "sha": pull.head});
                Ok(answered(self.merge(pull, now).await?))
            }
            "" | "checking" | "unchecked" | "preparing" | "approvals_syncing" => Ok(AutoMerge::NotYet),
            status => {
                let word = |c: char| c.is_ascii_lowercase() || c == '_';
                let status: String = status.chars().filter(|c| word(*c)).take(50).collect();
                Ok(AutoMerge::Refused(format!("{} does not take it yet: {status}", self.api.host)))
            }
        }
    }

    /// The status that a wish to merge is answered with.
    async fn merge(&self, pull: &PullRequest, wish: Value) -> Result<u16> {
        let path = format!("/merge_requests/{}/merge", pull.number);
        let answer = self.ask(Method::PUT, &path, Some(wish), &[401, 405, 406, 409, 422]).await?;
        if answer.status == 401 {
            // What GitLab says where the token is known and its role may not merge.
            let message = format!("{}: the token may not merge (401); see what role it needs", self.api.host);
            return Err(ForgeError::new(ErrorKind::Forbidden, message));
        }
        Ok(answer.status)
    }
}

fn answered(status: u16) -> AutoMerge {
    if status == 200 { AutoMerge::Taken } else { AutoMerge::NotYet }
}

impl Forge for GitLab {
    fn open(&self) -> BoxFuture<'_, Result<Vec<PullRequest>>> {
        self.list("state=opened", false).boxed()
    }

    fn closed<'a>(
        &'a self,
        branches: &'a [String],
        base: &'a str,
    ) -> BoxFuture<'a, Result<Vec<PullRequest>>> {
        self.closed(branches, base).boxed()
    }

    fn opened_since(&self, since: Timestamp) -> BoxFuture<'_, Result<Vec<PullRequest>>> {
        async move { self.list(&format!("state=all&created_after={}", part(&since.to_string())), false).await }
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
        self.edit(pull, json!({"title": titled(title, pull.draft), "description": body})).boxed()
    }

    fn comment<'a>(&'a self, pull: &'a PullRequest, text: &'a str) -> BoxFuture<'a, Result<()>> {
        async move {
            let path = format!("/merge_requests/{}/notes", pull.number);
            self.ask(Method::POST, &path, Some(json!({"body": text})), &[]).await.map(drop)
        }
        .boxed()
    }

    fn close<'a>(&'a self, pull: &'a PullRequest) -> BoxFuture<'a, Result<()>> {
        self.edit(pull, json!({"state_event": "close"})).boxed()
    }

    fn merge_when_ready<'a>(&'a self, pull: &'a PullRequest, how: Merge) -> BoxFuture<'a, Result<AutoMerge>> {
        self.merge_when_ready(pull, how).boxed()
    }
}

fn titled(title: &str, draft: bool) -> String {
    if draft { format!("{DRAFT}{title}") } else { title.to_owned() }
}

/// The accounts that GitLab makes for access tokens of projects and groups: `project_12_bot_3af…`.
fn is_bot(name: &str) -> bool {
    let rest = name.strip_prefix("project_").or_else(|| name.strip_prefix("group_"));
    rest.and_then(|rest| rest.split_once('_')).is_some_and(|(number, rest)| {
        number.parse::<u64>().is_ok() && (rest == "bot" || rest.starts_with("bot_"))
    })
}

/// A merge request of a branch of the project itself.
fn read(pull: &Value) -> Option<PullRequest> {
    if pull.number("/source_project_id") != pull.number("/target_project_id") {
        return None;
    }
    let state = match pull.text("/state").as_str() {
        "merged" => State::Merged,
        "closed" => State::Closed,
        _ => State::Open,
    };
    let flag = |pointer: &str| pull.pointer(pointer).and_then(Value::as_bool);
    let title = pull.text("/title");
    Some(PullRequest {
        number: pull.number("/iid")?,
        id: pull.number("/id")?.to_string(),
        url: pull.text("/web_url"),
        branch: pull.text("/source_branch"),
        base: pull.text("/target_branch"),
        head: pull.text("/sha"),
        title: title.strip_prefix(DRAFT).unwrap_or(&title).to_owned(),
        body: pull.text("/description"),
        state,
        draft: flag("/draft").unwrap_or_default(),
        auto_merge: flag("/merge_when_pipeline_succeeds"),
        opened: pull.time("/created_at")?,
        updated: pull.time("/updated_at")?,
        closed: pull.time("/closed_at"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_access_tokens_are_bots() {
        for (name, expected) in [
            ("project_12_bot_3af", true),
            ("group_7_bot", true),
            ("project_12_bottom", false),
            ("project_bot", false),
            ("ada", false),
        ] {
            assert_eq!(is_bot(name), expected, "{name}");
        }
    }
}
