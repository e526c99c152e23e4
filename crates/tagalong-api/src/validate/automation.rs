//! `ImageUpdateAutomation`: source, checkout, author, message, push, selector.

use super::pull_request::{ValidPullRequest, pull_request};
use super::{GitRef, Invalid, Limits, Refspec, Schedule, Selector, field, gitref, refspec};
use crate::{
    CommitSpec, GitSpec, ImageUpdateAutomation, PushSpec, Reason, RollbackSpec, SigningKey, UpdateStrategy,
};
use globset::Glob;
use std::{collections::BTreeMap, time::Duration};
use tagalong_model::{ObjectKey, RepoPath};
use tagalong_template::Template;

/// An ImageUpdateAutomation that can be run.
#[derive(Debug, Clone)]
pub struct ValidAutomation {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The GitRepository.
    pub source: ObjectKey,
    /// Which policies of the namespace take part.
    pub selector: Selector,
    /// The time between two runs at most.
    pub interval: Duration,
    /// The folder that is searched; `None` is all of the repository.
    pub folder: Option<RepoPath>,
    /// Globs, relative to the folder, of files in line mode (RULES 27).
    pub line_files: Vec<String>,
    /// What is checked out; `None` is the GitRepository's own reference.
    pub checkout: Option<GitRef>,
    /// Author and committer.
    pub author: Author,
    /// The signing key.
    pub signing: Option<Signing>,
    /// The commit message; `None` is the default one.
    pub message: Option<Template>,
    /// What the message finds under `.Values`.
    pub values: BTreeMap<String, String>,
    /// Where commits go.
    pub push: Push,
    /// How changes become pull requests; `None` pushes them.
    pub pull_request: Option<ValidPullRequest>,
    /// What a revert means.
    pub on_revert: OnRevert,
    /// What becomes of a commit with which something is not healthy.
    pub on_unhealthy: OnUnhealthy,
    /// When commits may be made.
    pub schedule: Schedule,
    /// How much may be committed at once, and how often.
    pub limits: Limits,
    /// Whether the automation is stopped.
    pub suspend: bool,
}

/// What a revert means (RULES 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRevert {
    /// The tag that was taken away is not written again, nor one below it.
    #[default]
    Pin,
    /// Nothing.
    Ignore,
}

/// What becomes of a commit with which something does not become healthy (RULES 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnhealthy {
    /// Nothing.
    #[default]
    Ignore,
    /// It is taken back at once.
    Revert,
    /// It is taken back while a window of the schedule is open.
    RevertInWindow,
}

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name; may be empty.
    pub name: String,
    /// The email address.
    pub email: String,
}

/// With what commits are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The format of the key.
    pub kind: SigningKind,
    /// The Secret, in the automation's namespace.
    pub secret: String,
}

/// The format of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKind {
    /// OpenPGP: `git.asc`, optionally `passphrase`.
    Gpg,
    /// SSH: `identity`, optionally `password`.
    Ssh,
}

/// Where commits go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Push {
    /// The branch, by its short name; `None` is the one that was checked out.
    pub branch: Option<String>,
    /// Pushed as well.
    pub refspec: Option<Refspec>,
    /// Push options.
    pub options: BTreeMap<String, String>,
}

