//! The copy in the state folder: what it costs, and what happens when it is broken.

use crate::support::{edits, fetch, full_turn, meta, prepare, remote, served};
use std::{fs, path::Path};
use tagalong_git::{Checkout, Entry, ErrorKind, Mirror, TreeId, Visitor};
use tagalong_model::RepoPath;
use tagalong_testkit::{
    git_http::{GitHttp, Options},
    git_repo::{self, Change, GitRepo},
    need,
    parts::Part,
};

fn packs(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir.join("objects/pack")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "pack"))
        .collect()
}

#[test]
fn the_old_protocol_does_all_of_it_too() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let server = GitHttp::start(root.path(), Options { old_protocol: true, ..Options::default() }).unwrap();
    let remote = remote(&server.url("fleet.git"));
    full_turn(&repo, &remote);
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    fetch(&mirror, &remote).unwrap();
    for n in 0..3u8 {
        let next = repo.commit("main", "next", &[Change::File("clusters/prod/n.yaml", &[n])]).unwrap();
        assert_eq!(fetch(&mirror, &remote).unwrap(), next);
        assert_eq!(mirror.list(&next, None).unwrap().entries.len(), 5);
    }
    let one = Checkout { commit: repo.rev("main~1"), ..Checkout::default() };
    let refused = mirror.fetch(&remote, &one, &[], &crate::support::never);
    assert!(refused.is_ok(), "it was fetched before: {refused:?}");
}

