//! The branch of a merged pull request is removed, and no other one.

use super::estate;
use super::faults::{BRANCH, Fleet};
use tagalong_testkit::fake_host::{Kind, Pull};
use tagalong_testkit::git_repo::Change;

/// A fleet whose pull request was merged by squashing, or closed, with this at the tip of its branch.
fn ended(kind: Kind, merged: bool, tip: &str, fleet: &Fleet) {
    fleet.write("web", "1.1.0");
    fleet.host.change(1, |pull| {
        (pull.merged, pull.closed, pull.minute, pull.head) = (merged, !merged, 5, tip.to_owned());
        pull.closed_by = (!merged).then(|| ("ada".to_owned(), false));
    });
    fleet.once();
    assert_eq!(fleet.host.open().len(), 0, "{kind:?}");
}

/// One that has just been opened.
fn opened(kind: Kind) -> (Fleet, String) {
    let fleet = Fleet::with_token(kind);
    fleet.once();
    let tip = fleet.repo.rev(BRANCH).unwrap();
    (fleet, tip)
}

#[test]
fn the_branch_of_a_merged_one_is_removed_and_that_of_a_closed_one_stays() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let (fleet, tip) = opened(kind);
        ended(kind, true, &tip, &fleet);
        assert_eq!(fleet.repo.rev(BRANCH), None, "{kind:?}");
        // Nothing is left to be asked about.
        let asked = fleet.host.asked().len();
        fleet.once();
        assert_eq!(fleet.host.asked().len(), asked, "{kind:?}");

        let (fleet, tip) = opened(kind);
        ended(kind, false, &tip, &fleet);
        assert_eq!(fleet.repo.rev(BRANCH), Some(tip), "{kind:?}: it may be reopened");
    }
}

#[test]
fn a_branch_that_somebody_has_pushed_to_stays() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        // Before it was merged, and after.
        for before in [true, false] {
            let (fleet, tip) = opened(kind);
            let change = Change::File("notes.md", b"a person's");
            let theirs = fleet.repo.commit(BRANCH, "A person's commit", &[change]).unwrap();
            ended(kind, true, if before { &theirs } else { &tip }, &fleet);
            assert_eq!(fleet.repo.rev(BRANCH), Some(theirs), "{kind:?}");
        }
    }
}

#[test]
fn a_branch_that_another_one_needs_stays() {
    let (fleet, tip) = opened(Kind::GitHub);
    let (branch, base) = ("feature".to_owned(), BRANCH.to_owned());
    fleet.repo.git(&["branch", "feature", BRANCH]).unwrap();
    fleet.host.add(Pull { branch, base, head: tip.clone(), ..Pull::default() });
    fleet.write("web", "1.1.0");
    fleet.host.change(1, |pull| (pull.merged, pull.minute, pull.head) = (true, 5, tip.clone()));
    fleet.once();
    assert_eq!(fleet.repo.rev(BRANCH), Some(tip));
}

#[test]
fn however_gitea_merged_it_its_branch_is_removed() {
    for how in ["merge", "rebase"] {
        let Some(fleet) = estate::Fleet::new(&["web"], "") else { return };
        fleet.registry.push_tags("acme/web", ["1.1.0"]);
        fleet.once();
        let pull = fleet.open_one();
        fleet.repository.merge(pull.number, how).unwrap();
        fleet.once();
        assert!(fleet.repository.tip(&pull.branch).is_none(), "{how}");
        assert_eq!(fleet.on_main("web"), fleet.file("web", "1.1.0"));
    }
}
