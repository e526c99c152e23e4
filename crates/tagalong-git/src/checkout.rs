//! What to read from a remote, and which commit that is: commit, then name, semver, tag, branch (FLUX 1.4).

use crate::{
    error::{ErrorKind, GitError, Result, clean},
    repository::parse_commit,
    wire::RemoteRefs,
};
use gix::ObjectId;
use std::collections::BTreeMap;

/// A GitRepository's `ref`. The first of commit, name, semver, tag and branch that is set counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    /// A branch; `master` where nothing at all is set.
    pub branch: Option<String>,
    /// A tag.
    pub tag: Option<String>,
    /// A range over tag names.
    pub semver: Option<String>,
    /// A full ref name such as `refs/pull/7/head`.
    pub name: Option<String>,
    /// A commit of 40 hex digits; `branch`, when also set, names it in the revision.
    pub commit: Option<String>,
}

/// Chooses the index of the tag a semver range stands for, `None` where none fits, an error text where the range is
/// none. Tags come sorted by bytes.
pub type ChooseTag<'a> = dyn Fn(&str, &[&str]) -> std::result::Result<Option<usize>, String> + 'a;

/// Values of refs by full name, each 40 hex digits; a ref that is not there is missing.
pub type Tips = BTreeMap<String, String>;

/// A commit whose files are in the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// How Flux names it: branch, tag, or ref name; empty for a bare commit.
    pub revision_name: String,
    /// The full ref name that led to it; `None` for a commit.
    pub refname: Option<String>,
    /// The annotated tag that the ref names, 40 hex digits; it is in the mirror as well.
    pub tag: Option<String>,
    /// The values of the refs asked for beside it.
    pub tips: Tips,
}

impl Checkout {
    /// A branch.
    pub fn branch(name: &str) -> Self {
        Self { branch: Some(name.to_owned()), ..Self::default() }
    }

    fn target(&self) -> Target<'_> {
        match self {
            Self { commit: Some(commit), branch, .. } => {
                Target::Commit(commit, branch.as_deref().unwrap_or_default())
            }
            Self { name: Some(name), .. } => Target::Name(name),
            Self { semver: Some(range), .. } => Target::Semver(range),
            Self { tag: Some(tag), .. } => Target::Tag(tag),
            Self { branch, .. } => Target::Branch(branch.as_deref().unwrap_or("master")),
        }
    }
}