#[test]
fn every_form_of_ref_is_fetched() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let one = repo.rev("main").unwrap();
    repo.git(&["tag", "-a", "-m", "annotated", "v1.0.0", "main"]).unwrap();
    repo.commit("main", "two", &[Change::File("a", b"2")]).unwrap();
    repo.git(&["update-ref", "refs/pull/7/head", "main~2"]).unwrap();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let none = Checkout::default;
    let state = tempfile::tempdir().unwrap();
    for (n, (want, commit)) in [
        (Checkout::branch("main"), repo.rev("main")),
        (Checkout { tag: Some("v1.0.0".into()), ..none() }, Some(one.clone())),
        (Checkout { semver: Some("*".into()), ..none() }, Some(one.clone())),
        (Checkout { name: Some("refs/pull/7/head".into()), ..none() }, repo.rev("main~2")),
        (Checkout { commit: Some(one.clone()), ..none() }, Some(one.clone())),
    ]
    .into_iter()
    .enumerate()
    {
        let mirror = Mirror::open(&state.path().join(n.to_string()), &remote).unwrap();
        let fetched = mirror
            .fetch(&remote, &want, &["refs/heads/main"], &|_, tags| Ok(tags.len().checked_sub(1)))
            .unwrap();
        assert_eq!(Some(&fetched.commit), commit.as_ref(), "{want:?}");
        assert_eq!(fetched.tips.get("refs/heads/main"), repo.rev("main").as_ref());
        mirror.list(&fetched.commit, None).unwrap();
    }
    let mirror = Mirror::open(&state.path().join("none"), &remote).unwrap();
    for want in [
        Checkout::branch("none"),
        Checkout { tag: Some("v9".into()), ..none() },
        Checkout { semver: Some("*".into()), ..none() },
        Checkout { name: Some("refs/pull/8/head".into()), ..none() },
        Checkout { commit: Some("1".repeat(40)), ..none() },
    ] {
        let error = mirror.fetch(&remote, &want, &[], &|_, _| Ok(None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{want:?}: {error}");
    }
    let wrong = Checkout { semver: Some("nonsense".into()), ..none() };
    let error = mirror.fetch(&remote, &wrong, &[], &|_, _| Err("no version".into())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn a_file_that_comes_back_from_the_unfetched_past_is_there() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    repo.commit("main", "old", &[Change::File("config", b"the old text\n")]).unwrap();
    repo.commit("main", "new", &[Change::File("config", b"the new text\n")]).unwrap();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    let base = fetch(&mirror, &remote).unwrap();
    // A commit of our own on top must not let the server think we have its ancestors.
    let ours = prepare(&mirror, &base, &[("README.md", "x")]);
    mirror.push(&remote, &ours, &crate::support::at(&base), &[]).unwrap();
    let back = repo.commit("main", "revert", &[Change::File("config", b"the old text\n")]).unwrap();
    assert_eq!(fetch(&mirror, &remote).unwrap(), back);
    for entry in mirror.list(&back, None).unwrap().entries {
        mirror.read(entry.blob).unwrap();
    }
}

#[test]
fn many_fetches_do_not_pile_up() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("mirror");
    let mirror = Mirror::open(&dir, &remote).unwrap();
    fetch(&mirror, &remote).unwrap();
    for n in 10..80 {
        let mut import = git_repo::git();
        import.arg("--git-dir").arg(&dir).args(["-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"]);
        git_repo::run(&mut import, format!("blob\ndata 2\n{n}\n").as_bytes()).unwrap();
    }
    assert_eq!(packs(&dir).len(), 71);
    let next = repo.commit("main", "next", &[Change::File("a", b"2")]).unwrap();
    assert_eq!(fetch(&mirror, &remote).unwrap(), next);
    assert_eq!(packs(&dir).len(), 1);
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(mirror.list(&next, None).unwrap().entries.len(), 5);
}

#[test]
fn a_damaged_mirror_is_put_aside_and_fetched_anew() {
    need!(Part::GitHttpBackend);
    let (root, _repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("mirror");
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 6] = [
        ("a cut pack", |dir| {
            let pack = packs(dir).remove(0);
            drop(fs::remove_file(pack.with_extension("x")));
            let bytes = fs::read(&pack).unwrap();
            fs::remove_file(&pack).unwrap();
            fs::write(&pack, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("a missing pack", |dir| fs::remove_file(packs(dir).remove(0)).unwrap()),
        ("no HEAD", |dir| fs::remove_file(dir.join("HEAD")).unwrap()),
        ("a wrong config", |dir| fs::write(dir.join("config"), "[core\n").unwrap()),
        ("a wrong shallow file", |dir| fs::write(dir.join("shallow"), "nonsense\n").unwrap()),
        ("something else", |dir| {
            fs::remove_dir_all(dir).unwrap();
            fs::create_dir(dir).unwrap();
            fs::write(dir.join("file"), "x").unwrap();
        }),
    ];
    for (what, damage) in damages {
        let mirror = Mirror::open(&dir, &remote).unwrap();
        fetch(&mirror, &remote).unwrap();
        drop(mirror);
        damage(&dir);
        let mirror = Mirror::open(&dir, &remote).unwrap();
        assert!(mirror.notice().is_some_and(|notice| notice.contains("put aside")), "{what}");
        let commit = fetch(&mirror, &remote).unwrap();
        assert_eq!(mirror.list(&commit, None).unwrap().entries.len(), 4, "{what}");
        assert!(state.path().join("mirror.damaged").exists(), "{what}");
    }
    let mirror = Mirror::open(&dir, &remote).unwrap();
    assert_eq!(mirror.notice(), None);
    mirror.rebuild().unwrap();
    let commit = fetch(&mirror, &remote).unwrap();
    assert_eq!(mirror.list(&commit, None).unwrap().entries.len(), 4);
}

#[test]
fn two_mirrors_in_one_folder_do_not_disturb_each_other() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("mirror");
    drop(Mirror::open(&dir, &remote).unwrap());
    let mut expected = String::new();
    for n in 0..5u8 {
        expected = repo.commit("main", "next", &[Change::File("n", &[n])]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mirror = Mirror::open(&dir, &remote).unwrap();
                    assert_eq!(mirror.notice(), None);
                    let commit = fetch(&mirror, &remote).unwrap();
                    assert_eq!(mirror.list(&commit, None).unwrap().entries.len(), 5);
                });
            }
        });
    }
    assert_eq!(fetch(&Mirror::open(&dir, &remote).unwrap(), &remote).unwrap(), expected);
}

