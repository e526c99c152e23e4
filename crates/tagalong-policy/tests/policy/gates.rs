//! The gates one by one, and which candidates are asked about for them.

use crate::{policy, semver};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;
use tagalong_model::Platform;
use tagalong_policy::{Fact, Facts, Gate, MinimumAge, Platforms};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Facts of tags that were first seen at these seconds.
fn seen(tags: &[(&str, i64)]) -> Facts {
    tags.iter()
        .map(|(tag, second)| ((*tag).to_owned(), Fact { first_seen: at(*second), platforms: None }))
        .collect()
}

const AGE: Duration = Duration::from_secs(60);

#[test]
fn a_tag_passes_in_the_very_moment_in_which_it_is_old_enough() {
    let facts = seen(&[("1.0.0", 100), ("9.0.0", i64::from(i32::MAX))]);
    let ask = |now: Timestamp, age: Duration, tag: &str| MinimumAge { age, now, facts: &facts }.check(tag);
    let young = ask(at(160) - Duration::from_nanos(1), AGE, "1.0.0").unwrap_err();
    assert_eq!((young.reason, young.until), ("TooYoung", Some(at(160))));
    assert_eq!(
        young.message,
        "1.0.0 was first seen at 1970-01-01T00:01:40Z and is old enough at 1970-01-01T00:02:40Z"
    );
    assert_eq!(ask(at(160), AGE, "1.0.0"), Ok(()));
    assert_eq!(ask(at(100), Duration::ZERO, "1.0.0"), Ok(()));
    assert_eq!(ask(at(100), Duration::MAX, "1.0.0").unwrap_err().until, Some(Timestamp::MAX));
    assert_eq!(ask(at(200), AGE, "2.0.0").unwrap_err().until, None);
    // A clock that was set back.
    assert!(ask(at(200), AGE, "9.0.0").is_err());
}

/// Which tag is asked about next, at second 1000, where `looked` were looked at.
#[track_caller]
fn check(known: &[(&str, i64)], looked: &[&str], expected: Option<&str>) {
    let ranked = policy(&semver("*")).rank(["1.0.0", "1.1.0", "v1.1.0", "1.2.0", "latest"]).accepted;
    let facts = seen(known);
    let gate = MinimumAge { age: AGE, now: at(1000), facts: &facts };
    let looked: BTreeSet<String> = looked.iter().map(|tag| (*tag).to_owned()).collect();
    let known = |tag: &str| facts.contains_key(tag);
    let next = policy(&semver("*")).question(&ranked, &[&gate], known, &looked).map(ToOwned::to_owned);
    assert_eq!(next.as_deref(), expected);
}

#[test]
fn candidates_are_asked_about_best_first_and_no_further_than_the_winner() {
    check(&[], &[], Some("1.2.0"));
    // It was old enough already: it wins.
    check(&[("1.2.0", 900)], &["1.2.0"], None);
    // It is gone, or moved and nothing is known of it: the next.
    check(&[], &["1.2.0"], Some("1.1.0"));
    // Of equals each may win.
    check(&[("1.1.0", 0)], &["1.2.0", "1.1.0"], Some("v1.1.0"));
    check(&[("1.1.0", 0), ("v1.1.0", 0)], &["1.2.0", "1.1.0", "v1.1.0"], None);
}

#[test]
fn one_that_is_known_to_wait_is_not_asked_about_and_one_that_would_wait_longer_neither() {
    check(&[("1.2.0", 990)], &["1.2.0"], None);
    check(&[("1.2.0", 990)], &[], None);
    check(&[("1.2.0", 990), ("1.0.0", 980)], &[], None);
}

#[test]
fn nothing_wins_by_what_was_known_before() {
    check(&[("1.2.0", 0)], &[], Some("1.2.0"));
    check(&[("1.2.0", 990), ("1.1.0", 0)], &[], Some("1.1.0"));
    check(&[("1.2.0", 990), ("1.1.0", 0), ("v1.1.0", 0)], &["1.1.0", "v1.1.0"], None);
}

#[test]
fn an_image_has_to_be_there_for_every_platform() {
    let platforms = |list: &str| -> Vec<Platform> {
        list.split_whitespace().map(|platform| platform.parse().unwrap()).collect()
    };
    let check = |wanted: &str, found: &str, missing: &str| {
        let fact = Fact { first_seen: at(0), platforms: Some(platforms(found)) };
        let facts = Facts::from([("1.0.0".to_owned(), fact)]);
        let answer = Platforms { wanted: &platforms(wanted), facts: &facts }.check("1.0.0");
        let said = answer.err().map(|refusal| (refusal.reason, refusal.message, refusal.until));
        let list = if found.is_empty() { "none".to_owned() } else { found.replace(' ', ", ") };
        let message = format!("1.0.0 is not there for {missing}; it is for {list}");
        let expected = (!missing.is_empty()).then_some(("PlatformMissing", message, None));
        assert_eq!(said, expected, "{wanted} of {found}");
    };
    check("linux/amd64 linux/arm64", "linux/arm64 linux/amd64 linux/s390x", "");
    check("linux/amd64 linux/arm64", "linux/amd64", "linux/arm64");
    check("linux/amd64 linux/arm64", "", "linux/amd64, linux/arm64");
    check("linux/arm64", "linux/arm64/v8", "");
    check("linux/arm64/v8", "linux/arm64", "");
    check("linux/arm", "linux/arm/v7", "");
    check("linux/arm", "linux/arm/v6", "linux/arm");
    check("linux/arm/v6", "linux/arm/v7 linux/arm64", "linux/arm/v6");
    check("windows/amd64", "linux/amd64", "windows/amd64");
    let nothing_known = Platforms { wanted: &platforms("linux/amd64"), facts: &Facts::new() };
    assert_eq!(nothing_known.check("1.0.0").unwrap_err().reason, "PlatformMissing");
}
