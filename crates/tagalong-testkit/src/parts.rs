//! Where the program of a real server comes from. Every test that starts one asks here first.
//!
//! ```text
//! TAGALONG_PART_<NAME>  →  KUBEBUILDER_ASSETS  →  PATH  →  test bed folder  →  built from parts/*/go.mod  →  Missing
//! ```
//!
//! Of Kubernetes' parts only those are taken from the machine that are new enough; `kubectl` on `PATH` may be years old.
//! The test bed folder is `~/.cache/tagalong-testbed`, or what `TAGALONG_TESTBED` names. A test begins with
//! [`need!`](crate::need): without the part it says `skipped: needs <part>` and returns; with `CI=true` it fails.

mod build;

use std::env;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use build::{FLUX, GITEA, KUBERNETES, PLAIN, Recipe};

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
    /// Starts a process with a clock that can be set.
    Faketime,
    /// The store of the Kubernetes API server. Built from its Go module.
    Etcd,
    /// The Kubernetes API server. Built from its Go module.
    KubeApiserver,
    /// Kubernetes' own controllers: garbage collection, the end of a namespace. Built from its Go module.
    KubeControllerManager,
    /// What a user of Kubernetes types. Built from its Go module.
    Kubectl,
    /// What a user of Flux types, 2.9.5. Built from its Go module.
    Flux,
    /// A host of repositories and pull requests, 1.26. Built from its Go module, whose templates go beside it.
    Gitea,
    /// What encrypts files, 3.13: the oracle of what we open. Built from its Go module.
    Sops,
}

impl Part {
    /// Every part, in the order in which `cargo xtask test` prepares them.
    pub const ALL: [Self; 17] = [
        Self::Distribution,
        Self::Kustomize,
        Self::DockerRegistry,
        Self::Sshd,
        Self::Git,
        Self::GitHttpBackend,
        Self::Gpg,
        Self::SshKeygen,
        Self::Curl,
        Self::Faketime,
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::Kubectl,
        Self::Flux,
        Self::Gitea,
        Self::Sops,
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
            Self::Faketime => "faketime",
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Flux => "flux",
            Self::Gitea => "gitea",
            Self::Sops => "sops",
        }
    }

    /// What a person does to have this part.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Distribution
            | Self::Kustomize
            | Self::Etcd
            | Self::KubeApiserver
            | Self::KubeControllerManager
            | Self::Kubectl
            | Self::Flux
            | Self::Gitea
            | Self::Sops => "install Go 1.26 or newer; it is then built once",
            Self::DockerRegistry => "apt-get install docker-registry",
            Self::Sshd => "apt-get install openssh-server",
            Self::Git | Self::GitHttpBackend => "apt-get install git",
            Self::Gpg => "apt-get install gnupg",
            Self::SshKeygen => "apt-get install openssh-client",
            Self::Curl => "apt-get install curl",
            Self::Faketime => "apt-get install faketime",
        }
    }

    /// The variable that names this part's program directly.
    pub fn variable(self) -> String {
        format!("TAGALONG_PART_{}", self.name().to_uppercase().replace('-', "_"))
    }

    const fn recipe(self) -> Option<Recipe> {
        let (module, package, flags) = match self {
            Self::Distribution => {
                ("distribution", "github.com/distribution/distribution/v3/cmd/registry", PLAIN)
            }
            Self::Kustomize => ("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", PLAIN),
            Self::Etcd => ("etcd", "go.etcd.io/etcd/server/v3", PLAIN),
            Self::KubeApiserver => ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES),
            Self::KubeControllerManager => {
                ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", KUBERNETES)
            }
            Self::Kubectl => ("kubernetes", "k8s.io/kubernetes/cmd/kubectl", KUBERNETES),
            Self::Flux => ("flux", "github.com/fluxcd/flux2/v2/cmd/flux", FLUX),
            Self::Gitea => ("gitea", "code.gitea.io/gitea", GITEA),
            Self::Sops => ("sops", "github.com/getsops/sops/v3/cmd/sops", PLAIN),
            _ => return None,
        };
        // Flux is released with the manifests of its controllers inside; `flux install` alone reads them.
        let lacks = match self {
            Self::Flux => Some("manifests/none.yaml"),
            _ => None,
        };
        // Gitea is released with its files inside; its module has them beside.
        let (tags, carries): (_, &'static [&'static str]) = match self {
            Self::Gitea => (Some("sqlite sqlite_unlock_notify"), &["options", "public", "templates"]),
            _ => (None, &[]),
        };
        Some(Recipe { module, package, flags, tags, lacks, carries })
    }

    /// How the part says its version, and the lowest `major.minor` that the tests can use.
    const fn lowest(self) -> Option<(&'static [&'static str], (u32, u32))> {
        match self {
            Self::Etcd => Some((&["--version"], (3, 6))),
            Self::KubeApiserver | Self::KubeControllerManager => Some((&["--version"], (1, 34))),
            Self::Kubectl => Some((&["version", "--client"], (1, 34))),
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
/// others wait for it. What was found is remembered: to ask a program for its version costs more than most tests.
pub fn find(part: Part) -> Result<PathBuf, Missing> {
    static FOUND: Mutex<Vec<(Part, PathBuf)>> = Mutex::new(Vec::new());
    let found = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_part, path)) = found().iter().find(|(known, _path)| *known == part) {
        return Ok(path.clone());
    }
    let path = search(part)?;
    found().push((part, path.clone()));
    Ok(path)
}

