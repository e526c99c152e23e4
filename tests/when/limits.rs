//! `limits`: how much goes at once, and how often.

use super::{WEB, holds, running};
use crate::support::{Estate, Ran, run, tagalong};
use jiff::Timestamp;
use tagalong_testkit::clock::Clock;
use tagalong_testkit::git_repo::git;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

fn shop(extra: &str, files: &[(&str, &str)]) -> Estate {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], files);
    limit(&estate, extra);
    estate
}

fn limit(estate: &Estate, limits: &str) {
    estate.object("fleet.yaml", &estate.automation(&format!("  limits: {{{limits}}}\n")));
}

/// Publishes a tag, and forgets what is known.
fn release(estate: &Estate, tag: &str) {
    estate.registry.push_tag("acme/web", tag);
    std::fs::remove_dir_all(estate.folder().join("state")).unwrap();
}

#[test]
fn more_changes_than_allowed_are_held_until_somebody_allows_exactly_these() {
    let estate = shop("changes: 2", &[("a.yaml", WEB), ("b.yaml", WEB), ("apps/web.yaml", WEB)]);
    let tip = estate.repo.rev("main");
    let ran = estate.once().expect(0);
    let (_, rest) = ran.stdout.split_once("TooManyChanges: 3 fields in 3 files not written yet").unwrap();
    assert_eq!(estate.repo.rev("main"), tip);
    let (_, rest) = rest.split_once("limits.allow: ").unwrap();
    let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    let plan = estate.run("plan", &["-o", "json"]).expect(0).json();
    let waits = &plan["repositories"][0]["waits"][0];
    assert_eq!((&waits["reason"], &waits["until"]), (&"TooManyChanges".into(), &serde_json::Value::Null));
    assert!(waits["message"].as_str().unwrap().contains(&name), "{plan} {name}");

    // Something else is not what was allowed.
    release(&estate, "1.2.0");
    limit(&estate, &format!("changes: 2, allow: {name}"));
    let other = estate.once().expect(0);
    assert!(other.stdout.contains("TooManyChanges"), "{}", other.stdout);
    estate.registry.delete_tag("acme/web", "1.2.0");
    std::fs::remove_dir_all(estate.folder().join("state")).unwrap();
    estate.once().expect(0);
    holds(&estate, "1.1.0");
    // Within the limit nobody is asked.
    release(&estate, "1.2.0");
    limit(&estate, "changes: 3");
    estate.once().expect(0);
    holds(&estate, "1.2.0");
}

#[test]
fn commits_are_counted_in_the_history_of_the_branch() {
    let estate = shop("commitsPerHour: 1", &[("apps/web.yaml", WEB)]);
    estate.once().expect(0);
    holds(&estate, "1.1.0");
    // Somebody's commits are nobody's, however many they are; the mirror is shallow, and there is none.
    let mut tip = estate.repo.rev("main").unwrap();
    let now = format!("{} +0000", Timestamp::now().as_second());
    for _ in 0..60 {
        let mut commit = git();
        commit.env("GIT_COMMITTER_DATE", &now).arg("--git-dir").arg(estate.repo.path());
        commit.args(["commit-tree", "main^{tree}", "-m", "A note", "-p", &tip]);
        tip = String::from_utf8(commit.output().unwrap().stdout).unwrap().trim().to_owned();
    }
    estate.repo.git(&["update-ref", "refs/heads/main", &tip]).unwrap();
    release(&estate, "1.2.0");
    let tip = estate.repo.rev("main");
    let ran = estate.once().expect(0);
    let says = "TooManyCommits: 1 field in 1 file not written yet: limits.commitsPerHour is 1";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    assert_eq!(estate.repo.rev("main"), tip);
    let plan = estate.run("plan", &["-o", "json"]).expect(0).json();
    assert!(plan["repositories"][0]["waits"][0]["until"].is_string(), "{plan}");
    limit(&estate, "commitsPerHour: 2");
    estate.once().expect(0);
    holds(&estate, "1.2.0");
}

#[test]
fn tags_that_come_one_after_the_other_become_one_commit() {
    let estate = shop("quietPeriod: 8s", &[("apps/web.yaml", WEB)]);
    let often = estate.image_and_policy("web", "1.x").replace("interval: 5m", "interval: 1s");
    estate.object("web.yaml", &often);
    let mut running = running(&estate);
    running.until("QuietPeriod: 1 field in 1 file not written yet: a new tag came at");
    estate.registry.push_tag("acme/web", "1.2.0");
    running.until("resolved to 1.2.0");
    running.until("QuietPeriod");
    running.until("pushed commit");
    holds(&estate, "1.2.0");
    assert_eq!(estate.repo.log("main").unwrap().len(), 2);
}

#[test]
fn without_a_new_tag_nothing_is_waited_for() {
    need!(Part::Faketime);
    let estate = shop("quietPeriod: 100h", &[("apps/web.yaml", WEB)]);
    let ran = estate.once().expect(0);
    assert!(ran.stdout.contains("QuietPeriod"), "{}", ran.stdout);
    let clock = Clock::new("+101h").unwrap();
    let mut command = tagalong(estate.folder(), &["run", "objects", "--once", "--state", "state"]);
    clock.wind(&mut command);
    Ran::from(command.output().unwrap()).expect(0);
    holds(&estate, "1.1.0");
}

#[test]
fn limits_that_cannot_be_kept_are_told() {
    let estate = shop("changes: 0", &[("apps/web.yaml", WEB)]);
    let linted = run(estate.folder(), &["lint", "objects"]).expect(1);
    assert!(linted.stdout.contains(".spec.limits.changes"), "{}", linted.stdout);
    limit(&estate, "quietPeriod: a while");
    let linted = run(estate.folder(), &["lint", "objects"]).expect(1);
    assert!(linted.stdout.contains("quietPeriod"), "{}", linted.stdout);
}
