//! What servers say to a push: hooks, options, several refs, refs that stand for an action, branches that go.

use crate::support::{MAIN, at, fetch, prepare, remote, served};
use std::sync::Arc;
use tagalong_git::{ErrorKind, Expected, Mirror, Pushed, Remote, Update};
use tagalong_testkit::{
    git_http::{GitHttp, Options},
    git_repo::{Change, GitRepo},
    need,
    parts::Part,
};

struct Bed {
    repo: Arc<GitRepo>,
    server: GitHttp,
    remote: Remote,
    mirror: Mirror,
    base: String,
    _root: tempfile::TempDir,
    _state: tempfile::TempDir,
}

fn bed() -> Bed {
    let (root, repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    let base = fetch(&mirror, &remote).unwrap();
    Bed { repo: Arc::new(repo), server, remote, mirror, base, _root: root, _state: state }
}

fn update(refname: &str, expected: Expected) -> Update {
    Update { refname: refname.into(), expected }
}

#[test]
fn a_hook_that_refuses_is_quoted_cleanly() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    bed.repo.hook("pre-receive", "printf 'policy \\033[31mforbids\\033[0m this\\r\\n' >&2; exit 1").unwrap();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let pushed = bed.mirror.push(&bed.remote, &prepared, &at(&bed.base), &[]).unwrap();
    let Pushed::Rejected { refname, why } = pushed else { panic!("{pushed:?}") };
    assert_eq!(refname, MAIN);
    assert_eq!(why, "pre-receive hook declined: policy [31mforbids [0m this");
    assert_eq!(bed.repo.rev("main"), Some(bed.base.clone()));

    bed.repo.hook("pre-receive", "yes 'a very long complaint' | head -c 200000 >&2; exit 1").unwrap();
    let pushed = bed.mirror.push(&bed.remote, &prepared, &at(&bed.base), &[]).unwrap();
    assert!(matches!(&pushed, Pushed::Rejected { why, .. } if why.len() < 600), "{pushed:?}");
}

#[test]
fn a_protected_branch_is_refused() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    bed.repo
        .hook("update", "[ $1 = refs/heads/main ] && echo 'protected branch' >&2 && exit 1; exit 0")
        .unwrap();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let pushed = bed.mirror.push(&bed.remote, &prepared, &at(&bed.base), &[]).unwrap();
    assert!(
        matches!(&pushed, Pushed::Rejected { why, .. } if why.contains("protected branch")),
        "{pushed:?}"
    );
    let beside = [update("refs/heads/bot", Expected::Absent)];
    assert_eq!(bed.mirror.push(&bed.remote, &prepared, &beside, &[]).unwrap(), Pushed::Done);
    assert_eq!(bed.repo.rev("bot"), Some(prepared.commit()));
}

#[test]
fn options_arrive_in_hooks_one_line_each() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    bed.repo
        .hook("pre-receive", "i=0; while [ $i -lt $GIT_PUSH_OPTION_COUNT ]; do eval \"echo \\$GIT_PUSH_OPTION_$i\"; i=$((i+1)); done > options")
        .unwrap();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let options = [("merge_request.create", ""), ("merge_request.title", "Update\nci.skip")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(bed.mirror.push(&bed.remote, &prepared, &at(&bed.base), &options).unwrap(), Pushed::Done);
    let arrived = std::fs::read_to_string(bed.repo.path().join("options")).unwrap();
    assert_eq!(arrived, "merge_request.create\nmerge_request.title=Updateci.skip\n");

    bed.repo.git(&["config", "receive.advertisePushOptions", "false"]).unwrap();
    let base = fetch(&bed.mirror, &bed.remote).unwrap();
    let prepared = prepare(&bed.mirror, &base, &[("README.md", "y")]);
    let error = bed.mirror.push(&bed.remote, &prepared, &at(&base), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.to_string().contains("push options"), "{error}");
}

