//! What every test here begins with: a repository with a little history, and one turn of an automation.

use tagalong_git::{Checkout, CommitMeta, Expected, GitError, Mirror, Prepared, Pushed, Remote, Update};
use tagalong_model::RepoPath;
use tagalong_testkit::git_repo::{Change, GitRepo};

pub(crate) const MAIN: &str = "refs/heads/main";

pub(crate) fn fill(repo: &GitRepo) -> String {
    repo.commit("main", "zero", &[Change::File("README.md", b"hello\n")]).unwrap();
    repo.commit(
        "main",
        "one",
        &[
            Change::File("clusters/prod/app.yaml", b"image: app:1.0.0\n"),
            Change::File("clusters/prod/db.yaml", b"image: db:9\n"),
            Change::Script("run.sh", b"#!/bin/sh\nexec app:1.0.0\n"),
            Change::Symlink("clusters/link", "prod"),
            Change::Submodule("vendor", "0123456789012345678901234567890123456789"),
        ],
    )
    .unwrap()
}

/// A filled repository below a root that servers serve, as `fleet.git`.
pub(crate) fn served() -> (tempfile::TempDir, GitRepo) {
    let root = tempfile::tempdir().unwrap();
    let repo = GitRepo::bare_at(&root.path().join("fleet.git")).unwrap();
    fill(&repo);
    (root, repo)
}

pub(crate) fn remote(url: &str) -> Remote {
    Remote::new(url.parse().unwrap())
}

pub(crate) fn meta(message: &str) -> CommitMeta<'_> {
    CommitMeta {
        name: "Tagalong",
        email: "bot@example.com",
        time: jiff::Timestamp::from_second(1_760_000_100).unwrap(),
        message,
        signer: None,
    }
}

pub(crate) fn never(_: &str, _: &[&str]) -> Result<Option<usize>, String> {
    Err("no range is expected here".into())
}

pub(crate) fn fetch(mirror: &Mirror, remote: &Remote) -> Result<String, GitError> {
    mirror.fetch(remote, &Checkout::branch("main"), &[], &never).map(|fetched| fetched.commit)
}

pub(crate) fn edits(files: &[(&str, &str)]) -> Vec<(RepoPath, Vec<u8>)> {
    files.iter().map(|(path, text)| (path.parse().unwrap(), text.as_bytes().to_vec())).collect()
}

pub(crate) fn prepare(mirror: &Mirror, base: &str, files: &[(&str, &str)]) -> Prepared {
    mirror.commit(base, &edits(files), &meta("Update images")).unwrap()
}

pub(crate) fn at(commit: &str) -> Vec<Update> {
    vec![Update { refname: MAIN.into(), expected: Expected::At(commit.into()) }]
}

/// Fetch, edit one file, push: what every transport must be able to do.
pub(crate) fn turn(mirror: &Mirror, remote: &Remote) -> Result<(String, Pushed), GitError> {
    let base = fetch(mirror, remote)?;
    let prepared = prepare(mirror, &base, &[("clusters/prod/app.yaml", "image: app:1.1.0\n")]);
    Ok((prepared.commit(), mirror.push(remote, &prepared, &at(&base), &[])?))
}

/// Runs [`turn`] with a new mirror and checks with `git` that exactly the expected commit is there.
pub(crate) fn full_turn(repo: &GitRepo, remote: &Remote) {
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&state.path().join("mirror"), remote).unwrap();
    let (commit, pushed) =
        turn(&mirror, remote).unwrap_or_else(|error| panic!("{error} ({:?})", error.kind()));
    assert_eq!(pushed, Pushed::Done);
    assert_eq!(repo.rev("main").as_deref(), Some(commit.as_str()));
    assert_eq!(repo.changed("main~1", "main").unwrap(), ["clusters/prod/app.yaml"]);
    assert_eq!(repo.read("main", "clusters/prod/app.yaml").unwrap(), "image: app:1.1.0\n");
    repo.fsck().unwrap();
}
