//! Bare repositories with a scripted history, made and checked by the real `git` with all outside configuration off.

use crate::parts::{self, Part};
use anyhow::{Context as _, Result, ensure};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// One change of one commit.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// A regular file.
    File(&'a str, &'a [u8]),
    /// A file that can be run.
    Script(&'a str, &'a [u8]),
    /// A symlink and where it leads.
    Symlink(&'a str, &'a str),
    /// A submodule and the commit it stands at.
    Submodule(&'a str, &'a str),
    /// A file or folder that goes.
    Delete(&'a str),
}

/// A bare repository.
#[derive(Debug)]
pub struct GitRepo {
    path: PathBuf,
    clock: AtomicU64,
    /// Removes the folder in the end; none where the caller owns it.
    _dir: Option<tempfile::TempDir>,
}

/// `git` without the user's and the machine's configuration, with a fixed author and the environment cleared.
pub fn git() -> Command {
    let program = parts::find(Part::Git).unwrap_or_else(|_| PathBuf::from("git"));
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in [
        ("HOME", "/nonexistent"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ("GIT_AUTHOR_DATE", "1760000000 +0000"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.com"),
        ("GIT_COMMITTER_DATE", "1760000000 +0000"),
        ("LC_ALL", "C"),
    ] {
        command.env(name, value);
    }
    command
}

/// Runs a command, feeding it `input`.
///
/// # Errors
/// If it cannot be started.
pub fn run(command: &mut Command, input: &[u8]) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // A child that does not read to the end says so by its exit code.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output().context("cannot wait for a child")
    })
}

