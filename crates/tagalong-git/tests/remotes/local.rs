//! Repositories on this machine, read and written without a server.

use crate::support::{MAIN, at, fetch, fill, full_turn, prepare, remote, turn};
use tagalong_git::{Checkout, ErrorKind, Expected, Mirror, Pushed, SkippedKind, Update};
use tagalong_testkit::{
    git_repo::{Change, GitRepo},
    need,
    parts::Part,
};

fn open(repo: &GitRepo) -> (Mirror, tagalong_git::Remote) {
    let remote = remote(repo.path().to_str().unwrap());
    (Mirror::open(std::path::Path::new("/nonexistent"), &remote).unwrap(), remote)
}

#[test]
fn a_path_and_a_file_url_are_written_without_git() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    full_turn(&repo, &remote(repo.path().to_str().unwrap()));
    repo.commit("main", "back", &[Change::File("clusters/prod/app.yaml", b"image: app:1.0.0\n")]).unwrap();
    full_turn(&repo, &remote(&format!("file://{}", repo.path().display())));
    repo.git(&["gc", "--quiet"]).unwrap();
    repo.commit("main", "back", &[Change::File("clusters/prod/app.yaml", b"image: app:1.0.0\n")]).unwrap();
    full_turn(&repo, &remote(repo.path().to_str().unwrap()));
}

#[test]
fn only_regular_files_are_listed_and_folders_limit_the_walk() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let commit = fill(&repo);
    let (mirror, _) = open(&repo);
    let listing = mirror.list(&commit, None).unwrap();
    let paths: Vec<&str> = listing.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["README.md", "clusters/prod/app.yaml", "clusters/prod/db.yaml", "run.sh"]);
    assert_eq!(listing.entries.iter().filter(|entry| entry.executable).count(), 1);
    let skipped: Vec<(&str, SkippedKind)> =
        listing.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.kind)).collect();
    assert_eq!(skipped, [("clusters/link", SkippedKind::Symlink), ("vendor", SkippedKind::Submodule)]);

    let prod = "clusters/prod".parse().unwrap();
    assert_eq!(mirror.list(&commit, Some(&prod)).unwrap().entries.len(), 2);
    for missing in ["clusters/link", "clusters/none", "README.md", "vendor"] {
        let error = mirror.list(&commit, Some(&missing.parse().unwrap())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{missing}");
    }
    let app = listing.entries.iter().find(|entry| entry.path.as_str() == "clusters/prod/app.yaml").unwrap();
    assert_eq!(mirror.read(app.blob).unwrap(), b"image: app:1.0.0\n");
    assert_eq!(mirror.stats().blobs_read, 1);
}

#[test]
fn modes_symlinks_and_submodules_stay() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    let before = repo.modes("main").unwrap();
    let (mirror, remote) = open(&repo);
    let base = fetch(&mirror, &remote).unwrap();
    let prepared = prepare(
        &mirror,
        &base,
        &[("run.sh", "#!/bin/sh\nexec app:2\n"), ("clusters/prod/app.yaml", "x"), ("new/a.yaml", "y")],
    );
    assert_eq!(mirror.push(&remote, &prepared, &at(&base), &[]).unwrap(), Pushed::Done);
    let mut expected = before;
    expected.push("100644 new/a.yaml".into());
    expected.sort_by(|a, b| a[7..].cmp(&b[7..]));
    let mut after = repo.modes("main").unwrap();
    after.sort_by(|a, b| a[7..].cmp(&b[7..]));
    assert_eq!(after, expected);
    repo.git(&["-c", "fsck.gitmodulesMissing=ignore", "fsck", "--strict"]).unwrap();
}

#[test]
fn an_edit_never_leads_out_of_the_repository() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let base = fill(&repo);
    let (mirror, _) = open(&repo);
    for path in ["clusters/link/app.yaml", "clusters/link", "vendor/x", "vendor", "clusters", "README.md/x"] {
        let edits = crate::support::edits(&[(path, "x")]);
        let error = mirror.commit(&base, &edits, &crate::support::meta("x")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{path}");
    }
    let twice = crate::support::edits(&[("a", "x"), ("a", "y")]);
    assert_eq!(
        mirror.commit(&base, &twice, &crate::support::meta("x")).err().unwrap().kind(),
        ErrorKind::Invalid
    );
}

