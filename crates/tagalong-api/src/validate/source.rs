//! `GitRepository`: address, reference, times.

use super::{GitRef, Invalid, field, gitref};
use crate::{GitRepository, GitRepositorySpec, GitRepositoryVerification, Reason};
use std::time::Duration;
use tagalong_model::{ObjectKey, RepoPath};

/// How long one Git operation may take where nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// A GitRepository that can be fetched from and pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidSource {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The address: `http(s)://`, `ssh://`, `file://`, `[user@]host:path`, or a local path.
    pub url: String,
    /// The Secret with credentials, in the GitRepository's namespace.
    pub secret: Option<String>,
    /// Whether that Secret holds a GitHub App (`provider: github`).
    pub github_app: bool,
    /// The Secret with the proxy, in the GitRepository's namespace.
    pub proxy_secret: Option<String>,
    /// The time that one Git operation may take.
    pub timeout: Duration,
    /// The time between two looks at the remote.
    pub interval: Duration,
    /// What is followed; `None` is Flux's default, the branch `master`.
    pub reference: Option<GitRef>,
    /// Whether the source is stopped.
    pub suspend: bool,
}

/// A GitRepository whose files are archived and served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidArtifact {
    /// What is fetched.
    pub source: ValidSource,
    /// What is left out, as lines of `.gitignore`.
    pub ignore: Option<String>,
    /// The folders that are archived; all where there are none.
    pub folders: Vec<RepoPath>,
    /// Which signatures are demanded.
    pub verify: Option<Verify>,
}

/// Which signatures are demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verify {
    /// On which objects.
    pub mode: VerifyMode,
    /// The Secret with the public keys, in the GitRepository's namespace.
    pub secret: String,
}

/// What has to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyMode {
    /// The commit.
    Head,
    /// The tag.
    Tag,
    /// Both.
    TagAndHead,
}

impl VerifyMode {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "HEAD",
            Self::Tag => "Tag",
            Self::TagAndHead => "TagAndHEAD",
        }
    }

    /// Whether the commit has to be signed.
    pub const fn wants_commit(self) -> bool {
        matches!(self, Self::Head | Self::TagAndHead)
    }

    /// Whether the tag has to be signed.
    pub const fn wants_tag(self) -> bool {
        matches!(self, Self::Tag | Self::TagAndHead)
    }
}

/// Checks a GitRepository that is served.
///
/// # Errors
/// As [`git_repository`]; and `FeatureGateDisabled` for `include` and `recurseSubmodules`, `InvalidPath` for a folder
/// outside of the repository.
pub fn artifact(object: &GitRepository) -> Result<ValidArtifact, Invalid> {
    let source = git_repository(object)?;
    let spec = &object.spec;
    let unserved = |field: &str, what: &str| {
        let message = format!(
            "{field}: {what} is not supported yet; remove the field, or leave this object to Flux's source-controller"
        );
        Invalid::stalled(Reason::FeatureGateDisabled, field, message)
    };
    if spec.include.as_ref().is_some_and(|include| !include.is_empty()) {
        return Err(unserved(".spec.include", "including other artifacts"));
    }
    if spec.recurse_submodules == Some(true) {
        return Err(unserved(".spec.recurseSubmodules", "fetching submodules"));
    }
    let folders = spec.sparse_checkout.iter().flatten().enumerate().map(|(at, text)| {
        let field = format!(".spec.sparseCheckout[{at}]");
        RepoPath::folder(text).map_err(|error| {
            Invalid::stalled(Reason::InvalidPath, field.clone(), format!("{field}: {error}"))
        })
    });
    let folders: Vec<Option<RepoPath>> = folders.collect::<Result<_, _>>()?;
    // The root holds all the others.
    let all = folders.contains(&None);
    let verify = match &spec.verify {
        None => None,
        Some(verify) => Some(demanded(verify)?),
    };
    let folders = if all { Vec::new() } else { folders.into_iter().flatten().collect() };
    Ok(ValidArtifact { source, ignore: spec.ignore.clone(), folders, verify })
}

