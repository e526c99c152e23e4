//! A pull request that cannot be kept holds up no other.

use super::estate;
use super::faults::{Fleet, ONCE};
use crate::support::run;
use serde_json::json;
use tagalong_testkit::fake_host::{Fault, Kind};

#[test]
fn one_that_the_host_refuses_is_said_and_the_others_are_opened() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let fleet = Fleet::with_token(kind);
        fleet.image("api");
        fleet.host.refuse("tagalong/default/fleet/api");
        let ran = run(fleet.folder.path(), ONCE).expect(1);
        assert!(ran.stderr.contains("refuses"), "{}", ran.stderr);
        let titles: Vec<String> = fleet.host.open().into_iter().map(|pull| pull.title).collect();
        assert_eq!(titles, ["Update web to 1.1.0"], "{kind:?}");
    }
}

#[test]
fn a_token_that_may_not_merge_holds_up_no_other() {
    let fleet = Fleet::with_token(Kind::GitLab);
    fleet.pull_request(", autoMerge: Merge");
    fleet.image("api");
    fleet.host.fault(Fault::status(401).on("PUT"));
    fleet.host.fault(Fault::status(401).on("PUT"));
    let ran = fleet.once();
    assert!(ran.stderr.contains("may not merge (401)"), "{}", ran.stderr);
    assert_eq!(fleet.host.open().len(), 2);
}

#[test]
fn a_branch_that_the_server_refuses_holds_up_no_other() {
    let Some(fleet) = estate::Fleet::new(&["api", "web"], "") else { return };
    let rule = json!({"rule_name": "tagalong/default/fleet/api", "enable_push": false});
    fleet.repository.ask("POST", "/branch_protections", Some(&rule)).unwrap();
    for image in ["api", "web"] {
        fleet.registry.push_tags(&format!("acme/{image}"), ["1.1.0"]);
    }
    let ran = fleet.run("run", &["--once"]).expect(1);
    assert!(
        ran.stderr.contains("the server refused the push to refs/heads/tagalong/default/fleet/api"),
        "{}",
        ran.stderr
    );
    assert_eq!(fleet.open_one().title, "Update web to 1.1.0");
}