#[test]
fn several_refs_move_together_or_not_at_all() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let both = [update(MAIN, Expected::At(bed.base.clone())), update("refs/for/main", Expected::Anything)];
    bed.repo.hook("update", "[ $1 != refs/for/main ]").unwrap();
    let pushed = bed.mirror.push(&bed.remote, &prepared, &both, &[]).unwrap();
    assert!(matches!(&pushed, Pushed::Rejected { refname, .. } if refname == "refs/for/main"), "{pushed:?}");
    assert_eq!(bed.repo.rev("main"), Some(bed.base.clone()));

    bed.repo.hook("update", "exit 0").unwrap();
    assert_eq!(bed.mirror.push(&bed.remote, &prepared, &both, &[]).unwrap(), Pushed::Done);
    assert_eq!(bed.repo.rev("refs/for/main"), Some(prepared.commit()));
    // The ref that stands for an action may hold anything by now.
    let base = prepared.commit();
    let next = prepare(&bed.mirror, &base, &[("README.md", "y")]);
    let both = [update(MAIN, Expected::At(base)), update("refs/for/main", Expected::Anything)];
    assert_eq!(bed.mirror.push(&bed.remote, &next, &both, &[]).unwrap(), Pushed::Done);
    assert_eq!(
        (bed.repo.rev("main"), bed.repo.rev("refs/for/main")),
        (Some(next.commit()), Some(next.commit()))
    );
}

#[test]
fn a_branch_is_removed_only_from_where_it_is_known_to_stand() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    bed.repo.git(&["branch", "done", "main"]).unwrap();
    let done = "refs/heads/done";
    let moved = bed.repo.commit("done", "A person's commit", &[Change::File("a", b"1")]).unwrap();
    let refused = bed.mirror.remove(&bed.remote, done, &bed.base).unwrap();
    assert_eq!(refused, Pushed::Moved { refname: done.into(), theirs: Some(moved.clone()) });
    // Somebody is faster.
    let repo = Arc::clone(&bed.repo);
    bed.server.before_push(move || drop(repo.commit("done", "faster", &[Change::File("a", b"2")]).unwrap()));
    let refused = bed.mirror.remove(&bed.remote, done, &moved).unwrap();
    assert!(matches!(&refused, Pushed::Moved { .. }), "{refused:?}");
    let tip = bed.repo.rev("done").unwrap();
    bed.repo.hook("update", "echo 'nothing goes here' >&2; exit 1").unwrap();
    let refused = bed.mirror.remove(&bed.remote, done, &tip).unwrap();
    assert!(
        matches!(&refused, Pushed::Rejected { why, .. } if why.contains("nothing goes here")),
        "{refused:?}"
    );
    bed.repo.hook("update", "exit 0").unwrap();
    assert_eq!(bed.mirror.remove(&bed.remote, done, &tip).unwrap(), Pushed::Done);
    assert_eq!((bed.repo.rev("done"), bed.repo.rev("main")), (None, Some(bed.base.clone())));
    let gone = bed.mirror.remove(&bed.remote, done, &tip).unwrap();
    assert_eq!(gone, Pushed::Moved { refname: done.into(), theirs: None });
}

#[test]
fn a_branch_deleted_before_or_during_the_push() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let repo = Arc::clone(&bed.repo);
    bed.repo.git(&["branch", "keep", "main"]).unwrap();
    bed.server.before_push(move || drop(repo.git(&["update-ref", "-d", MAIN]).unwrap()));
    let gone = Pushed::Moved { refname: MAIN.into(), theirs: None };
    assert_eq!(bed.mirror.push(&bed.remote, &prepared, &at(&bed.base), &[]).unwrap(), gone);
    assert_eq!(bed.mirror.push(&bed.remote, &prepared, &at(&bed.base), &[]).unwrap(), gone);
    assert_eq!(fetch(&bed.mirror, &bed.remote).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_branch_that_appears_meanwhile_is_not_overwritten() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let repo = Arc::clone(&bed.repo);
    bed.server.before_push(move || drop(repo.commit("bot", "theirs", &[Change::File("a", b"1")]).unwrap()));
    let absent = [update("refs/heads/bot", Expected::Absent)];
    let pushed = bed.mirror.push(&bed.remote, &prepared, &absent, &[]).unwrap();
    assert_eq!(pushed, Pushed::Moved { refname: "refs/heads/bot".into(), theirs: bed.repo.rev("bot") });
    assert_eq!(bed.repo.log("bot").unwrap(), ["theirs"]);
}

