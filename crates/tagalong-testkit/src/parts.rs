//! Where the program of a real server comes from. Every test that starts one asks here first.
//!
//! ```text
//! TAGALONG_PART_<NAME>  →  PATH  →  test bed folder  →  built from parts/<name>/go.mod  →  Missing
//! ```
//!
//! The test bed folder is `~/.cache/tagalong-testbed`, or what `TAGALONG_TESTBED` names. A test begins with
//! [`need!`](crate::need): without the part it says `skipped: needs <part>` and returns; with `CI=true` it fails.

mod build;

use std::env;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that the tests run but the product does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The CNCF registry, version 3: pages by `n`/`last` and `Link`. Built from its Go module.
    Distribution,
    /// The renderer 5.8.1 that our own is held against. Built from its Go module.
    Kustomize,
    /// Debian's `docker-registry` 2.8: one whole listing, no pages.
    DockerRegistry,
    /// OpenSSH's server; Debian keeps it outside an ordinary user's PATH.
    Sshd,
    /// The `git` command: the oracle of what we write, and what a user would type.
    Git,
    /// The CGI program behind Git over HTTP; it lives in `git --exec-path`.
    GitHttpBackend,
    /// GnuPG, which `git verify-commit` calls.
    Gpg,
    /// Makes and checks ssh keys and ssh signatures.
    SshKeygen,
    /// Beside whose speed a scan is measured.
    Curl,
}

impl Part {
    /// Every part, in the order in which `cargo xtask test` prepares them.
    pub const ALL: [Self; 9] = [
        Self::Distribution,
        Self::Kustomize,
        Self::DockerRegistry,
        Self::Sshd,
        Self::Git,
        Self::GitHttpBackend,
        Self::Gpg,
        Self::SshKeygen,
        Self::Curl,
    ];

    /// The name in messages, in `parts/<name>` and, in capitals, in `TAGALONG_PART_<NAME>`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Kustomize => "kustomize",
            Self::DockerRegistry => "docker-registry",
            Self::Sshd => "sshd",
            Self::Git => "git",
            Self::GitHttpBackend => "git-http-backend",
            Self::Gpg => "gpg",
            Self::SshKeygen => "ssh-keygen",
            Self::Curl => "curl",
        }
    }

    /// What a person does to have this part.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Distribution | Self::Kustomize => "install Go 1.26 or newer; it is then built once",
            Self::DockerRegistry => "apt-get install docker-registry",
            Self::Sshd => "apt-get install openssh-server",
            Self::Git | Self::GitHttpBackend => "apt-get install git",
            Self::Gpg => "apt-get install gnupg",
            Self::SshKeygen => "apt-get install openssh-client",
            Self::Curl => "apt-get install curl",
        }
    }

    /// The variable that names this part's program directly.
    pub fn variable(self) -> String {
        format!("TAGALONG_PART_{}", self.name().to_uppercase().replace('-', "_"))
    }

    const fn go_package(self) -> Option<&'static str> {
        match self {
            Self::Distribution => Some("github.com/distribution/distribution/v3/cmd/registry"),
            Self::Kustomize => Some("sigs.k8s.io/kustomize/kustomize/v5"),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A part that this machine does not have and cannot build.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Which one.
    pub part: Part,
    /// Why it could not be had, in a few words.
    pub why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "needs {} ({}; {})", self.part, self.why, self.part.advice())
    }
}

impl std::error::Error for Missing {}

/// The program of `part`, built now if that is how it is had. Safe to call from many tests at once: one builds, the
/// others wait for it.
pub fn find(part: Part) -> Result<PathBuf, Missing> {
    if let Some(named) = env::var_os(part.variable()) {
        let path = PathBuf::from(named);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Missing {
                part,
                why: format!("{} names {}, which is no file", part.variable(), path.display()),
            })
        };
    }
    if let Some(path) = on_machine(part) {
        return Ok(path);
    }
    match part.go_package() {
        Some(package) => build::built(part.name(), package).map_err(|why| Missing { part, why }),
        None => Err(Missing { part, why: "not on this machine".to_owned() }),
    }
}

/// [`find`] for a test: `None` after saying `skipped: needs …`, and a panic when `CI=true`, where every part must be.
///
/// The line goes past the test harness's capture, so that the log of a passing run names what it did not test.
#[expect(clippy::panic, reason = "a part missing in CI has to fail the test")]
pub fn need(part: Part) -> Option<PathBuf> {
    match find(part) {
        Ok(path) => Some(path),
        Err(missing) if env::var("CI").is_ok_and(|ci| ci == "true") => panic!("CI {missing}"),
        Err(missing) => {
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test");
            // A log that cannot be written is no reason to fail the test.
            let _written = writeln!(std::io::stdout(), "skipped: {missing}: {test}");
            None
        }
    }
}

/// Returns from the calling test unless every part named is there: `need!(Part::Git, Part::Sshd);`
#[macro_export]
macro_rules! need {
    ($($part:expr),+ $(,)?) => {
        $(if $crate::parts::need($part).is_none() {
            return;
        })+
    };
}

fn on_machine(part: Part) -> Option<PathBuf> {
    match part {
        // Several programs are called `registry`; only one of them says this.
        Part::Distribution => on_path("registry").filter(|path| says(path, "distribution/v3")),
        // Another version prints other bytes.
        Part::Kustomize => on_path("kustomize").filter(|path| is_kustomize(path)),
        Part::Sshd => on_path("sshd").or_else(|| {
            ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].map(PathBuf::from).into_iter().find(|p| p.is_file())
        }),
        Part::GitHttpBackend => {
            let out = Command::new(on_path("git")?).arg("--exec-path").output().ok()?;
            let folder = String::from_utf8(out.stdout).ok()?;
            Some(Path::new(folder.trim()).join("git-http-backend")).filter(|path| path.is_file())
        }
        _ => on_path(part.name()),
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn is_kustomize(program: &Path) -> bool {
    let output = Command::new(program).arg("version").output();
    output.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).trim() == "v5.8.1")
}

fn says(program: &Path, words: &str) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_or_says_what_to_do() {
        for part in Part::ALL {
            match find(part) {
                Ok(path) => assert!(path.is_file(), "{part}: {}", path.display()),
                Err(missing) => assert!(missing.to_string().contains(part.advice()), "{missing}"),
            }
        }
    }

    #[test]
    fn the_variable_is_the_name_in_capitals() {
        assert_eq!(Part::GitHttpBackend.variable(), "TAGALONG_PART_GIT_HTTP_BACKEND");
    }
}