fn search(part: Part) -> Result<PathBuf, Missing> {
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
    match part.recipe() {
        Some(recipe) => build::built(part.name(), recipe).map_err(|why| Missing { part, why }),
        None => Err(Missing { part, why: "not on this machine".to_owned() }),
    }
}

/// The folder of what `program` needs at run time, where it was built here and does not hold that itself.
pub fn files_of(program: &Path) -> Option<PathBuf> {
    Some(build::beside(program)).filter(|folder| folder.is_dir())
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
    if let Some((arguments, lowest)) = part.lowest() {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(|folder| Path::new(&folder).join(part.name()));
        let found = [assets.filter(|path| path.is_file()), on_path(part.name())];
        return found
            .into_iter()
            .flatten()
            .find(|path| version_in(&told(path, arguments)).is_some_and(|version| version >= lowest));
    }
    match part {
        // Several programs are called `registry`; only one of them says this.
        Part::Distribution => {
            on_path("registry").filter(|path| told(path, &["--version"]).contains("distribution/v3"))
        }
        // Another version prints other bytes.
        Part::Kustomize => on_path("kustomize").filter(|path| told(path, &["version"]).trim() == "v5.8.1"),
        // Another version prints other words.
        Part::Flux => {
            on_path("flux").filter(|path| told(path, &["--version"]).trim() == "flux version 2.9.5")
        }
        // Another version answers otherwise.
        Part::Gitea => on_path("gitea").filter(|path| told(path, &["--version"]).contains(" 1.26.")),
        Part::Sops => on_path("sops").filter(|path| told(path, &["--version"]).contains(" 3.13.")),
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

fn told(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default()
}

/// The first `major.minor.patch` in what a program tells of itself: `Client Version: v1.36.3` is 1.36.
fn version_in(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.strip_prefix('v').unwrap_or(word).splitn(3, '.');
        let (major, minor, _patch) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((major.parse().ok()?, minor.parse().ok()?))
    })
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

    #[test]
    fn a_version_is_read_from_what_programs_say() {
        for (text, expected) in [
            ("Kubernetes v1.36.3\n", Some((1, 36))),
            ("Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n", Some((1, 32))),
            ("etcd Version: 3.6.16\nGit SHA: Not provided\n", Some((3, 6))),
            ("no version here", None),
            ("", None),
        ] {
            assert_eq!(version_in(text), expected, "{text}");
        }
    }
}