#[test]
fn a_name_that_can_never_be_made_is_no_race() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    let prepared = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let below = [update("refs/heads/main/sub", Expected::Absent)];
    let pushed = bed.mirror.push(&bed.remote, &prepared, &below, &[]).unwrap();
    assert!(matches!(pushed, Pushed::Rejected { .. }), "{pushed:?}");
}

#[test]
fn a_push_branch_is_rebuilt_by_its_old_tip() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    let first = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    let name = "refs/heads/bot";
    assert_eq!(
        bed.mirror.push(&bed.remote, &first, &[update(name, Expected::Absent)], &[]).unwrap(),
        Pushed::Done
    );
    let base = bed.repo.commit("main", "on", &[Change::File("a", b"1")]).unwrap();
    assert_eq!(fetch(&bed.mirror, &bed.remote).unwrap(), base);
    let second = prepare(&bed.mirror, &base, &[("README.md", "x")]);
    let again = [update(name, Expected::At(first.commit()))];
    assert_eq!(bed.mirror.push(&bed.remote, &second, &again, &[]).unwrap(), Pushed::Done);
    assert_eq!(bed.repo.rev("bot~1"), Some(base));
    bed.repo.fsck().unwrap();
}

#[test]
fn whose_commits_are_on_a_branch() {
    need!(Part::GitHttpBackend);
    let bed = bed();
    let name = "refs/heads/bot";
    let ours = prepare(&bed.mirror, &bed.base, &[("README.md", "x")]);
    bed.mirror.push(&bed.remote, &ours, &[update(name, Expected::Absent)], &[]).unwrap();
    // The base goes on, twice; neither belongs to the branch.
    bed.repo.commit("main", "on", &[Change::File("a", b"1")]).unwrap();
    bed.repo.commit("main", "and on", &[Change::File("a", b"2")]).unwrap();
    fetch(&bed.mirror, &bed.remote).unwrap();
    let local = remote(bed.repo.path().to_str().unwrap());
    let direct = Mirror::open(bed.repo.path(), &local).unwrap();
    let messages = |expected: &[&str]| {
        for (mirror, remote) in [(&bed.mirror, &bed.remote), (&direct, &local)] {
            let found = mirror.commits_beyond(remote, name, MAIN).unwrap();
            assert_eq!(found.iter().map(|commit| commit.message.trim_end()).collect::<Vec<_>>(), expected);
        }
    };
    messages(&["Update images"]);
    let info = bed.mirror.commit_info(&ours.commit()).unwrap();
    assert_eq!(
        (info.author_name.as_str(), info.author_email.as_str(), info.parents),
        ("Tagalong", "bot@example.com", vec![bed.base.clone()])
    );
    bed.repo.commit("bot", "a person's", &[Change::File("b", b"1")]).unwrap();
    bed.repo.commit("bot", "another", &[Change::File("b", b"2")]).unwrap();
    messages(&["another", "a person's", "Update images"]);
    bed.repo.git(&["update-ref", name, MAIN]).unwrap();
    messages(&[]);
    bed.repo.git(&["update-ref", name, "main~1"]).unwrap();
    messages(&[]);
    let missing = bed.mirror.commits_beyond(&bed.remote, "refs/heads/none", MAIN).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}
