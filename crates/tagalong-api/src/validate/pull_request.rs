//! `spec.git.pullRequest`: host, grouping, texts, limits.

use super::{Invalid, gitref};
use crate::{PullRequestSpec, Reason};
use std::fmt;
use tagalong_forge::{Merge, Provider};
use tagalong_template::Template;

/// The most pull requests that are open at a time where nothing else is said.
const OPEN: u32 = 10;

/// How changes become pull requests.
#[derive(Debug, Clone)]
pub struct ValidPullRequest {
    /// What kind of host; `None` is by its name.
    pub provider: Option<Provider>,
    /// The host's address where it is not that of Git.
    pub url: Option<String>,
    /// The Secret with the token; `None` is what Git uses.
    pub secret: Option<String>,
    /// What goes into one of them.
    pub group_by: GroupBy,
    /// The title; `None` is the default one.
    pub title: Option<Template>,
    /// The text; `None` is the default one.
    pub body: Option<Template>,
    /// Labels of a new one.
    pub labels: Vec<String>,
    /// Who is asked to review a new one.
    pub reviewers: Vec<String>,
    /// Who a new one is assigned to.
    pub assignees: Vec<String>,
    /// Whether new ones are drafts.
    pub draft: bool,
    /// How the host merges them by itself.
    pub auto_merge: Option<Merge>,
    /// How many may be open.
    pub max_open: u32,
    /// How many may be opened within an hour.
    pub max_per_hour: Option<u32>,
}

/// What goes into one pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// What one policy decided.
    #[default]
    Policy,
    /// Everything.
    Automation,
}

pub(super) fn pull_request(spec: &PullRequestSpec) -> Result<ValidPullRequest, Invalid> {
    let field = |name: &str| format!(".spec.git.pullRequest.{name}");
    let url = spec.url.clone().filter(|url| !url.is_empty());
    if url.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Err(gitref::bad(&field("url"), "must begin with https:// or http://"));
    }
    for (name, texts) in
        [("labels", &spec.labels), ("reviewers", &spec.reviewers), ("assignees", &spec.assignees)]
    {
        if texts.iter().any(|text| text.trim().is_empty() || text.chars().any(char::is_control)) {
            return Err(gitref::bad(&field(name), "must hold names, none of them empty"));
        }
    }
    let limits = spec.limits.clone().unwrap_or_default();
    Ok(ValidPullRequest {
        provider: word(&field("provider"), spec.provider.as_deref(), &Provider::ALL, Provider::as_str)?,
        url,
        secret: spec.secret_ref.as_ref().map(|secret| secret.name.clone()),
        group_by: word(&field("groupBy"), spec.group_by.as_deref(), &GroupBy::ALL, GroupBy::as_str)?
            .unwrap_or_default(),
        title: template(&field("title"), spec.title.as_deref())?,
        body: template(&field("body"), spec.body.as_deref())?,
        labels: spec.labels.clone(),
        reviewers: spec.reviewers.clone(),
        assignees: spec.assignees.clone(),
        draft: spec.draft.unwrap_or_default(),
        auto_merge: match spec.auto_merge.as_deref() {
            None | Some("" | "None") => None,
            given => word(&field("autoMerge"), given, &MERGES, merge_word)?,
        },
        max_open: limit(&field("limits.open"), limits.open)?.unwrap_or(OPEN),
        max_per_hour: limit(&field("limits.perHour"), limits.per_hour)?,
    })
}

impl GroupBy {
    const ALL: [Self; 2] = [Self::Policy, Self::Automation];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "Policy",
            Self::Automation => "Automation",
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

const MERGES: [Merge; 3] = [Merge::Merge, Merge::Squash, Merge::Rebase];

fn merge_word(merge: Merge) -> &'static str {
    match merge {
        Merge::Merge => "Merge",
        Merge::Squash => "Squash",
        Merge::Rebase => "Rebase",
    }
}

fn word<T: Copy>(
    field: &str,
    given: Option<&str>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Invalid> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let found = all.iter().copied().find(|one| name(*one) == given);
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        gitref::bad(field, &format!("'{}' is none of {}", gitref::printable(given), words.join(", ")))
    })
}

fn limit(field: &str, given: Option<i32>) -> Result<Option<u32>, Invalid> {
    let Some(given) = given else { return Ok(None) };
    match u32::try_from(given) {
        Ok(limit) if limit > 0 => Ok(Some(limit)),
        _ => Err(gitref::bad(field, "must be 1 or more")),
    }
}

fn template(field: &str, text: Option<&str>) -> Result<Option<Template>, Invalid> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let template = Template::parse(text);
    template.map(Some).map_err(|error| {
        Invalid::stalled(Reason::InvalidSourceConfiguration, field, format!("{field}: {error}"))
    })
}
