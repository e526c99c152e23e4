//! Addresses of repositories: as users write them, as the wire needs them, and as one canonical key.

use crate::error::{ErrorKind, GitError, Result};
use secrecy::SecretString;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Where a repository is. Shown without user name and password.
#[derive(Clone, Debug)]
pub struct RemoteUrl {
    place: Place,
    user_info: Option<(String, SecretString)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `http` or `https`, without user info, query and fragment.
    Http(url::Url),
    /// `path` as the server's `git-upload-pack` gets it.
    Ssh { user: Option<String>, host: String, port: u16, path: String },
    /// A repository on this machine.
    Local(PathBuf),
}

impl RemoteUrl {
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// User name and password that stood in an http(s) URL.
    pub(crate) fn user_info(&self) -> Option<(&str, &SecretString)> {
        self.user_info.as_ref().map(|(user, password)| (user.as_str(), password))
    }

    /// Whether the repository is a folder of this machine, written without a network.
    pub fn is_local(&self) -> bool {
        matches!(self.place, Place::Local(_))
    }

    /// Whether it is reached over ssh.
    pub fn is_ssh(&self) -> bool {
        matches!(self.place, Place::Ssh { .. })
    }

    /// One text for all spellings of one host and path: scheme, user, default port, `.git` and outer slashes do not
    /// count (RULES, *Lock key*). A local path is resolved through symlinks where it exists.
    pub fn lock_key(&self) -> String {
        let tidy = |path: &str| {
            let path = path.trim_matches('/');
            path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/').to_owned()
        };
        match &self.place {
            Place::Http(url) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!(
                    "{}{port}/{}",
                    url.host_str().unwrap_or_default().to_ascii_lowercase(),
                    tidy(&decoded(url.path()))
                )
            }
            Place::Ssh { host, port, path, .. } => {
                let port = if *port == 22 { String::new() } else { format!(":{port}") };
                format!("{}{port}/{}", host.to_ascii_lowercase(), tidy(path))
            }
            Place::Local(path) => {
                let real = path.canonicalize().unwrap_or_else(|_| path.clone());
                let real = if real.file_name().is_some_and(|name| name == ".git") {
                    real.parent().unwrap_or(&real)
                } else {
                    &real
                };
                format!("file:{}", real.display())
            }
        }
    }
}

fn invalid(text: &str, why: &str) -> GitError {
    // What stands before an `@` may be a password.
    let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    GitError::new(
        ErrorKind::Invalid,
        format!("{:?} is no repository address: {why}", crate::error::clean(shown, 200)),
    )
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high).zip(digit(low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
            }
            _ => None,
        };
        out.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn http(mut url: url::Url) -> Result<RemoteUrl> {
    let user = decoded(url.username());
    let password = url.password().map(decoded);
    let user_info = (!user.is_empty() || password.is_some())
        .then(|| (user, SecretString::from(password.unwrap_or_default())));
    let stripped = url.set_username("").is_ok() && url.set_password(None).is_ok();
    if !stripped || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid(url.as_str(), "it names no host"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(RemoteUrl { place: Place::Http(url), user_info })
}

fn ssh(text: &str, url: &url::Url) -> Result<RemoteUrl> {
    let host = url
        .host_str()
        .map(decoded)
        .filter(|host| !host.is_empty())
        .ok_or_else(|| invalid(text, "it names no host"))?;
    let user = Some(decoded(url.username())).filter(|user| !user.is_empty());
    let path = decoded(url.path());
    // git's own reading: `ssh://host/~user/x` means `~user/x`.
    let path = path.strip_prefix("/~").map(|rest| format!("~{rest}")).unwrap_or(path);
    ssh_place(text, user, &host, url.port().unwrap_or(22), path)
}

fn ssh_place(text: &str, user: Option<String>, host: &str, port: u16, path: String) -> Result<RemoteUrl> {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if path.trim_matches('/').is_empty() {
        return Err(invalid(text, "it names no path"));
    }
    if [path.as_str(), host.as_str(), user.as_deref().unwrap_or_default()]
        .iter()
        .any(|part| part.starts_with('-') || part.contains(['\0', '\n']))
    {
        return Err(invalid(text, "no part of it may begin with '-'"));
    }
    Ok(RemoteUrl { place: Place::Ssh { user, host, port, path }, user_info: None })
}

/// `user@host:path` and `host:path`, where the colon comes before any slash.
fn scp_like(text: &str) -> Option<(Option<String>, String, String)> {
    let (before, path) = match text.split_once('[') {
        Some((user, rest)) => {
            let (host, path) = rest.split_once("]:")?;
            (format!("{user}{host}"), path)
        }
        None => text.split_once(':').map(|(before, path)| (before.to_owned(), path))?,
    };
    if before.contains('/') || before.is_empty() {
        return None;
    }
    let (user, host) = match before.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host.to_owned()),
        None => (None, before),
    };
    Some((user, host, path.to_owned()))
}

