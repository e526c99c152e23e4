//! What a force-push takes away leaves no trace in Git: whoever knew the commit says so, once.

use super::{Person, holds, shop};
use crate::support::{Estate, Ran};

const SAID: &str = "HistoryRewritten";

/// Takes the last `commits` away from main.
fn take_back(estate: &Estate, commits: usize) {
    let back = format!("HEAD~{commits}:main");
    Person::with(estate).git(&["push", "--quiet", "--force", "origin", &back]);
}

/// The lines of a run that say it.
fn said(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter(|line| line.contains(SAID)).collect()
}

#[test]
fn a_force_push_back_is_no_pin_and_is_said() {
    let estate = shop();
    take_back(&estate, 1);
    // Who only looks says it as well, and takes it from nobody.
    assert_eq!(said(&estate.run("plan", &[]).expect(0)).len(), 1);
    assert_eq!(said(&estate.once().expect(0)).len(), 1);
    holds(&estate, "1.1.0");
    assert!(said(&estate.once().expect(0)).is_empty());
}

#[test]
fn a_force_push_is_said_by_the_first_turn_that_goes_to_its_end() {
    let estate = shop();
    take_back(&estate, 1);
    estate.repo.hook("pre-receive", "echo not now >&2; exit 1").unwrap();
    let ran = estate.once().expect(1);
    assert!(ran.stderr.contains("refused"), "{}", ran.stderr);
    assert!(said(&ran).is_empty(), "{}", ran.stderr);
    estate.repo.hook("pre-receive", "exit 0").unwrap();
    let ran = estate.once().expect(0);
    assert_eq!(said(&ran).len(), 1, "{}", ran.stderr);
    holds(&estate, "1.1.0");
    assert!(said(&estate.once().expect(0)).is_empty());
}

#[test]
fn each_automation_that_knew_the_commit_says_it() {
    let estate = shop();
    let second = estate.automation("").replace("{name: fleet}\nspec:", "{name: second}\nspec:");
    estate.object("second.yaml", second.split("---\n").nth(1).unwrap());
    estate.once().expect(0);
    take_back(&estate, 1);
    let ran = estate.once().expect(0);
    for name in ["fleet", "second"] {
        let own = said(&ran).iter().filter(|line| line.contains(&format!("default/{name}"))).count();
        assert_eq!(own, 1, "{name}: {}", ran.stderr);
    }
    assert!(said(&estate.once().expect(0)).is_empty());
}

#[test]
fn a_force_push_in_a_local_repository_is_said_too() {
    let estate = shop();
    let local = estate.repo.path().display().to_string();
    estate.object("fleet.yaml", &estate.automation("").replace(&estate.git.url("fleet.git"), &local));
    assert!(said(&estate.once().expect(0)).is_empty());
    take_back(&estate, 1);
    assert_eq!(said(&estate.once().expect(0)).len(), 1);
    holds(&estate, "1.1.0");
    assert!(said(&estate.once().expect(0)).is_empty());
}
