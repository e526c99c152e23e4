//! A revert is a pin: the decision table of docs/pins.md, row by row, on real repositories with the real `git`.

mod commands;
mod edits;
mod history;
mod merges;
mod person;
mod policies;
mod reverts;
mod rewritten;

use crate::support::{Estate, Ran};
use person::Person;
use std::collections::BTreeSet;

/// The file most rows are about.
const WEB: &str = "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";

/// An estate in which the automation has just moved `apps/web.yaml` from 1.0.0 to 1.1.0.
fn shop() -> Estate {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.once().expect(0);
    holds(&estate, "1.1.0");
    estate
}

/// The tag that stands in `apps/web.yaml` on main.
#[track_caller]
fn holds(estate: &Estate, tag: &str) {
    holds_in(estate, "apps/web.yaml", tag);
}

#[track_caller]
fn holds_in(estate: &Estate, path: &str, tag: &str) {
    let text = estate.repo.read("main", path).unwrap();
    assert!(text.contains(&format!(":{tag} ")), "{tag} expected in {text}");
}

/// Runs, and checks that nothing is written because somebody refused `tag`; the same without any state.
#[track_caller]
fn pinned(estate: &Estate, tag: &str) -> Ran {
    let tip = estate.repo.rev("main");
    let ran = estate.once().expect(0);
    assert_eq!(estate.repo.rev("main"), tip, "{}", ran.stderr);
    assert!(ran.stderr.contains("Reverted"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("took {tag} away")), "{}", ran.stderr);
    forget(estate);
    let again = estate.once().expect(0);
    assert_eq!(estate.repo.rev("main"), tip, "without its state: {}", again.stderr);
    assert!(again.stderr.contains(&format!("took {tag} away")), "{}", again.stderr);
    again
}

/// Runs without state, and checks that the tag is written, or stands there already, and nothing is held.
#[track_caller]
fn flows(estate: &Estate, tag: &str) {
    forget(estate);
    let ran = estate.once().expect(0);
    assert!(!ran.stderr.contains("Reverted"), "{}", ran.stderr);
    holds(estate, tag);
}

/// Pushes a newer tag into the registry.
fn release(estate: &Estate, tag: &str) {
    estate.registry.push_tag("acme/web", tag);
    // The listing that is kept would be fresh enough for minutes.
    forget(estate);
}

/// Deletes everything that the program keeps.
fn forget(estate: &Estate) {
    drop(std::fs::remove_dir_all(estate.folder().join("state")));
}

#[test]
fn each_row_of_the_decision_table_is_a_test_and_each_test_is_named_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/pins.md")).unwrap();
    let is_test = |word: &&str| word.contains('_') && !word.contains(['{', ' ']);
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(is_test).collect();
    let mut tests = BTreeSet::new();
    for file in std::fs::read_dir(root.join("tests/pins")).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let of_tests = source.split("#[test]\nfn ").skip(1);
        tests.extend(of_tests.filter_map(|test| test.split('(').next().map(ToOwned::to_owned)));
    }
    assert!(tests.len() > 30, "{tests:?}");
    assert_eq!(named, tests.iter().map(String::as_str).collect());
}
