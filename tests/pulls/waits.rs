//! What a pull request waits for, beside its own limits: `schedule`, `limits` and `minimumAge`, as a push does.

use super::faults::{BRANCH, Fleet, ONCE};
use crate::support::{Ran, run, tagalong};
use tagalong_testkit::clock::Clock;
use tagalong_testkit::fake_host::Kind;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// `run --once`, so much later.
#[track_caller]
fn later(fleet: &Fleet, how_much: &str) -> Ran {
    let clock = Clock::new(how_much).unwrap();
    let mut command = tagalong(fleet.folder.path(), ONCE);
    clock.wind(&mut command);
    Ran::from(command.output().unwrap()).expect(0)
}

/// The titles of those that are open.
fn titles(fleet: &Fleet) -> Vec<String> {
    fleet.host.open().into_iter().map(|pull| pull.title).collect()
}

/// Gives the automation this below its `spec`.
fn extend(fleet: &Fleet, lines: &str) {
    fleet.replace(
        "spec:\n  interval: 5m\n  sourceRef: {kind: GitRepository",
        &format!("spec:\n{lines}  interval: 5m\n  sourceRef: {{kind: GitRepository"),
    );
}

#[test]
fn while_new_tags_keep_coming_none_is_opened_or_refreshed() {
    need!(Part::Faketime);
    let fleet = Fleet::with_token(Kind::GitHub);
    extend(&fleet, "  limits: {quietPeriod: 100h}\n");
    let ran = fleet.once();
    assert!(ran.stdout.contains("QuietPeriod: 1 field in 1 file not written yet"), "{}", ran.stdout);
    assert_eq!((fleet.host.pulls().len(), fleet.repo.rev(BRANCH)), (0, None));
    later(&fleet, "+101h");
    assert_eq!(titles(&fleet), ["Update web to 1.1.0"]);

    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    let tip = fleet.repo.rev(BRANCH);
    let ran = later(&fleet, "+102h");
    assert!(ran.stdout.contains("QuietPeriod"), "{}", ran.stdout);
    assert_eq!((titles(&fleet), fleet.repo.rev(BRANCH)), (vec!["Update web to 1.1.0".to_owned()], tip));
    later(&fleet, "+203h");
    assert_eq!(titles(&fleet), ["Update web to 1.2.0"]);
    assert_eq!(fleet.host.pulls().len(), 1);
}

#[test]
fn changes_are_counted_where_nobody_is_asked() {
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.image("api");
    fleet.pull_request(", autoMerge: Squash");
    extend(&fleet, "  limits: {changes: 1}\n");
    let ran = fleet.once();
    let (_, rest) = ran.stdout.split_once("TooManyChanges: 2 fields in 2 files not written yet").unwrap();
    assert_eq!(fleet.host.pulls().len(), 0);
    let (_, rest) = rest.split_once("limits.allow: ").unwrap();
    let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    let plan = run(fleet.folder.path(), &["plan", "objects", "-o", "json"]).expect(0).json();
    assert_eq!(plan["repositories"][0]["waits"][0]["reason"], "TooManyChanges", "{plan}");

    fleet.replace("{changes: 1}", &format!("{{changes: 1, allow: {name}}}"));
    fleet.once();
    assert_eq!(fleet.host.pulls().len(), 2);
}

#[test]
fn changes_are_not_counted_where_a_person_merges_nor_are_commits() {
    let fleet = Fleet::with_token(Kind::GitLab);
    fleet.image("api");
    extend(&fleet, "  limits: {changes: 1, commitsPerHour: 1}\n");
    fleet.once();
    assert_eq!(titles(&fleet).len(), 2);
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    fleet.once();
    assert!(titles(&fleet).contains(&"Update web to 1.2.0".to_owned()), "{:?}", titles(&fleet));
}

#[test]
fn a_young_tag_is_in_none_and_the_one_before_it_stands() {
    need!(Part::Faketime);
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.replace("{range: 1.x}}}", "{range: 1.x}}, minimumAge: 24h}");
    let ran = run(fleet.folder.path(), ONCE);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("TooYoung"), "{}", ran.stdout);
    assert_eq!(fleet.host.pulls().len(), 0);
    later(&fleet, "+25h");
    assert_eq!(titles(&fleet), ["Update web to 1.1.0"]);

    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    let tip = fleet.repo.rev(BRANCH);
    later(&fleet, "+26h");
    assert_eq!((titles(&fleet), fleet.repo.rev(BRANCH)), (vec!["Update web to 1.1.0".to_owned()], tip));
    later(&fleet, "+51h");
    assert_eq!(titles(&fleet), ["Update web to 1.2.0"]);
    assert_eq!(fleet.host.pulls().len(), 1);
}

#[test]
fn when_its_window_closes_one_stands_and_it_goes_on_when_it_opens() {
    let fleet = Fleet::with_token(Kind::GitHub);
    fleet.once();
    let tip = fleet.repo.rev(BRANCH);
    extend(&fleet, "  schedule: [{cron: \"59 3 29 2 *\", window: 1s}]\n");
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    let ran = fleet.once();
    assert!(ran.stdout.contains("WindowClosed"), "{}", ran.stdout);
    assert_eq!((titles(&fleet), fleet.repo.rev(BRANCH)), (vec!["Update web to 1.1.0".to_owned()], tip));
    fleet.replace("\"59 3 29 2 *\", window: 1s", "\"* * * * *\", window: 1h");
    fleet.once();
    assert_eq!(titles(&fleet), ["Update web to 1.2.0"]);
}
