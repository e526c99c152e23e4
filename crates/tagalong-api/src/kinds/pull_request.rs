//! `spec.git.pullRequest` and `status.pullRequests` of an ImageUpdateAutomation: changes that wait for a person.

use super::LocalReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pull requests instead of pushes to the branch that was checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestSpec {
    /// What kind of host the repository is on. Told by the host's name where that holds one of these words, and for
    /// the public hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["github", "gitlab", "gitea", "forgejo"]))]
    pub provider: Option<String>,
    /// The host's address, such as `https://git.example.com`, where it is not that of the GitRepository's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^https?://"))]
    pub url: Option<String>,
    /// A Secret of this namespace with the host's token under token, or with a GitHub App under githubAppID,
    /// githubAppInstallationID and githubAppPrivateKey. Without it what the GitRepository's Secret holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// One pull request for each policy, or one for all of them. Defaults to Policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Policy", "Automation"]))]
    pub group_by: Option<String>,
    /// The title as a Go text/template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text below it, in Markdown, as a Go text/template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Labels that a new one gets; made where they are not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Accounts that are asked to review a new one; org/team is a team, where the host has those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<String>,
    /// Accounts that a new one is assigned to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
    /// Whether new ones are drafts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<bool>,
    /// Has the host merge them when their checks pass, and how. Defaults to None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["None", "Merge", "Squash", "Rebase"]))]
    pub auto_merge: Option<String>,
    /// How many there may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PullRequestLimits>,
}

/// How many pull requests there may be. Above that a change waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestLimits {
    /// Open at a time. Defaults to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub open: Option<i32>,
    /// Opened within an hour. Without it as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub per_hour: Option<i32>,
}

/// A pull request that stands, or a change that waits for one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestStatus {
    /// Its branch.
    pub branch: String,
    /// What it is at: Open, LeftAlone because somebody pushed to its branch, Waiting because of a limit, or Failed
    /// because the host or Git's server will not have it.
    pub state: String,
    /// The policies whose tags it brings, as namespace/name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// Where to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The commit at the tip of its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What else there is to say, such as a reviewer whom the host does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