impl GitRepo {
    /// An empty repository in a temporary folder, `main` its unborn branch.
    ///
    /// # Errors
    /// If `git` is missing or fails.
    pub fn bare() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut repo = Self::bare_at(&dir.path().join("repo.git"))?;
        repo._dir = Some(dir);
        Ok(repo)
    }

    /// An empty repository in a folder of the caller's.
    ///
    /// # Errors
    /// As [`GitRepo::bare`].
    pub fn bare_at(path: &Path) -> Result<Self> {
        Self::init(path, &[])
    }

    /// [`GitRepo::bare_at`] with further arguments to `git init`, such as `--object-format=sha256`.
    ///
    /// # Errors
    /// As [`GitRepo::bare`].
    pub fn init(path: &Path, arguments: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(path)?;
        let repo = Self { path: path.to_path_buf(), clock: AtomicU64::new(1_760_000_000), _dir: None };
        let output = git()
            .args(["init", "--quiet", "--bare", "--initial-branch=main"])
            .args(arguments)
            .arg(path)
            .output()?;
        ensure!(output.status.success(), "git init: {}", String::from_utf8_lossy(&output.stderr));
        repo.git(&["config", "receive.advertisePushOptions", "true"])?;
        Ok(repo)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `git` in it and gives what it printed, without the last line break.
    ///
    /// # Errors
    /// If `git` fails, with what it said.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = git().arg("--git-dir").arg(&self.path).args(arguments).output()?;
        ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// Commits `changes` on top of `branch` (made where it is not) as somebody would from elsewhere; gives the commit.
    ///
    /// # Errors
    /// If `git` fails.
    pub fn commit(&self, branch: &str, message: &str, changes: &[Change<'_>]) -> Result<String> {
        let refname = format!("refs/heads/{branch}");
        let parent = self.rev(&refname);
        self.commit_on(&refname, parent.as_deref(), message, changes)
    }

    /// Sets `refname` to a new commit of `changes` on top of `parent`, whatever it was before.
    ///
    /// # Errors
    /// If `git` fails.
    pub fn commit_on(
        &self,
        refname: &str,
        parent: Option<&str>,
        message: &str,
        changes: &[Change<'_>],
    ) -> Result<String> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut script = format!(
            "commit {refname}\ncommitter Ada <ada@example.com> {now} +0000\ndata {}\n{message}\n",
            message.len()
        )
        .into_bytes();
        if let Some(parent) = parent {
            script.extend(format!("from {parent}\n").into_bytes());
        }
        for change in changes {
            let (mode, path, data): (&str, &str, &[u8]) = match change {
                Change::File(path, data) => ("100644", path, data),
                Change::Script(path, data) => ("100755", path, data),
                Change::Symlink(path, target) => ("120000", path, target.as_bytes()),
                Change::Submodule(path, commit) => {
                    script.extend(format!("M 160000 {commit} {path}\n").into_bytes());
                    continue;
                }
                Change::Delete(path) => {
                    script.extend(format!("D {path}\n").into_bytes());
                    continue;
                }
            };
            script.extend(format!("M {mode} inline {path}\ndata {}\n", data.len()).into_bytes());
            script.extend_from_slice(data);
            script.push(b'\n');
        }
        let mut import = git();
        import.arg("--git-dir").arg(&self.path).args(["fast-import", "--quiet", "--force"]);
        let output = run(&mut import, &script)?;
        ensure!(output.status.success(), "git fast-import: {}", String::from_utf8_lossy(&output.stderr));
        self.rev(refname).context("the commit is not there")
    }

    /// The commit a ref or expression stands for.
    pub fn rev(&self, what: &str) -> Option<String> {
        self.git(&["rev-parse", "--verify", "--quiet", &format!("{what}^{{commit}}")]).ok()
    }

    /// A file's text at a ref.
    ///
    /// # Errors
    /// If it is not there.
    pub fn read(&self, refname: &str, path: &str) -> Result<String> {
        let output = git()
            .arg("--git-dir")
            .arg(&self.path)
            .args(["cat-file", "blob", &format!("{refname}:{path}")])
            .output()?;
        ensure!(output.status.success(), "no {path} at {refname}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The subjects of a ref's commits, newest first.
    ///
    /// # Errors
    /// If the ref is not there.
    pub fn log(&self, refname: &str) -> Result<Vec<String>> {
        Ok(self.git(&["log", "--format=%s", refname])?.lines().map(str::to_owned).collect())
    }

    /// A commit's whole message.
    ///
    /// # Errors
    /// If the ref is not there.
    pub fn message(&self, refname: &str) -> Result<String> {
        self.git(&["log", "-1", "--format=%B", refname])
    }

    /// `mode path` of every entry at a ref.
    ///
    /// # Errors
    /// If the ref is not there.
    pub fn modes(&self, refname: &str) -> Result<Vec<String>> {
        self.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", refname])
            .map(|text| text.lines().map(str::to_owned).collect())
    }

    /// The paths that differ between two revisions.
    ///
    /// # Errors
    /// If one of them is not there.
    pub fn changed(&self, from: &str, to: &str) -> Result<Vec<String>> {
        Ok(self.git(&["diff", "--name-only", from, to])?.lines().map(str::to_owned).collect())
    }

    /// Installs a hook; `script` is `sh`, run in the repository.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn hook(&self, name: &str, script: &str) -> Result<()> {
        let path = self.path.join("hooks").join(name);
        std::fs::create_dir_all(self.path.join("hooks"))?;
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        Ok(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?)
    }

    /// Whether every object is whole and every ref leads somewhere.
    ///
    /// # Errors
    /// What `git fsck` found.
    pub fn fsck(&self) -> Result<()> {
        let output =
            git().arg("--git-dir").arg(&self.path).args(["fsck", "--strict", "--no-dangling"]).output()?;
        // What is missing stands on the one, what is damaged on the other.
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        ensure!(output.status.success(), "git fsck: {}", said.concat());
        Ok(())
    }

    /// What `git verify-commit` says of a ssh-signed commit, `allowed` being lines of an allowed-signers file.
    ///
    /// # Errors
    /// If the signature is missing or wrong.
    pub fn verify_ssh(&self, revision: &str, allowed: &str) -> Result<String> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("allowed");
        std::fs::write(&file, allowed)?;
        let setting = format!("gpg.ssh.allowedSignersFile={}", file.display());
        let output = git()
            .arg("--git-dir")
            .arg(&self.path)
            .args(["-c", "gpg.format=ssh", "-c", &setting, "verify-commit", revision])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "verify-commit: {said}");
        Ok(said)
    }

    /// What `git verify-commit` says of a commit signed with GPG, `home` being a GnuPG folder that knows the key.
    ///
    /// # Errors
    /// If the signature is missing or wrong.
    pub fn verify_gpg(&self, revision: &str, home: &Path) -> Result<String> {
        let output = git()
            .env("GNUPGHOME", home)
            .arg("--git-dir")
            .arg(&self.path)
            .args(["verify-commit", revision])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "verify-commit: {said}");
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripted_history_is_what_git_sees() {
        if parts::need(Part::Git).is_none() {
            return;
        }
        let repo = GitRepo::bare().unwrap();
        repo.commit(
            "main",
            "one",
            &[
                Change::File("a/b.yaml", b"x: 1\n"),
                Change::Script("run.sh", b"#!/bin/sh\n"),
                Change::Symlink("l", "a/b.yaml"),
            ],
        )
        .unwrap();
        let second =
            repo.commit("main", "two", &[Change::File("a/b.yaml", b"x: 2\n"), Change::Delete("l")]).unwrap();
        assert_eq!(repo.log("main").unwrap(), ["two", "one"]);
        assert_eq!(repo.read("main", "a/b.yaml").unwrap(), "x: 2\n");
        assert_eq!(repo.modes("main").unwrap(), ["100644 a/b.yaml", "100755 run.sh"]);
        assert_eq!(repo.changed("main~1", "main").unwrap(), ["a/b.yaml", "l"]);
        assert_eq!(repo.rev("main"), Some(second));
        repo.fsck().unwrap();
    }
}