#[test]
fn no_difference_is_no_change() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let base = fill(&repo);
    let (mirror, _) = open(&repo);
    assert!(!prepare(&mirror, &base, &[("clusters/prod/db.yaml", "image: db:9\n")]).is_change());
    assert!(!prepare(&mirror, &base, &[]).is_change());
    assert!(prepare(&mirror, &base, &[("clusters/prod/db.yaml", "image: db:10\n")]).is_change());
}

#[test]
fn a_branch_that_moved_is_left_alone() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let base = fill(&repo);
    let (mirror, remote) = open(&repo);
    let prepared = prepare(&mirror, &base, &[("README.md", "x")]);
    let theirs = repo.commit("main", "faster", &[Change::File("other", b"1")]).unwrap();
    let moved = Pushed::Moved { refname: MAIN.into(), theirs: Some(theirs.clone()) };
    assert_eq!(mirror.push(&remote, &prepared, &at(&base), &[]).unwrap(), moved);
    let absent = [Update { refname: MAIN.into(), expected: Expected::Absent }];
    assert_eq!(mirror.push(&remote, &prepared, &absent, &[]).unwrap(), moved);
    assert_eq!(repo.rev("main"), Some(theirs));
    repo.git(&["update-ref", "-d", MAIN]).unwrap();
    let gone = Pushed::Moved { refname: MAIN.into(), theirs: None };
    assert_eq!(mirror.push(&remote, &prepared, &at(&base), &[]).unwrap(), gone);
}

#[test]
fn two_writers_never_lose_a_commit() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let base = fill(&repo);
    let before = repo.log("main").unwrap().len();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let repo = &repo;
            let base = &base;
            scope.spawn(move || {
                let (mirror, remote) = open(repo);
                let mut base = base.clone();
                for n in 0..5 {
                    let file = format!("w{writer}/{n}");
                    loop {
                        let prepared = prepare(&mirror, &base, &[(&file, "x")]);
                        match mirror.push(&remote, &prepared, &at(&base), &[]).unwrap() {
                            Pushed::Done => break,
                            Pushed::Moved { .. } => base = fetch(&mirror, &remote).unwrap(),
                            Pushed::Rejected { why, .. } => panic!("{why}"),
                        }
                    }
                    base = fetch(&mirror, &remote).unwrap();
                }
            });
        }
    });
    assert_eq!(repo.log("main").unwrap().len(), before + 20);
    assert_eq!(repo.modes("main").unwrap().iter().filter(|line| line.contains(" w")).count(), 20);
    repo.fsck().unwrap();
}

#[test]
fn a_branch_that_is_checked_out_is_refused() {
    need!(Part::Git);
    let bare = GitRepo::bare().unwrap();
    fill(&bare);
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    let bare_path = bare.path().to_str().unwrap();
    bare.git(&["clone", "--quiet", bare_path, work.to_str().unwrap()]).unwrap();
    let remote = remote(work.to_str().unwrap());
    let mirror = Mirror::open(dir.path(), &remote).unwrap();
    let (_, pushed) = turn(&mirror, &remote).unwrap();
    assert!(matches!(pushed, Pushed::Rejected { .. }), "{pushed:?}");

    let base = fetch(&mirror, &remote).unwrap();
    let prepared = prepare(&mirror, &base, &[("README.md", "x")]);
    let beside = [Update { refname: "refs/heads/bot".into(), expected: Expected::Absent }];
    assert_eq!(mirror.push(&remote, &prepared, &beside, &[]).unwrap(), Pushed::Done);
}

#[test]
fn what_is_no_usable_repository_is_told_apart() {
    need!(Part::Git);
    let dir = tempfile::tempdir().unwrap();
    let kind = |path: &std::path::Path| {
        let remote = remote(path.to_str().unwrap());
        Mirror::open(dir.path(), &remote).and_then(|mirror| fetch(&mirror, &remote)).unwrap_err().kind()
    };
    assert_eq!(kind(&dir.path().join("none")), ErrorKind::NotFound);
    assert_eq!(kind(dir.path()), ErrorKind::NotFound);
    GitRepo::init(&dir.path().join("sha256.git"), &["--object-format=sha256"]).unwrap();
    assert_eq!(kind(&dir.path().join("sha256.git")), ErrorKind::Sha256Unsupported);
    let empty = GitRepo::bare().unwrap();
    assert_eq!(kind(empty.path()), ErrorKind::EmptyRepository);
    empty.commit("trunk", "one", &[Change::File("a", b"1")]).unwrap();
    assert_eq!(kind(empty.path()), ErrorKind::NotFound);
}

