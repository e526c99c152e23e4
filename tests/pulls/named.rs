//! Pull requests with a `push.branch`.

use super::faults::Fleet;
use tagalong_testkit::fake_host::Kind;

fn branches(fleet: &Fleet) -> Vec<String> {
    fleet.host.open().into_iter().map(|pull| pull.branch).collect()
}

#[test]
fn a_push_branch_that_is_there_already_is_no_obstacle_and_groups_may_change() {
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.image("api");
    fleet.repo.git(&["branch", "updates", "main"]).unwrap();
    fleet.push_branch("updates");
    fleet.once();
    assert_eq!(branches(&fleet), ["updates-api", "updates-web"]);

    fleet.pull_request(", groupBy: Automation");
    fleet.once();
    assert_eq!(branches(&fleet), ["updates"]);
    let said = &fleet.host.pulls()[0].comments;
    assert!(said[0].contains("superseded by"), "{said:?}");
}

#[test]
fn what_was_refused_before_the_branch_got_a_name_stays_refused() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let fleet = Fleet::with_token(kind);
        fleet.once();
        fleet.close(1);
        fleet.push_branch("updates");
        let ran = fleet.once();
        assert!(ran.stderr.contains("ClosedUnmerged"), "{}", ran.stderr);
        assert_eq!(fleet.host.pulls().len(), 1, "{kind:?}");
    }
}
