//! What of a Git repository is meant, and which names Git allows for it.

use super::Invalid;
use crate::{GitRepositoryRef, Reason};
use tagalong_policy::{OrderSpec, Policy};

/// What is checked out: one choice, taken by Flux's precedence commit, name, semver, tag, branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitRef {
    /// The tip of a branch, by its short name.
    Branch(String),
    /// A tag, by its short name.
    Tag(String),
    /// The highest tag within a range of versions.
    Semver(String),
    /// A reference by its full name.
    Name(String),
    /// One commit, and the branch on which it is expected.
    Commit {
        /// The full object id in lower-case hex.
        commit: String,
        /// The branch that holds it.
        branch: Option<String>,
    },
}

/// Reads a `ref` that stands at `field`. `None` where no part of it is filled in.
pub(super) fn git_ref(field: &str, reference: &GitRepositoryRef) -> Result<Option<GitRef>, Invalid> {
    let part = |name: &str, value: &Option<String>| {
        value.clone().filter(|text| !text.is_empty()).map(|text| (format!("{field}.{name}"), text))
    };
    let branch = part("branch", &reference.branch);
    if let Some((field, branch)) = &branch {
        check_name(field, branch)?;
    }
    if let Some((field, commit)) = part("commit", &reference.commit) {
        let hex = commit.bytes().all(|b| b.is_ascii_hexdigit()) && matches!(commit.len(), 40 | 64);
        if !hex {
            return Err(bad(&field, "must be a full commit id of 40 hexadecimal digits"));
        }
        let branch = branch.map(|(_, branch)| branch);
        return Ok(Some(GitRef::Commit { commit: commit.to_ascii_lowercase(), branch }));
    }
    if let Some((field, name)) = part("name", &reference.name) {
        check_full_name(&field, &name)?;
        return Ok(Some(GitRef::Name(name)));
    }
    if let Some((field, range)) = part("semver", &reference.semver) {
        let order = OrderSpec::Semver { range: range.clone() };
        Policy::compile(&order, None).map_err(|error| bad(&field, &error.to_string()))?;
        return Ok(Some(GitRef::Semver(range)));
    }
    if let Some((field, tag)) = part("tag", &reference.tag) {
        check_name(&field, &tag)?;
        return Ok(Some(GitRef::Tag(tag)));
    }
    Ok(branch.map(|(_, branch)| GitRef::Branch(branch)))
}

/// A full name: `HEAD`, or below `refs/`.
pub(super) fn check_full_name(field: &str, name: &str) -> Result<(), Invalid> {
    if name != "HEAD" && !name.starts_with("refs/") {
        return Err(bad(
            field,
            &format!("'{}' must be a full name such as refs/heads/main", printable(name)),
        ));
    }
    check_name(field, name)
}

/// The rules of `git check-ref-format`.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), Invalid> {
    let wrong = if name.is_empty() {
        "is empty"
    } else if name.len() > 1024 {
        "is longer than 1024 bytes"
    } else if name.starts_with('-') {
        "begins with '-'"
    } else if name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c)) {
        "contains a space, a control character or one of ~ ^ : ? * [ \\"
    } else if name.contains("..") || name.contains("@{") || name == "@" {
        "contains '..' or '@{', or is '@'"
    } else if name.ends_with('.') {
        "ends with '.'"
    } else if name.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock"))
    {
        "has a part that is empty, begins with '.' or ends with '.lock'"
    } else {
        return Ok(());
    };
    Err(bad(field, &format!("'{}' {wrong}, which Git does not allow in a name", printable(name))))
}

/// Text from outside as it may stand in a message: without control characters, and short.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

pub(super) fn bad(field: &str, why: &str) -> Invalid {
    Invalid::stalled(
        Reason::InvalidSourceConfiguration,
        field,
        format!("{field}: {why}: invalid source configuration"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reference: &GitRepositoryRef) -> Result<Option<GitRef>, String> {
        git_ref(".spec.ref", reference).map_err(|invalid| format!("{} | {}", invalid.field, invalid.message))
    }

    #[test]
    fn the_more_exact_part_counts() {
        let commit = "0123456789ABCDEF0123456789abcdef01234567".to_owned();
        let text = |text: &str| Some(text.to_owned());
        let mut reference = GitRepositoryRef {
            branch: text("main"),
            tag: text("v1"),
            semver: text(">=1.0.0"),
            name: text("refs/heads/x"),
            commit: Some(commit.clone()),
        };
        let expected = GitRef::Commit { commit: commit.to_lowercase(), branch: text("main") };
        assert_eq!(read(&reference), Ok(Some(expected)));
        reference.commit = text("");
        assert_eq!(read(&reference), Ok(Some(GitRef::Name("refs/heads/x".into()))));
        reference.name = None;
        assert_eq!(read(&reference), Ok(Some(GitRef::Semver(">=1.0.0".into()))));
        reference.semver = None;
        assert_eq!(read(&reference), Ok(Some(GitRef::Tag("v1".into()))));
        reference.tag = None;
        assert_eq!(read(&reference), Ok(Some(GitRef::Branch("main".into()))));
        assert_eq!(read(&GitRepositoryRef::default()), Ok(None));
    }

    #[test]
    fn names_follow_gits_rules() {
        for good in ["main", "feature/x-1", "release_1.2", "ü", "a@b", "refs/heads/main"] {
            assert_eq!(check_name("f", good), Ok(()), "{good}");
        }
        for bad in [
            "", "-x", "a b", "a\n", "a\0", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "@",
            "a@{1}", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.",
        ] {
            assert!(check_name("f", bad).is_err(), "{bad:?}");
        }
        let reference = GitRepositoryRef { name: Some("main".into()), ..Default::default() };
        assert_eq!(
            read(&reference).unwrap_err(),
            ".spec.ref.name | .spec.ref.name: 'main' must be a full name such as refs/heads/main: invalid source configuration"
        );
        let reference = GitRepositoryRef { commit: Some("abc123".into()), ..Default::default() };
        assert!(read(&reference).unwrap_err().contains("must be a full commit id of 40 hexadecimal digits"));
    }
}