/// Checks an ImageUpdateAutomation.
///
/// # Errors
/// [`Invalid`] with `InvalidSourceConfiguration`, `InvalidUpdateStrategy`, `InvalidPolicySelector`, `InvalidPath`,
/// `RemovedTemplateField`, `GitOperationFailed` for a template that does not parse, or `IntervalNotConfigured`.
pub fn automation(object: &ImageUpdateAutomation) -> Result<ValidAutomation, Invalid> {
    let spec = &object.spec;
    let key = field::key(&object.metadata);
    let git = git_spec(object)?;
    let (folder, line_files) = update(spec.update.as_ref())?;
    let checkout = git.checkout.as_ref().map(|checkout| &checkout.reference);
    Ok(ValidAutomation {
        source: field::referent(&key, spec.source_ref.namespace.as_deref(), &spec.source_ref.name),
        selector: spec.policy_selector.as_ref().map_or(Ok(Selector::default()), Selector::read)?,
        interval: field::interval(".spec.interval", &spec.interval)?,
        folder,
        line_files,
        checkout: checkout
            .map_or(Ok(None), |reference| gitref::git_ref(".spec.git.checkout.ref", reference))?,
        author: author(&git.commit)?,
        signing: git.commit.signing_key.as_ref().map(signing).transpose()?,
        message: message(&git.commit)?,
        values: git.commit.message_template_values.clone().unwrap_or_default(),
        push: git.push.as_ref().map_or(Ok(Push::default()), push)?,
        pull_request: pulls(git)?,
        on_revert: on_revert(spec.rollback.as_ref())?,
        on_unhealthy: on_unhealthy(spec.rollback.as_ref())?,
        schedule: Schedule::read(&spec.schedule)?,
        limits: spec.limits.as_ref().map_or(Ok(Limits::default()), Limits::read)?,
        suspend: spec.suspend.unwrap_or_default(),
        key,
    })
}

fn on_revert(rollback: Option<&RollbackSpec>) -> Result<OnRevert, Invalid> {
    match rollback.and_then(|rollback| rollback.on_revert.as_deref()) {
        None | Some("Pin") => Ok(OnRevert::Pin),
        Some("Ignore") => Ok(OnRevert::Ignore),
        Some(other) => Err(neither(".spec.rollback.onRevert", other, ["Pin", "Ignore"])),
    }
}

fn on_unhealthy(rollback: Option<&RollbackSpec>) -> Result<OnUnhealthy, Invalid> {
    let keeps = match rollback.and_then(|rollback| rollback.schedule.as_deref()) {
        None | Some("Ignore") => false,
        Some("Keep") => true,
        Some(other) => return Err(neither(".spec.rollback.schedule", other, ["Ignore", "Keep"])),
    };
    let word = rollback.and_then(|rollback| rollback.on_unhealthy.as_deref());
    if word == Some("Revert") && on_revert(rollback)? == OnRevert::Ignore {
        let field = ".spec.rollback.onUnhealthy";
        let message = format!(
            "{field}: Revert does not go with .spec.rollback.onRevert: Ignore; without the pin the tag that failed would be \
             written again at once"
        );
        return Err(Invalid::stalled(Reason::InvalidUpdateStrategy, field, message));
    }
    match word {
        None | Some("Ignore") => Ok(OnUnhealthy::Ignore),
        Some("Revert") if keeps => Ok(OnUnhealthy::RevertInWindow),
        Some("Revert") => Ok(OnUnhealthy::Revert),
        Some(other) => Err(neither(".spec.rollback.onUnhealthy", other, ["Revert", "Ignore"])),
    }
}

fn neither(field: &str, word: &str, [one, other]: [&str; 2]) -> Invalid {
    let message = format!("{field}: {} is neither {one} nor {other}", gitref::printable(word));
    Invalid::stalled(Reason::InvalidUpdateStrategy, field, message)
}

fn git_spec(object: &ImageUpdateAutomation) -> Result<&GitSpec, Invalid> {
    let kind = &object.spec.source_ref.kind;
    let bad = |field: &str, why: String| {
        Invalid::stalled(
            Reason::InvalidSourceConfiguration,
            field,
            format!("source kind '{kind}' {why}: invalid source configuration"),
        )
    };
    if kind != "GitRepository" {
        return Err(bad(".spec.sourceRef.kind", "not supported".to_owned()));
    }
    object.spec.git.as_ref().ok_or_else(|| bad(".spec.git", "necessitates field .spec.git".to_owned()))
}

fn update(update: Option<&UpdateStrategy>) -> Result<(Option<RepoPath>, Vec<String>), Invalid> {
    let Some(update) = update else { return Ok((None, Vec::new())) };
    let strategy = update.strategy.as_deref().unwrap_or("Setters");
    if strategy != "Setters" {
        let message = format!("unsupported update strategy: {}", gitref::printable(strategy));
        return Err(Invalid::stalled(Reason::InvalidUpdateStrategy, ".spec.update.strategy", message));
    }
    let folder = RepoPath::folder(update.path.as_deref().unwrap_or_default()).map_err(|error| {
        Invalid::stalled(Reason::InvalidPath, ".spec.update.path", format!(".spec.update.path: {error}"))
    })?;
    for (index, glob) in update.line_files.iter().enumerate() {
        Glob::new(glob).map_err(|error| {
            let field = format!(".spec.update.lineFiles[{index}]");
            Invalid::stalled(Reason::InvalidPath, field.clone(), format!("{field}: {error}"))
        })?;
    }
    Ok((folder, update.line_files.clone()))
}

