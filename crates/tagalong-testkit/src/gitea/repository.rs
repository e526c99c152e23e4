//! A repository of the test bed's Gitea, and what people do to it and to its pull requests.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use serde_json::{Value, json};

use super::Gitea;

/// An account with a token.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub token: String,
}

/// A repository with its owner, and a bot that may write to it.
#[derive(Debug)]
pub struct Repository<'a> {
    pub(super) gitea: &'a Gitea,
    pub(super) owner: User,
    pub(super) bot: User,
}

impl Repository<'_> {
    /// A person.
    pub const fn owner(&self) -> &User {
        &self.owner
    }

    /// The bot, whose token has the scopes that the documentation names.
    pub const fn bot(&self) -> &User {
        &self.bot
    }

    /// Where Git finds it.
    pub fn url(&self) -> String {
        format!("{}/{}/fleet.git", self.gitea.url(), self.owner.name)
    }

    /// One request below the repository, as the owner.
    ///
    /// # Errors
    /// When there is no answer, or another than 200, 201 or 204.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let path = format!("/api/v1/repos/{}/fleet{path}", self.owner.name);
        let answer = self.gitea.ask(method, &path, Some(&self.owner.token), body)?;
        let status = if matches!(answer.status, 200 | 201 | 204) { answer.status } else { 200 };
        answer.expect(status).with_context(|| format!("{method} {path}"))
    }

    /// Writes a file on a branch as the owner; the new commit.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn commit(&self, branch: &str, path: &str, content: &[u8]) -> Result<String> {
        let before = self.ask("GET", &format!("/contents/{path}?ref={branch}"), None).ok();
        let content = base64::engine::general_purpose::STANDARD.encode(content);
        let mut body = json!({"content": content, "branch": branch, "message": "A person's commit"});
        let sha = before.as_ref().and_then(|file| file.get("sha")).cloned();
        let method = if sha.is_some() { "PUT" } else { "POST" };
        if let (Some(sha), Some(body)) = (sha, body.as_object_mut()) {
            body.insert("sha".to_owned(), sha);
        }
        let answer = self.ask(method, &format!("/contents/{path}"), Some(&body))?;
        Ok(answer.pointer("/commit/sha").and_then(Value::as_str).context("no commit")?.to_owned())
    }

    /// A file on a branch.
    ///
    /// # Errors
    /// When it is not there.
    pub fn read(&self, branch: &str, path: &str) -> Result<String> {
        let file = self.ask("GET", &format!("/contents/{path}?ref={branch}"), None)?;
        let content = file.get("content").and_then(Value::as_str).context("no file")?;
        Ok(String::from_utf8(base64::engine::general_purpose::STANDARD.decode(content)?)?)
    }

    /// The tip of a branch, where it is there.
    pub fn tip(&self, branch: &str) -> Option<String> {
        let branch = self.ask("GET", &format!("/branches/{branch}"), None).ok()?;
        Some(branch.pointer("/commit/id")?.as_str()?.to_owned())
    }

    /// The pull requests in a state: `open`, `closed` or `all`; oldest first.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn pulls(&self, state: &str) -> Result<Vec<Value>> {
        let found = self.ask("GET", &format!("/pulls?state={state}&sort=oldest"), None)?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }

    /// Merges a pull request as the owner: `merge`, `squash` or `rebase`.
    ///
    /// # Errors
    /// When the server refuses for longer than it takes to look for conflicts.
    pub fn merge(&self, number: u64, how: &str) -> Result<()> {
        let path = format!("/pulls/{number}/merge");
        let mut tries = 0;
        loop {
            // Whether it can be merged is found out in the background; until then the answer is 405.
            match self.ask("POST", &path, Some(&json!({"Do": how}))) {
                Ok(_) => return Ok(()),
                Err(error) if tries >= 500 => return Err(error),
                Err(_not_yet) => tries += 1,
            }
            std::thread::sleep(super::PAUSE);
        }
    }

    /// Closes or reopens a pull request as the owner.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn set_state(&self, number: u64, state: &str) -> Result<()> {
        self.ask("PATCH", &format!("/pulls/{number}"), Some(&json!({"state": state}))).map(drop)
    }

    /// What was said below a pull request, oldest first.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn comments(&self, number: u64) -> Result<Vec<String>> {
        let found = self.ask("GET", &format!("/issues/{number}/comments"), None)?;
        let body = |comment: &Value| Some(comment.get("body")?.as_str()?.to_owned());
        Ok(found.as_array().into_iter().flatten().filter_map(body).collect())
    }
}