impl FromStr for RemoteUrl {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid(text, "it is empty"));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let parsed = || url::Url::parse(text).map_err(|error| invalid(text, &error.to_string()));
            return match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => http(parsed()?),
                "ssh" | "git+ssh" | "ssh+git" => ssh(text, &parsed()?),
                "file" => {
                    let path =
                        rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest);
                    Ok(Self::from(Path::new(&decoded(path))))
                }
                _ => Err(invalid(text, "use https, http, ssh, file, or a path")),
            };
        }
        match scp_like(text) {
            Some((user, host, path)) => ssh_place(text, user, &host, 22, path),
            None => Ok(Self::from(Path::new(text))),
        }
    }
}

impl From<&Path> for RemoteUrl {
    fn from(path: &Path) -> Self {
        Self { place: Place::Local(path.to_path_buf()), user_info: None }
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Http(url) => write!(f, "{url}"),
            Place::Ssh { host, port: 22, path, .. } => {
                write!(f, "ssh://{host}/{}", path.trim_start_matches('/'))
            }
            Place::Ssh { host, port, path, .. } => {
                write!(f, "ssh://{host}:{port}/{}", path.trim_start_matches('/'))
            }
            Place::Local(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_repository_share_a_key() {
        for text in [
            "https://git.example/acme/fleet",
            "https://git.example:443/acme/fleet.git",
            "http://git.example/acme/fleet/",
            "https://bot:s3cret@GIT.example/acme/fleet.git/",
            "ssh://git@git.example/acme/fleet.git",
            "ssh://git.example:22/acme/fleet",
            "git@git.example:acme/fleet.git",
            "git.example:/acme/fleet",
        ] {
            assert_eq!(text.parse::<RemoteUrl>().unwrap().lock_key(), "git.example/acme/fleet", "{text}");
        }
        for (other, key) in [
            ("https://git.example:8443/acme/fleet", "git.example:8443/acme/fleet"),
            ("https://git.example/Acme/fleet", "git.example/Acme/fleet"),
            ("/nowhere/fleet.git", "file:/nowhere/fleet.git"),
            ("file:///nowhere/a%20b", "file:/nowhere/a b"),
        ] {
            assert_eq!(other.parse::<RemoteUrl>().unwrap().lock_key(), key);
        }
    }

    #[test]
    fn user_and_password_are_never_shown() {
        for text in
            ["https://bot:s3cret@git.example/x", "ssh://bot:s3cret@git.example/x", "bot@git.example:x"]
        {
            let url = text.parse::<RemoteUrl>().unwrap();
            let shown = format!("{url} {url:?} {}", url.lock_key());
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(!url.to_string().contains("bot"), "{url}");
        }
        let error = "ftp://bot:s3cret@git.example/x".parse::<RemoteUrl>().unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in
            ["", "https://", "ftp://x/y", "ssh://host", "ssh://-oProxyCommand=x/y", "git@-host:x", "host:-x"]
        {
            assert_eq!(bad.parse::<RemoteUrl>().unwrap_err().kind(), ErrorKind::Invalid, "{bad}");
        }
    }

    #[test]
    fn ssh_paths_reach_the_server_as_git_sends_them() {
        for (text, expected) in [
            ("git@h:a/b.git", "a/b.git"),
            ("git@h:/a/b.git", "/a/b.git"),
            ("ssh://h/a/b.git", "/a/b.git"),
            ("ssh://h/~me/b.git", "~me/b.git"),
            ("ssh://h:2222/a%20b", "/a b"),
            ("[::1]:x/y", "x/y"),
        ] {
            let url = text.parse::<RemoteUrl>().unwrap();
            let Place::Ssh { path, .. } = url.place() else { panic!("{text}: {url:?}") };
            assert_eq!(path, expected, "{text}");
        }
    }
}