fn author(commit: &CommitSpec) -> Result<Author, Invalid> {
    let name = commit.author.name.clone().unwrap_or_default();
    let email = commit.author.email.clone();
    let breaks = |text: &str| text.chars().any(|c| c.is_control() || c == '<' || c == '>');
    for (part, text) in [("name", &name), ("email", &email)] {
        if breaks(text) {
            let field = format!(".spec.git.commit.author.{part}");
            return Err(gitref::bad(&field, "must not contain '<', '>' or control characters"));
        }
    }
    if email.trim().is_empty() {
        return Err(gitref::bad(".spec.git.commit.author.email", "must not be empty"));
    }
    Ok(Author { name, email })
}

fn signing(key: &SigningKey) -> Result<Signing, Invalid> {
    let kind = match key.kind.as_deref() {
        None | Some("" | "gpg") => SigningKind::Gpg,
        Some("ssh") => SigningKind::Ssh,
        Some(other) => {
            let why = format!("'{}' is no type of signing key; use gpg or ssh", gitref::printable(other));
            return Err(gitref::bad(".spec.git.commit.signingKey.type", &why));
        }
    };
    Ok(Signing { kind, secret: key.secret_ref.name.clone() })
}

fn message(commit: &CommitSpec) -> Result<Option<Template>, Invalid> {
    const FIELD: &str = ".spec.git.commit.messageTemplate";
    const SEE: &str = "See: https://fluxcd.io/flux/components/image/imageupdateautomations/#message-template";
    let Some(text) = commit.message_template.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let template = Template::parse(text).map_err(|error| {
        let message =
            format!("failed to update source: unable to create commit message template from spec: {error}");
        Invalid::stalled(Reason::GitOperationFailed, FIELD, message)
    })?;
    for (path, instead) in [
        (&["Updated"][..], "'.Changed'"),
        (&["Changed", "ImageResult"], "'.Changed.FileChanges' or '.Changed.Objects'"),
    ] {
        if template.uses_field(path) {
            let removed = path.join(".");
            let message =
                format!("template uses removed '.{removed}' field. Please use {instead} instead. {SEE}");
            return Err(Invalid::stalled(Reason::RemovedTemplateField, FIELD, message));
        }
    }
    Ok(Some(template))
}

fn pulls(git: &GitSpec) -> Result<Option<ValidPullRequest>, Invalid> {
    let Some(spec) = &git.pull_request else { return Ok(None) };
    let refspec = git.push.as_ref().and_then(|push| push.refspec.as_deref());
    if refspec.is_some_and(|refspec| !refspec.is_empty()) {
        return Err(gitref::bad(".spec.git.push.refspec", "does not go with .spec.git.pullRequest"));
    }
    pull_request(spec).map(Some)
}

fn push(push: &PushSpec) -> Result<Push, Invalid> {
    let branch = push.branch.clone().filter(|branch| !branch.is_empty());
    if let Some(branch) = &branch {
        gitref::check_name(".spec.git.push.branch", branch)?;
    }
    let given = push.refspec.as_deref().filter(|text| !text.is_empty());
    let refspec = given.map(|text| refspec::refspec(".spec.git.push.refspec", text)).transpose()?;
    let options = push.options.clone().unwrap_or_default();
    for (key, value) in &options {
        if key.is_empty() || key.contains('=') || key.chars().chain(value.chars()).any(char::is_control) {
            let field = format!(".spec.git.push.options[{}]", gitref::printable(key));
            return Err(gitref::bad(
                &field,
                "a push option needs a name without '=', and no control characters",
            ));
        }
    }
    Ok(Push { branch, refspec, options })
}
