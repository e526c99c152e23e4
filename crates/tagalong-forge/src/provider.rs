//! Which kind of host it is: as the object says, or by the host's name.

use std::{fmt, str::FromStr};

/// A kind of host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// github.com and GitHub Enterprise.
    GitHub,
    /// gitlab.com and one's own GitLab.
    GitLab,
    /// Gitea.
    Gitea,
    /// Forgejo, such as codeberg.org.
    Forgejo,
}

impl Provider {
    /// Every one, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Forgejo];

    /// The word in `spec.git.pullRequest.provider`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
        }
    }

    /// What a host of this name is: the public ones, and names that begin or go on with the word, such as
    /// `gitlab.example.com` and `my-gitea`.
    pub fn of_host(host: &str) -> Option<Self> {
        match host {
            "codeberg.org" => return Some(Self::Forgejo),
            "gitea.com" => return Some(Self::Gitea),
            _ => {}
        }
        let word = |word: &str| host.split(['.', '-']).any(|part| part.eq_ignore_ascii_case(word));
        Self::ALL.into_iter().find(|provider| word(provider.as_str()))
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_tells_the_provider() {
        for (host, expected) in [
            ("my-gitea.intern", Some(Provider::Gitea)),
            ("github.com", Some(Provider::GitHub)),
            ("github.example.com", Some(Provider::GitHub)),
            ("gitlab.com", Some(Provider::GitLab)),
            ("gitea.com", Some(Provider::Gitea)),
            ("codeberg.org", Some(Provider::Forgejo)),
            ("forgejo.example.com", Some(Provider::Forgejo)),
            ("git.example.com", None),
            ("mygitea.com", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(Provider::of_host(host), expected, "{host}");
        }
    }
}