fn demanded(verify: &GitRepositoryVerification) -> Result<Verify, Invalid> {
    let mode = match verify.mode.as_deref() {
        None | Some("" | "HEAD" | "head") => VerifyMode::Head,
        Some("Tag") => VerifyMode::Tag,
        Some("TagAndHEAD") => VerifyMode::TagAndHead,
        Some(_) => {
            return Err(Invalid::stalled(
                Reason::InvalidVerificationMode,
                ".spec.verify.mode",
                ".spec.verify.mode: must be HEAD, Tag or TagAndHEAD",
            ));
        }
    };
    Ok(Verify { mode, secret: verify.secret_ref.name.clone() })
}

/// Checks a GitRepository.
///
/// # Errors
/// [`Invalid`] with `URLInvalid`, `InvalidProviderConfiguration`, `InvalidSourceConfiguration` for a bad `ref`, or
/// `IntervalNotConfigured`.
pub fn git_repository(object: &GitRepository) -> Result<ValidSource, Invalid> {
    let spec = &object.spec;
    check_url(&spec.url)?;
    let github_app = github_app(spec)?;
    if spec.service_account_name.as_ref().is_some_and(|name| !name.is_empty()) {
        return Err(Invalid::stalled(
            Reason::InvalidProviderConfiguration,
            ".spec.serviceAccountName",
            "serviceAccountName can only be set when provider is 'azure' or 'aws'",
        ));
    }
    Ok(ValidSource {
        key: field::key(&object.metadata),
        url: spec.url.clone(),
        secret: field::name(spec.secret_ref.as_ref()),
        github_app,
        proxy_secret: field::name(spec.proxy_secret_ref.as_ref()),
        timeout: field::timeout(".spec.timeout", spec.timeout.as_deref(), DEFAULT_TIMEOUT)?,
        interval: field::interval(".spec.interval", &spec.interval)?,
        reference: spec
            .reference
            .as_ref()
            .map_or(Ok(None), |reference| gitref::git_ref(".spec.ref", reference))?,
        suspend: spec.suspend.unwrap_or_default(),
    })
}

/// Whether Git goes by a GitHub App; of the other providers only `generic` is supported.
fn github_app(spec: &GitRepositorySpec) -> Result<bool, Invalid> {
    if spec.provider.as_deref() != Some("github") {
        return field::generic_provider(spec.provider.as_deref()).map(|()| false);
    }
    let bad = |why: &str| {
        let message = format!(".spec.provider: 'github' {why}");
        Err(Invalid::stalled(Reason::InvalidProviderConfiguration, ".spec.provider", message))
    };
    if spec.secret_ref.is_none() {
        return bad("needs a secretRef with githubAppID, githubAppInstallationID and githubAppPrivateKey");
    }
    if !spec.url.starts_with("https://") && !spec.url.starts_with("http://") {
        return bad("goes with https; a GitHub App has no ssh key");
    }
    Ok(true)
}

/// The schemes that are spoken; everything without one is `host:path` or a local path. Messages never repeat the
/// address, which may hold a password.
fn check_url(url: &str) -> Result<(), Invalid> {
    let bad = |why: &str| Err(Invalid::stalled(Reason::URLInvalid, ".spec.url", format!(".spec.url: {why}")));
    if url.is_empty() || url.starts_with('-') || url.chars().any(|c| c.is_control() || c == ' ') {
        return bad("must not be empty, begin with '-' or contain spaces");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let helper =
            url.split_once("::").is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric()));
        return if helper { bad("remote helpers such as ext:: are not supported") } else { Ok(()) };
    };
    if !matches!(scheme, "http" | "https" | "ssh" | "file") {
        return bad(
            "must begin with https://, http://, ssh:// or file://, or be git@host:path or a local path",
        );
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let embedded = user.is_some_and(|user| scheme != "ssh" || user.contains(':'));
    if embedded {
        return bad("holds credentials; put them into a Secret and name it in secretRef");
    }
    if scheme != "file" && (host.is_empty() || host.starts_with('-')) {
        return bad("names no host");
    }
    Ok(())
}