enum Target<'a> {
    Commit(&'a str, &'a str),
    Name(&'a str),
    Semver(&'a str),
    Tag(&'a str),
    Branch(&'a str),
}

impl Target<'_> {
    fn refname(&self) -> Option<String> {
        match self {
            Target::Commit(..) | Target::Semver(_) => None,
            Target::Name(name) => Some((*name).to_owned()),
            Target::Tag(tag) => Some(format!("refs/tags/{tag}")),
            Target::Branch(branch) => Some(format!("refs/heads/{branch}")),
        }
    }
}

/// A resolved checkout.
pub(crate) struct Found {
    pub(crate) commit: ObjectId,
    pub(crate) refname: Option<String>,
    /// The annotated tag on the way to the commit.
    pub(crate) tag: Option<ObjectId>,
    shown: String,
}

impl Found {
    pub(crate) fn fetched(self, refs: &RemoteRefs, also: &[&str]) -> Fetched {
        Fetched {
            commit: self.commit.to_string(),
            revision_name: self.shown,
            refname: self.refname,
            tag: self.tag.map(|tag| tag.to_string()),
            tips: tips(refs, also),
        }
    }
}

/// What refs begin with that a name stands for beside itself: all below `refs/heads/a/`, all of `refs/heads/a*`.
fn beginning(name: &str) -> Option<&str> {
    name.strip_suffix('*').or(name.ends_with('/').then_some(name))
}

/// The values of these refs; a name that ends with a slash or a star stands for all that begin so.
pub(crate) fn tips(refs: &RemoteRefs, names: &[&str]) -> Tips {
    let begins = |name: &str, asked: &str| beginning(asked).is_some_and(|begin| name.starts_with(begin));
    let below = |name: &&str| names.iter().any(|asked| begins(name, asked));
    let names = names.iter().copied().chain(refs.names().filter(below));
    names.filter_map(|name| Some((name.to_owned(), refs.value(name)?.to_string()))).collect()
}

/// Refuses a name that is no ref name, before it reaches a server or a file.
pub(crate) fn valid_refname(name: &str) -> Result<()> {
    let valid = name.starts_with("refs/") || name == "HEAD";
    if valid && gix::validate::reference::name(name.into()).is_ok() {
        Ok(())
    } else {
        Err(GitError::new(
            ErrorKind::Invalid,
            format!("{:?} is no full ref name such as refs/heads/main", clean(name, 200)),
        ))
    }
}

/// What to ask a server to list.
pub(crate) fn prefixes(want: &Checkout, also: &[&str]) -> Result<Vec<String>> {
    let mut prefixes: Vec<String> = also.iter().map(|name| (*name).to_owned()).collect();
    match want.target() {
        // Nothing to look up, but the remote is asked all the same: it decides whether we may see the repository.
        Target::Commit(commit, _) => {
            parse_commit(commit)?;
            if prefixes.is_empty() {
                prefixes.push("HEAD".to_owned());
            }
        }
        Target::Semver(_) => prefixes.push("refs/tags/".to_owned()),
        target @ (Target::Name(_) | Target::Tag(_) | Target::Branch(_)) => prefixes.extend(target.refname()),
    }
    for name in prefixes.iter().filter(|name| beginning(name).is_none()) {
        valid_refname(name)?;
    }
    for name in &mut prefixes {
        if let Some(begin) = beginning(name) {
            *name = begin.to_owned();
        }
    }
    prefixes.dedup();
    Ok(prefixes)
}

/// The commit `want` names, `None` where its ref is not there.
pub(crate) fn resolve(want: &Checkout, refs: &RemoteRefs, choose: &ChooseTag<'_>) -> Result<Option<Found>> {
    let target = want.target();
    let found = |refname: String, shown: &str| {
        let commit = refs.commit(&refname)?;
        let tag = refs.value(&refname).filter(|value| *value != commit);
        Some(Found { commit, refname: Some(refname), tag, shown: shown.to_owned() })
    };
    Ok(match target {
        Target::Commit(commit, branch) => {
            Some(Found { commit: parse_commit(commit)?, refname: None, tag: None, shown: branch.to_owned() })
        }
        Target::Semver(range) => {
            let tags: Vec<&str> = refs.names().filter_map(|name| name.strip_prefix("refs/tags/")).collect();
            let chosen = choose(range, &tags).map_err(|why| {
                GitError::new(
                    ErrorKind::Invalid,
                    format!("ref.semver {range:?} is no range: {}", clean(&why, 200)),
                )
            })?;
            chosen.and_then(|index| tags.get(index)).and_then(|tag| found(format!("refs/tags/{tag}"), tag))
        }
        Target::Name(name) => found(name.to_owned(), name),
        Target::Tag(shown) | Target::Branch(shown) => {
            target.refname().and_then(|refname| found(refname, shown))
        }
    })
}

/// Why nothing was found, given what the remote does have.
pub(crate) fn missing(want: &Checkout, all: &RemoteRefs) -> GitError {
    if all.is_empty() {
        return GitError::new(
            ErrorKind::EmptyRepository,
            "the repository is empty; push a first commit to it",
        );
    }
    let what = match want.target() {
        Target::Commit(commit, _) => format!("commit {commit}"),
        Target::Name(name) => format!("ref {name:?}"),
        Target::Semver(range) => format!("tag in the range {range:?}"),
        Target::Tag(tag) => format!("tag {tag:?}"),
        Target::Branch(branch) => {
            let mut branches: Vec<&str> =
                all.names().filter_map(|name| name.strip_prefix("refs/heads/")).collect();
            branches.truncate(5);
            return GitError::new(
                ErrorKind::NotFound,
                format!(
                    "the repository has no branch {branch:?}; it has {}",
                    clean(&branches.join(", "), 200)
                ),
            );
        }
    };
    GitError::new(ErrorKind::NotFound, format!("the repository has no {}", clean(&what, 200)))
}

pub(crate) fn missing_commit(found: &Found) -> GitError {
    GitError::new(
        ErrorKind::NotFound,
        format!("the repository does not give out commit {} with its files", found.commit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs() -> RemoteRefs {
        let mut refs = RemoteRefs::default();
        for (name, n) in [
            ("refs/heads/main", 1u8),
            ("refs/heads/master", 2),
            ("refs/tags/v1.0.0", 3),
            ("refs/tags/v1.1.0", 4),
            ("refs/pull/7/head", 5),
        ] {
            refs.insert(name.to_owned(), ObjectId::from([n; 20]), ObjectId::from([n; 20]));
        }
        refs
    }

    #[test]
    fn commit_beats_name_beats_semver_beats_tag_beats_branch() {
        let hex = "09".repeat(20);
        let mut want = Checkout {
            branch: Some("main".into()),
            tag: Some("v1.0.0".into()),
            semver: Some("*".into()),
            name: Some("refs/pull/7/head".into()),
            commit: Some(hex),
        };
        let mut seen = Vec::new();
        let mut note = |want: &Checkout| {
            let found = resolve(want, &refs(), &|_, tags| Ok(tags.len().checked_sub(1))).unwrap().unwrap();
            seen.push((found.commit.as_bytes()[0], found.shown));
        };
        note(&want);
        want.commit = None;
        note(&want);
        want.name = None;
        note(&want);
        want.semver = None;
        note(&want);
        want.tag = None;
        note(&want);
        want.branch = None;
        note(&want);
        let expected =
            [(9, "main"), (5, "refs/pull/7/head"), (4, "v1.1.0"), (3, "v1.0.0"), (1, "main"), (2, "master")];
        assert_eq!(seen, expected.map(|(n, name)| (n, name.to_owned())));
    }

    #[test]
    fn what_is_missing_is_named() {
        let none = |want: &Checkout, refs: &RemoteRefs| missing(want, refs).to_string();
        assert_eq!(
            none(&Checkout::branch("x"), &refs()),
            "the repository has no branch \"x\"; it has main, master"
        );
        assert_eq!(
            missing(&Checkout::branch("x"), &RemoteRefs::default()).kind(),
            ErrorKind::EmptyRepository
        );
        let semver = Checkout { semver: Some(">9".into()), ..Checkout::default() };
        assert_eq!(none(&semver, &refs()), "the repository has no tag in the range \">9\"");
    }

    #[test]
    fn a_name_that_is_no_ref_name_is_never_asked_for() {
        for bad in [
            "main",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/\n",
            "refs/heads/x.lock",
            "--upload-pack=x",
        ] {
            let want = Checkout { name: Some(bad.into()), ..Checkout::default() };
            assert_eq!(prefixes(&want, &[]).unwrap_err().kind(), ErrorKind::Invalid, "{bad}");
        }
        assert!(prefixes(&Checkout::branch("feature/x"), &["refs/heads/y"]).is_ok());
        let prefixes = prefixes(&Checkout::branch("x"), &["refs/heads/y/", "refs/heads/z-*"]).unwrap();
        assert_eq!(prefixes, ["refs/heads/y/", "refs/heads/z-", "refs/heads/x"]);
    }
}
