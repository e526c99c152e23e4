//! Repositories behind http, over every way in and with every way to fail.

use crate::support::{MAIN, at, fetch, full_turn, prepare, remote, served, turn};
use tagalong_git::{Auth, Mirror, Pushed};
use tagalong_testkit::{
    git_http::{Access, GitHttp, Options},
    git_repo::Change,
    need,
    parts::Part,
};

#[test]
fn open_basic_and_bearer() {
    need!(Part::GitHttpBackend);
    for (access, auth) in [
        (Access::Open, Auth::None),
        (
            Access::Basic("bot".into(), "s3cret".into()),
            Auth::Basic { username: "bot".into(), password: "s3cret".into() },
        ),
        (Access::Bearer("t0ken".into()), Auth::Bearer("t0ken".into())),
    ] {
        let (root, repo) = served();
        let server = GitHttp::start(root.path(), Options { access, ..Options::default() }).unwrap();
        let mut remote = remote(&server.url("fleet.git"));
        remote.auth = auth;
        full_turn(&repo, &remote);
        let requests = server.take_requests();
        assert_eq!(requests.len(), 5, "credentials go with the first request: {requests:?}");
        assert!(requests.iter().all(|request| request.method == "GET" || request.has_length));
    }
}

#[test]
fn an_unchanged_tip_costs_two_requests_and_nothing_else() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    let base = fetch(&mirror, &remote).unwrap();
    let before = mirror.stats();
    assert_eq!(fetch(&mirror, &remote).unwrap(), base);
    let after = mirror.stats();
    assert_eq!(
        (after.requests - before.requests, after.packs_received - before.packs_received, after.blobs_read),
        (2, 0, 0)
    );
    assert_eq!(mirror.tip(&remote, &[MAIN]).unwrap().get(MAIN), Some(&base));
    assert_eq!(mirror.stats().requests - after.requests, 2);

    let next = repo.commit("main", "two", &[Change::File("a", b"2")]).unwrap();
    assert_eq!(fetch(&mirror, &remote).unwrap(), next);
    assert_eq!(mirror.stats().packs_received, before.packs_received + 1);
    server.take_requests();

    let (commit, pushed) = turn(&mirror, &remote).unwrap();
    assert_eq!(pushed, Pushed::Done);
    let packs = mirror.stats().packs_received;
    assert_eq!(fetch(&mirror, &remote).unwrap(), commit);
    assert_eq!(mirror.stats().packs_received, packs, "what was pushed is not fetched back");
    assert_eq!(mirror.list(&commit, None).unwrap().entries.len(), 5);
}

#[test]
fn a_lost_race_is_a_value_before_and_during_the_push() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let repo = std::sync::Arc::new(repo);
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    let base = fetch(&mirror, &remote).unwrap();
    let prepared = prepare(&mirror, &base, &[("README.md", "x")]);

    let theirs = repo.commit("main", "before", &[Change::File("a", b"1")]).unwrap();
    let moved = Pushed::Moved { refname: MAIN.into(), theirs: Some(theirs.clone()) };
    assert_eq!(mirror.push(&remote, &prepared, &at(&base), &[]).unwrap(), moved);

    let base = fetch(&mirror, &remote).unwrap();
    assert_eq!(base, theirs);
    let prepared = prepare(&mirror, &base, &[("README.md", "x")]);
    let faster = std::sync::Arc::clone(&repo);
    server.before_push(move || drop(faster.commit("main", "during", &[Change::File("a", b"2")]).unwrap()));
    let pushed = mirror.push(&remote, &prepared, &at(&base), &[]).unwrap();
    assert_eq!(pushed, Pushed::Moved { refname: MAIN.into(), theirs: repo.rev("main") });
    assert_eq!(repo.log("main").unwrap()[0], "during");
}
