//! Pull requests of people beside those of the automation.

use super::faults::{BRANCH, Fleet};
use tagalong_testkit::fake_host::{Kind, Pull};

#[test]
fn what_people_open_from_its_branches_is_never_closed() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let fleet = Fleet::with_token(kind);
        fleet.once();
        // A backport from its branch, one below its name whose branch was pushed meanwhile, and one of its own whose
        // branch cannot be seen.
        let add = |branch: &str, base: &str, body: &str| {
            fleet.host.add(Pull {
                branch: branch.to_owned(),
                base: base.to_owned(),
                body: body.to_owned(),
                ..Pull::default()
            })
        };
        let backport = add(BRANCH, "release-1.2", "A backport");
        let below = add("tagalong/default/fleet/lodash", "main", "By hand");
        let unseen = add("tagalong/default/fleet/unseen", "main", "<!-- tagalong:c0ffee -->");
        fleet.once();
        for number in [1, backport, below, unseen] {
            let pulls = fleet.host.pulls();
            let pull = pulls.iter().find(|pull| pull.number == number).unwrap();
            assert!(!pull.closed && pull.comments.is_empty(), "{kind:?} {pull:?}");
        }

        // Its own one is still closed when it was sent elsewhere.
        fleet.host.change(1, |pull| pull.base = "release-1.2".to_owned());
        fleet.once();
        let numbers: Vec<u64> = fleet.host.open().iter().map(|pull| pull.number).collect();
        assert_eq!(numbers, [backport, below, unseen, 5], "{kind:?}");
    }
}
