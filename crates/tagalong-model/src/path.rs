//! Paths inside a repository. The only way to name a file for an edit, so nothing outside can be named.

use std::{fmt, str::FromStr};

/// A path inside a repository: relative, `/`-separated, without empty, `.`, `..` or `.git` components.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoPath(String);

/// The text is no path inside a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not stay inside the repository")]
pub struct InvalidPath(String);

impl RepoPath {
    /// The path as text, never empty.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Reads a folder as users write it in `update.path` (`./`, `./clusters/prod/`, `clusters`, `/`).
    /// `None` is the root of the repository.
    ///
    /// # Errors
    /// [`InvalidPath`] where a component is `..` or `.git`.
    pub fn folder(text: &str) -> Result<Option<Self>, InvalidPath> {
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() { Ok(None) } else { parts.join("/").parse().map(Some) }
    }

    /// Whether this path is `folder` or lies below it.
    pub fn is_within(&self, folder: &Self) -> bool {
        self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for RepoPath {
    type Err = InvalidPath;
    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let component = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.eq_ignore_ascii_case(".git")
                && !part.contains(['\0', '\\', '\n'])
        };
        if text.split('/').all(component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPath(text.chars().take(200).collect()))
        }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_can_be_named() {
        for good in ["a", "a/b.yaml", ".github/workflows/x.yml", "a b/ü.yaml"] {
            assert_eq!(good.parse::<RepoPath>().unwrap().as_str(), good);
        }
        for bad in
            ["", "/a", "a/", "../a", "a/../b", "a//b", "./a", ".git/config", "x/.GIT/hooks", "a\\b", "a\0"]
        {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn folders_are_read_as_users_write_them() {
        assert_eq!(RepoPath::folder("./").unwrap(), None);
        assert_eq!(RepoPath::folder("/").unwrap(), None);
        let prod = RepoPath::folder("./clusters//prod/").unwrap().unwrap();
        assert_eq!(prod.as_str(), "clusters/prod");
        assert!(RepoPath::folder("../x").is_err());
        assert!("clusters/prod/a.yaml".parse::<RepoPath>().unwrap().is_within(&prod));
        assert!(!"clusters/production/a.yaml".parse::<RepoPath>().unwrap().is_within(&prod));
    }
}
