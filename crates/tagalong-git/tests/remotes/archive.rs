//! A commit's files as an archive, looked into with another reader.

use crate::support::{never, remote};
use std::collections::BTreeMap;
use std::io::Read as _;
use tagalong_git::{Checkout, ErrorKind, Mirror};
use tagalong_model::RepoPath;
use tagalong_testkit::git_repo::{Change, GitRepo};

fn archive(mirror: &Mirror, commit: &str, folders: &[&str], ignore: Option<&str>) -> Vec<u8> {
    let folders: Vec<RepoPath> = folders.iter().map(|folder| folder.parse().unwrap()).collect();
    let reader = mirror.reader();
    let mut bytes = Vec::new();
    reader.archive(&reader.select(commit, &folders).unwrap(), ignore, &mut bytes).unwrap();
    bytes
}

/// Content and access bits by name; folders end in `/`.
fn contents(bytes: &[u8]) -> BTreeMap<String, (u32, String)> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 0));
        let end = if header.entry_type().is_dir() { "/" } else { "" };
        let name = format!("{}{end}", entry.path().unwrap().display());
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        found.insert(name, (header.mode().unwrap(), text));
    }
    found
}

fn names(bytes: &[u8]) -> Vec<String> {
    contents(bytes).into_keys().collect()
}

#[test]
fn files_alone_are_archived_with_flux_s_modes() {
    let repo = GitRepo::bare().unwrap();
    let long = format!("{}/{}.yaml", "folder".repeat(20), "name".repeat(30));
    let changes = [
        Change::File("a.yaml", b"a"),
        Change::Script("bin/run", b"#!"),
        Change::File(&long, b"long"),
        Change::File("ü/ö.yaml", b"u"),
        Change::Symlink("link", "/etc/passwd"),
        Change::Submodule("sub", "0123456789abcdef0123456789abcdef01234567"),
    ];
    let commit = repo.commit("main", "files", &changes).unwrap();
    let mirror = Mirror::open(repo.path(), &remote(repo.path().to_str().unwrap())).unwrap();
    let bytes = archive(&mirror, &commit, &[], None);
    let folder = format!("{}/", "folder".repeat(20));
    let expected = [
        ("a.yaml", 0o600, "a"),
        ("bin/", 0o750, ""),
        ("bin/run", 0o700, "#!"),
        (folder.as_str(), 0o750, ""),
        (long.as_str(), 0o600, "long"),
        ("ü/", 0o750, ""),
        ("ü/ö.yaml", 0o600, "u"),
    ];
    let expected = expected.map(|(name, mode, text)| (name.to_owned(), (mode, text.to_owned())));
    assert_eq!(contents(&bytes), BTreeMap::from(expected));
    // The header of gzip: no time, no name, no system.
    assert_eq!(bytes.get(..4).zip(bytes.get(4..8)), Some((&[0x1f, 0x8b, 8, 0][..], &[0; 4][..])));
    assert_eq!(bytes.get(9), Some(&255));
}

#[test]
fn the_same_files_make_the_same_bytes_wherever_they_come_from() {
    let (one, other) = (GitRepo::bare().unwrap(), GitRepo::bare().unwrap());
    let files = [Change::File("b/x.yaml", b"x"), Change::File("a.yaml", b"a")];
    let first = one.commit("main", "one", &files).unwrap();
    other.commit("main", "before", &[Change::File("gone", b"")]).unwrap();
    let again = [&files[..], &[Change::Delete("gone")]].concat();
    let second = other.commit("main", "other words", &again).unwrap();
    assert_ne!(first, second);
    let open = |repo: &GitRepo| Mirror::open(repo.path(), &remote(repo.path().to_str().unwrap())).unwrap();
    assert_eq!(archive(&open(&one), &first, &[], None), archive(&open(&other), &second, &[], None));
}

#[test]
fn folders_and_rules_choose_what_is_archived() {
    let repo = GitRepo::bare().unwrap();
    let file = |path: &'static str| Change::File(path, b"x");
    let changes = [
        file("prod/a.yaml"),
        file("prod/deep/b.yaml"),
        file("production/c.yaml"),
        file("top.yaml"),
        Change::File("prod/deep/.sourceignore", b"b.yaml\n"),
    ];
    let commit = repo.commit("main", "files", &changes).unwrap();
    let mirror = Mirror::open(repo.path(), &remote(repo.path().to_str().unwrap())).unwrap();
    let chosen = |folders: &[&str], ignore: Option<&str>| names(&archive(&mirror, &commit, folders, ignore));
    let prod = ["prod/", "prod/a.yaml", "prod/deep/", "prod/deep/.sourceignore"];
    assert_eq!(chosen(&["prod"], None), prod);
    assert_eq!(
        chosen(&["prod/deep"], Some("!b.yaml")),
        ["prod/deep/", "prod/deep/.sourceignore", "prod/deep/b.yaml"]
    );
    assert_eq!(chosen(&["top.yaml", "production"], None), ["production/", "production/c.yaml", "top.yaml"]);
    let missing = ["prod".parse().unwrap(), "prod/none".parse().unwrap()];
    let error = mirror.reader().select(&commit, &missing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "sparse checkout dir 'prod/none' does not exist in repository");
}

#[test]
fn an_annotated_tag_comes_with_its_commit() {
    let repo = GitRepo::bare().unwrap();
    let commit = repo.commit("main", "files", &[Change::File("a.yaml", b"a")]).unwrap();
    repo.git(&["tag", "-a", "-m", "words", "v1", &commit]).unwrap();
    let remote = remote(repo.path().to_str().unwrap());
    let mirror = Mirror::open(repo.path(), &remote).unwrap();
    let fetched = |tag: &str| {
        let want = Checkout { tag: Some(tag.to_owned()), ..Checkout::default() };
        mirror.fetch(&remote, &want, &[], &never).unwrap()
    };
    assert_eq!(fetched("v1").tag, repo.git(&["rev-parse", "refs/tags/v1"]).ok());
    assert_eq!(fetched("v1").commit, commit);
    repo.git(&["tag", "light", &commit]).unwrap();
    assert_eq!(fetched("light").tag, None);
}
