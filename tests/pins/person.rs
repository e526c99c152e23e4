//! Somebody with a clone and the real `git`.

use crate::support::Estate;
use std::cell::Cell;
use std::path::Path;
use tagalong_testkit::git_repo::git;

/// A clone of an estate's repository.
pub(super) struct Person {
    folder: tempfile::TempDir,
    clock: Cell<u64>,
}

impl Person {
    /// Clones main.
    pub(super) fn with(estate: &Estate) -> Self {
        let person = Self { folder: tempfile::tempdir().unwrap(), clock: Cell::new(1_900_000_000) };
        let remote = estate.repo.path().display().to_string();
        person.git(&["clone", "--quiet", "--branch", "main", &remote, "."]);
        person
    }

    /// Runs git, which must not fail.
    #[track_caller]
    pub(super) fn git(&self, args: &[&str]) -> String {
        let (done, said) = self.try_git(args);
        assert!(done, "git {args:?}: {said}");
        said
    }

    /// Runs git; whether it went well, and what it said.
    pub(super) fn try_git(&self, args: &[&str]) -> (bool, String) {
        let now = self.clock.get() + 1;
        self.clock.set(now);
        let date = format!("{now} +0000");
        let mut command = git();
        command.current_dir(self.folder.path()).args(["-c", "merge.conflictStyle=merge"]).args(args);
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).env("GIT_EDITOR", "true");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// Takes over what is on main.
    pub(super) fn pull(&self) {
        self.git(&["pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main"]);
    }

    /// Pushes the branch that is checked out to main.
    pub(super) fn push(&self) {
        self.git(&["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// Replaces text in a file.
    #[track_caller]
    pub(super) fn replace(&self, path: &str, from: &str, to: &str) {
        let file = self.folder.path().join(path);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(file, text.replace(from, to)).unwrap();
    }

    /// Writes a file.
    pub(super) fn write(&self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// A file's text.
    pub(super) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Commits everything; gives the commit.
    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.head()
    }

    /// The commit that is checked out.
    pub(super) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Sets the tag in `apps/web.yaml`, commits and pushes.
    pub(super) fn set(&self, from: &str, to: &str) -> String {
        self.replace("apps/web.yaml", &format!(":{from} "), &format!(":{to} "));
        let commit = self.commit(&format!("Set {to}"));
        self.push();
        commit
    }

    /// Reverts a commit and pushes.
    pub(super) fn revert(&self, commit: &str) -> String {
        self.git(&["revert", "--no-edit", commit]);
        self.push();
        self.head()
    }
}
