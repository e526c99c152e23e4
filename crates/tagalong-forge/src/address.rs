//! Where a host's API is, and what it calls the repository: both from the repository's Git address.

use crate::error::{ErrorKind, ForgeError, Result};
use url::Url;

/// A repository as its host's API knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `https://host`, with a port or a path where the host has one, without a slash at its end.
    pub(crate) origin: String,
    /// The host's name.
    pub(crate) host: String,
    /// The parts of the repository's path: owner and name, or groups and name.
    pub(crate) path: Vec<String>,
}

/// Public hosts whose ssh goes to another name as well.
const SSH_NAMES: [(&str, &str); 2] = [("ssh.github.com", "github.com"), ("altssh.gitlab.com", "gitlab.com")];

impl Address {
    /// Reads `git`, an http(s) or ssh address; `web` is the host's own address where that is another.
    ///
    /// # Errors
    /// `Invalid` where either is no such address, or no repository.
    pub(crate) fn new(git: &str, web: Option<&str>) -> Result<Self> {
        let invalid = |why: &str| ForgeError::new(ErrorKind::Invalid, format!("{git}: {why}"));
        let url = Url::parse(git)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http" | "ssh"))
            .ok_or_else(|| invalid("pull requests need a repository on a host, by https or ssh"))?;
        let name = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let name = SSH_NAMES.iter().find(|(ssh, _)| *ssh == name).map_or(name, |(_, web)| (*web).to_owned());
        if name.is_empty() {
            return Err(invalid("it names no host"));
        }
        let port = url.port().filter(|_| url.scheme() != "ssh").map(|port| format!(":{port}"));
        let scheme = if url.scheme() == "http" { "http" } else { "https" };
        let own = format!("{scheme}://{name}{}", port.unwrap_or_default());
        let (origin, host) = match web {
            None => (own, name),
            Some(web) => {
                let parsed = Url::parse(web).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
                let host = parsed.as_ref().and_then(Url::host_str).map(ToOwned::to_owned);
                let host =
                    host.ok_or_else(|| invalid("the host's address must look like https://git.example.com"))?;
                (web.trim_end_matches('/').to_owned(), host)
            }
        };
        let below = origin.split('/').skip(3).count();
        let path = url.path().trim_matches('/');
        let path: Vec<String> =
            path.strip_suffix(".git").unwrap_or(path).split('/').map(ToOwned::to_owned).collect();
        // Below the address of a host that lives in a folder of its server, that folder is no part of the name.
        let skipped = if url.scheme() == "ssh" { 0 } else { below };
        let path: Vec<String> = path.into_iter().skip(skipped).collect();
        if path.len() < 2 || path.iter().any(String::is_empty) {
            return Err(invalid("it does not name an owner and a repository"));
        }
        Ok(Self { origin, host, path })
    }

    /// Owner and name, for hosts without groups in groups.
    ///
    /// # Errors
    /// `Invalid` where the path has more than two parts.
    pub(crate) fn owner_and_name(&self) -> Result<(&str, &str)> {
        match self.path.as_slice() {
            [owner, name] => Ok((owner, name)),
            _ => {
                let message = format!(
                    "{}/{} is not OWNER/REPOSITORY; if the host lives below a path, name its address in pullRequest.url",
                    self.origin,
                    self.path.join("/")
                );
                Err(ForgeError::new(ErrorKind::Invalid, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_git_leads_to_the_host() {
        for (git, web, origin, path) in [
            ("https://github.com/acme/fleet.git", None, "https://github.com", "acme/fleet"),
            ("https://github.com/acme/fleet/", None, "https://github.com", "acme/fleet"),
            ("ssh://github.com/acme/fleet.git", None, "https://github.com", "acme/fleet"),
            ("ssh://ssh.github.com:443/acme/fleet", None, "https://github.com", "acme/fleet"),
            ("http://127.0.0.1:3000/acme/fleet", None, "http://127.0.0.1:3000", "acme/fleet"),
            ("ssh://git.example.com:2222/a/b/c.git", None, "https://git.example.com", "a/b/c"),
            ("ssh://ssh.example.com/a/b", Some("https://git.example.com/"), "https://git.example.com", "a/b"),
            (
                "https://example.com/git/a/b",
                Some("https://example.com/git"),
                "https://example.com/git",
                "a/b",
            ),
        ] {
            let address = Address::new(git, web).unwrap();
            assert_eq!((address.origin.as_str(), address.path.join("/").as_str()), (origin, path), "{git}");
        }
    }

    #[test]
    fn what_is_on_no_host_is_refused() {
        for git in
            ["/srv/fleet.git", "file:///srv/fleet.git", "https://github.com/fleet", "https://github.com"]
        {
            assert_eq!(Address::new(git, None).unwrap_err().kind(), ErrorKind::Invalid, "{git}");
        }
        assert!(Address::new("https://github.com/a/b", Some("git.example.com")).is_err());
    }
}
