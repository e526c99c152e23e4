//! `ImageUpdateAutomation`: where the decisions of policies are written, and how they are committed and pushed.

use super::pull_request::{PullRequestSpec, PullRequestStatus};
use super::{DURATION_PATTERN, LocalReference};
use crate::{GitRepositoryRef, ImageReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Which repository is updated, how it is searched, and how changes are committed and pushed.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "image.toolkit.fluxcd.io",
    version = "v1",
    kind = "ImageUpdateAutomation",
    plural = "imageupdateautomations",
    namespaced,
    status = "ImageUpdateAutomationStatus",
    derive = "PartialEq",
    doc = "ImageUpdateAutomation writes the latest images into the marked fields of a Git repository.",
    shortname = "iua",
    shortname = "imgupd",
    shortname = "imgauto",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-images",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message"
    ),
    printcolumn(
        name = "Last run",
        type_ = "string",
        json_path = ".status.lastAutomationRunTime",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ImageUpdateAutomationSpec {
    /// The Git repository that is updated.
    pub source_ref: SourceReference,
    /// How it is checked out, committed to and pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSpec>,
    /// How long to wait between two runs at most. A changed policy starts one at once.
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: String,
    /// Which policies of this namespace take part, by their labels. Without it all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_selector: Option<LabelSelector>,
    /// How and where files are updated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = {"strategy": "Setters"}))]
    pub update: Option<UpdateStrategy>,
    /// Extension: what a revert means to this automation, and when it makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackSpec>,
    /// Extension: when commits may be made. Outside of these windows nothing is written. Without it they always may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<WindowSpec>,
    /// Extension: how much may be committed at once, and how often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsSpec>,
    /// Stops this automation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
}

/// How much may be committed at once, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitsSpec {
    /// Extension: the most fields that one run may change. What is above is held until somebody allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub changes: Option<i32>,
    /// Extension: lets one set of changes go that is above `changes`: the word that the condition Ready names for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
    /// Extension: the most commits that are made within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub commits_per_hour: Option<i32>,
    /// Extension: how long no new tag must have come before what has come is committed, such as 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub quiet_period: Option<String>,
}

/// A window that opens again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowSpec {
    /// When it opens: a cron expression of five fields, such as `0 10 * * 1-5`.
    pub cron: String,
    /// The time zone of the expression, such as Europe/Paris. Defaults to UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How long it is open, such as 2h.
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub window: String,
}

/// The source that is updated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct SourceReference {
    /// API version of the referent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the referent.
    #[serde(default = "git_repository")]
    #[schemars(extend("enum" = ["GitRepository"]))]
    pub kind: String,
    /// Name of the referent.
    pub name: String,
    /// Namespace of the referent; this object's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

fn git_repository() -> String {
    "GitRepository".to_owned()
}

impl fmt::Display for SourceReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

/// Checkout, commit and push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitSpec {
    /// What is checked out. Defaults to the ref of the GitRepository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<GitCheckout>,
    /// How changes are committed.
    pub commit: CommitSpec,
    /// Where commits are pushed. Defaults to the branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<PushSpec>,
    /// Extension: opens pull requests instead of pushing to the branch that was checked out. Their branches are those
    /// below push.branch, or tagalong/NAMESPACE/NAME.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestSpec>,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitCheckout {
    /// The branch, tag, range of tags, reference or commit.
    #[serde(rename = "ref")]
    pub reference: GitRepositoryRef,
}

/// Author, signature and message of commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitSpec {
    /// Author and committer of the commits.
    pub author: CommitUser,
    /// The key that commits are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<SigningKey>,
    /// The commit message as a Go text/template. The fields Updated and Changed.ImageResult were removed from Flux's
    /// API; use Changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_template: Option<String>,
    /// What the template finds under Values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_template_values: Option<BTreeMap<String, String>>,
}

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommitUser {
    /// Name of the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Email address of the author.
    pub email: String,
}

/// A signing key in a Secret of the automation's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// The Secret. For gpg: git.asc and optionally passphrase. For ssh: identity and optionally password.
    pub secret_ref: LocalReference,
    /// The kind of the key. Defaults to gpg.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["gpg", "ssh"]))]
    pub kind: Option<String>,
}

/// Where commits are pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushSpec {
    /// The branch to push to; made from what was checked out where it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A refspec `source:destination` of full names that is pushed as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refspec: Option<String>,
    /// Push options, as `git push --push-option key=value` sends them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
}

/// How and where files are updated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateStrategy {
    /// The only strategy: fields are marked by a comment. Defaults to Setters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Setters"], "default" = "Setters"))]
    pub strategy: Option<String>,
    /// The folder of the repository that is searched. Defaults to all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Extension: globs, relative to path, of files that are searched line by line instead of as YAML, such as
    /// `**/Dockerfile`, `*.tf` or `charts/*/templates/*.yaml`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub line_files: Vec<String>,
}

/// What a revert means, and when one is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackSpec {
    /// Extension: Pin holds a field from which somebody took a tag away until a higher tag comes; Ignore writes the tag
    /// again. Without it Pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Pin", "Ignore"]))]
    pub on_revert: Option<String>,
    /// Extension: Revert takes a commit of this automation back when a Kustomization does not become healthy with it;
    /// Ignore leaves that to people. Without it Ignore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Revert", "Ignore"]))]
    pub on_unhealthy: Option<String>,
    /// Extension: Keep lets what became unhealthy be taken back only within the windows of the schedule; Ignore at any
    /// time. Without it Ignore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Ignore", "Keep"]))]
    pub schedule: Option<String>,
}

/// A field that is held because somebody took a tag away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PinStatus {
    /// The file in the Git repository.
    pub file: String,
    /// The line of the field.
    #[schemars(with = "i32")]
    pub line: u32,
    /// The policy that would write it, as namespace/name.
    pub policy: String,
    /// The tag or digest that was taken away.
    pub refused: String,
    /// The commit that did.
    pub commit: String,
    /// Who wrote that commit.
    pub author: String,
    /// When it was written.
    pub date: Time,
    /// The first line of its message.
    pub subject: String,
}

/// What was last written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageUpdateAutomationStatus {
    /// When this automation last ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_automation_run_time: Option<Time>,
    /// The last commit that was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_push_commit: Option<String>,
    /// When it was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_push_time: Option<Time>,
    /// The generation that last ended Ready or Stalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, and Reconciling or Stalled while they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The policies that took part in the last run, by name, with their images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_policies: Option<BTreeMap<String, ImageReference>>,
    /// The revision of the source that the last run saw, such as main@sha1:0123….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_source_revision: Option<String>,
    /// The last value of the reconcile.fluxcd.io/requestedAt annotation that was acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Extension: the fields that are held because somebody took a tag away; the first 100 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<PinStatus>,
    /// Extension: the pull requests that stand, and what waits for one; the first 100 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pull_requests: Vec<PullRequestStatus>,
}