struct Seen {
    known: Vec<TreeId>,
    folders: Vec<(String, TreeId)>,
    files: usize,
}

impl Visitor for Seen {
    fn folder(&mut self, path: &str, tree: TreeId) -> bool {
        self.folders.push((path.to_owned(), tree));
        !self.known.contains(&tree)
    }

    fn file(&mut self, _: Entry) {
        self.files += 1;
    }
}

#[test]
fn an_unchanged_folder_need_not_be_read_again() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let files: Vec<(String, String)> =
        (0..100).map(|n| (format!("d{}/f{n}.yaml", n % 10), format!("n: {n}\n"))).collect();
    let changes: Vec<Change<'_>> =
        files.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
    let one = repo.commit("main", "one", &changes).unwrap();
    let two = repo.commit("main", "two", &[Change::File("d3/f3.yaml", b"n: 3000\n")]).unwrap();
    let remote = remote(repo.path().to_str().unwrap());
    let mirror = Mirror::open(repo.path(), &remote).unwrap();
    let mut first = Seen { known: Vec::new(), folders: Vec::new(), files: 0 };
    mirror.reader().walk(&one, None, &mut first).unwrap();
    assert_eq!((first.files, first.folders.len()), (100, 11));
    let before = mirror.stats().trees_read;
    let mut second = Seen {
        known: first.folders.into_iter().map(|(_, tree)| tree).collect(),
        folders: Vec::new(),
        files: 0,
    };
    mirror.reader().walk(&two, None, &mut second).unwrap();
    assert_eq!((second.files, mirror.stats().trees_read - before), (10, 2));
    let folder: RepoPath = "d4".parse().unwrap();
    assert_eq!(mirror.list(&two, Some(&folder)).unwrap().entries.len(), 10);
}

#[test]
fn a_thousand_edits_of_one_commit_read_each_folder_once() {
    need!(Part::Git);
    let repo = GitRepo::bare().unwrap();
    let files: Vec<(String, String)> =
        (0..1000).map(|n| (format!("a/d{}/f{n}.yaml", n % 20), format!("n: {n}\n"))).collect();
    let changes: Vec<Change<'_>> =
        files.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
    let base = repo.commit("main", "one", &changes).unwrap();
    let remote = remote(repo.path().to_str().unwrap());
    let mirror = Mirror::open(repo.path(), &remote).unwrap();
    let new: Vec<(String, String)> =
        files.iter().map(|(path, text)| (path.clone(), format!("{text}x: 1\n"))).collect();
    let new: Vec<(&str, &str)> = new.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let prepared = mirror.commit(&base, &edits(&new), &meta("all")).unwrap();
    mirror.push(&remote, &prepared, &crate::support::at(&base), &[]).unwrap();
    assert_eq!(repo.changed("main~1", "main").unwrap().len(), 1000);
    assert_eq!(repo.modes("main").unwrap().len(), 1000);
    repo.fsck().unwrap();
}

#[test]
fn an_interrupted_write_does_no_harm() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().join("mirror");
    let mirror = Mirror::open(&dir, &remote).unwrap();
    let base = fetch(&mirror, &remote).unwrap();
    fs::write(dir.join("objects/pack/.tmpAAAA"), "half a pack").unwrap();
    fs::write(dir.join("refs/mirror/heads%2Fmain.lock"), "half a ref").unwrap();
    let mut shallow = fs::read(dir.join("shallow")).unwrap();
    shallow.extend(b"0123456");
    fs::write(dir.join("shallow"), shallow).unwrap();

    let mirror = Mirror::open(&dir, &remote).unwrap();
    assert_eq!(mirror.notice(), None);
    assert_eq!(fetch(&mirror, &remote).unwrap(), base);
    let next = repo.commit("main", "next", &[Change::File("a", b"2")]).unwrap();
    assert_eq!(fetch(&mirror, &remote).unwrap(), next);
    let lines = fs::read_to_string(dir.join("shallow")).unwrap();
    assert_eq!(lines, format!("{base}\n0123456\n{next}\n"));
}
