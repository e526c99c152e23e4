//! Pull requests that nothing is left to do for, or of which that is not known.

use super::faults::{BRANCH, Fleet};
use tagalong_testkit::fake_host::{Fault, Kind, Pull};
use tagalong_testkit::git_repo::Change;

#[test]
fn a_file_that_cannot_be_read_closes_nothing() {
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.once();
    let image = fleet.registry.image("acme/web");
    let line = |tag: &str| format!("image: {image}:{tag} # {{\"$imagepolicy\": \"default:web\"}}\n");
    let conflict = format!("<<<<<<< HEAD\n{}=======\n{}>>>>>>> other\n", line("1.0.0"), line("1.0.1"));
    let change = Change::File("apps/web.yaml", conflict.as_bytes());
    fleet.repo.commit("main", "A conflict", &[change]).unwrap();
    fleet.once();
    let numbers: Vec<u64> = fleet.host.open().iter().map(|pull| pull.number).collect();
    assert_eq!(numbers, [1]);

    fleet.write("web", "1.1.0");
    fleet.once();
    assert_eq!(fleet.host.open().len(), 0);
}

#[test]
fn why_one_is_closed_is_said_once_however_often_it_is_tried() {
    for (kind, method) in [(Kind::GitHub, "PATCH"), (Kind::GitLab, "PUT")] {
        let fleet = Fleet::with_token(kind);
        fleet.once();
        fleet.write("web", "1.1.0");
        fleet.host.fault(Fault::status(403).on(method));
        fleet.once();
        let [closed] = fleet.host.pulls().try_into().unwrap();
        assert!(closed.closed, "the next try closes it");
        assert_eq!(closed.comments.len(), 1, "{kind:?} {:?}", closed.comments);
    }
}

#[test]
fn another_grouping_takes_over_within_the_limit() {
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.image("api");
    fleet.once();
    assert_eq!(fleet.host.open().len(), 2);

    fleet.pull_request(", groupBy: Automation, limits: {open: 2}");
    fleet.once();
    let numbers: Vec<u64> = fleet.host.open().iter().map(|pull| pull.number).collect();
    assert_eq!(numbers, [3]);
    let said = &fleet.host.pulls()[0].comments;
    assert!(said[0].ends_with("/pull/3."), "{said:?}");
}

#[test]
fn what_was_just_written_again_is_what_the_host_is_to_merge() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let fleet = Fleet::with_token(kind);
        fleet.once();
        fleet.pull_request(", autoMerge: Squash");
        fleet.registry.push_tags("acme/web", ["1.2.0"]);
        let before = fleet.host.asked().len();
        fleet.once();
        assert!(fleet.host.open()[0].auto_merge.is_some(), "{kind:?}");
        let asked = fleet.host.asked().split_off(before);
        let merges = asked.iter().filter(|asked| asked.ends_with("/graphql") || asked.ends_with("/merge"));
        assert_eq!(merges.count(), 1, "{kind:?} {asked:?}");
    }
}

#[test]
fn what_was_pushed_and_not_described_is_told_once_it_is() {
    for (kind, method) in [(Kind::GitHub, "PATCH"), (Kind::GitLab, "PUT")] {
        let fleet = Fleet::with_token(kind);
        fleet.once();
        fleet.registry.push_tags("acme/web", ["1.2.0"]);
        fleet.host.fault(Fault::status(502).on(method));
        let ran = fleet.once();
        assert!(ran.stderr.contains("reason=PullRequestRefreshed"), "{kind:?} {}", ran.stderr);
        assert_eq!(fleet.host.open()[0].title, "Update web to 1.2.0");
    }
}

#[test]
fn what_people_added_to_the_one_that_was_merged_last_may_be_replaced() {
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.once();
    let change = Change::File("notes.md", b"a person's");
    let tip = fleet.repo.commit(BRANCH, "A person's commit", &[change]).unwrap();
    fleet.write("web", "1.1.0");
    fleet.host.change(1, |pull| (pull.merged, pull.minute, pull.head) = (true, 50, tip));
    // One that was merged before, and that the host names first: somebody has said something about it.
    let (branch, base) = (BRANCH.to_owned(), "main".to_owned());
    fleet.host.add(Pull {
        branch,
        base,
        merged: true,
        head: "c0ffee".to_owned(),
        minute: 9,
        ..Pull::default()
    });
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    fleet.once();
    assert_eq!(fleet.host.open().len(), 1);
}