#[test]
fn every_form_of_ref_leads_to_its_commit() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let one = fill(&repo);
    repo.git(&["tag", "-a", "-m", "annotated", "v1.0.0", "main"]).unwrap();
    repo.git(&["tag", "v1.1.0", "main~1"]).unwrap();
    let two = repo.commit("main", "two", &[Change::File("a", b"2")]).unwrap();
    repo.git(&["update-ref", "refs/pull/7/head", "main~1"]).unwrap();
    let (mirror, remote) = open(&repo);
    let last = |_: &str, tags: &[&str]| Ok(tags.iter().position(|tag| *tag == "v1.0.0"));
    let none = Checkout::default;
    for (want, commit, name) in [
        (Checkout::branch("main"), &two, "main"),
        (Checkout { tag: Some("v1.0.0".into()), ..none() }, &one, "v1.0.0"),
        (Checkout { semver: Some(">=1".into()), ..none() }, &one, "v1.0.0"),
        (Checkout { name: Some("refs/pull/7/head".into()), ..none() }, &one, "refs/pull/7/head"),
        (Checkout { commit: Some(one.clone()), branch: Some("main".into()), ..none() }, &one, "main"),
    ] {
        let fetched = mirror.fetch(&remote, &want, &[], &last).unwrap();
        assert_eq!((&fetched.commit, fetched.revision_name.as_str()), (commit, name), "{want:?}");
    }
    let fetched = mirror.fetch(&remote, &Checkout::branch("main"), &["refs/heads/bot", MAIN], &last).unwrap();
    assert_eq!(fetched.tips.into_iter().collect::<Vec<_>>(), [(MAIN.to_owned(), two)]);
}

#[test]
fn a_lock_that_somebody_left_is_named() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let base = fill(&repo);
    let (mirror, remote) = open(&repo);
    let lock = repo.path().join("refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    let prepared = prepare(&mirror, &base, &[("README.md", "x")]);
    let error = mirror.push(&remote, &prepared, &at(&base), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disk);
    assert!(error.to_string().contains("main.lock"), "{error}");
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(mirror.push(&remote, &prepared, &at(&base), &[]).unwrap(), Pushed::Done);
}

/// A lock on main, what `tagalong.lock` says of it, and whether it is in the way.
fn check_lock(lock: &str, says: &str, in_the_way: bool) {
    let repo = GitRepo::bare().unwrap();
    let base = fill(&repo);
    let (mirror, remote) = open(&repo);
    let prepared = prepare(&mirror, &base, &[("README.md", "x")]);
    let (lock, says) = (lock.replace("OURS", &prepared.commit()), says.replace("OURS", &prepared.commit()));
    std::fs::write(repo.path().join("refs/heads/main.lock"), &lock).unwrap();
    std::fs::write(repo.path().join("tagalong.lock"), &says).unwrap();
    let pushed = mirror.push(&remote, &prepared, &at(&base), &[]);
    if in_the_way {
        let error = pushed.unwrap_err();
        assert!(error.to_string().contains("main.lock"), "{lock:?} {says:?}: {error}");
        assert_eq!(std::fs::read_to_string(repo.path().join("refs/heads/main.lock")).unwrap(), lock);
    } else {
        assert_eq!(pushed.unwrap(), Pushed::Done, "{lock:?} {says:?}");
        assert_eq!(repo.rev("main"), Some(prepared.commit()));
    }
    assert_eq!(std::fs::read_to_string(repo.path().join("tagalong.lock")).unwrap(), "");
    repo.fsck().unwrap();
}

#[test]
fn a_lock_that_a_killed_push_left_is_not_in_the_way_and_anybody_elses_is() {
    need!(Part::Git);
    let other = "0123456789012345678901234567890123456789";
    check_lock("", "refs/heads/main OURS\n", false);
    check_lock("OURS\n", "refs/heads/main OURS\n", false);
    check_lock(other, &format!("refs/heads/dev OURS\nrefs/heads/main {other}\n"), false);
    check_lock(other, "refs/heads/main OURS\n", true);
    check_lock("", "refs/heads/dev OURS\n", true);
    check_lock("", "", true);
    check_lock("", "../refs/heads/main OURS\nnonsense", true);
}
