//! Tables: policy and tags in, decision out.

use crate::{alphabetical, filtered, numerical, policy, semver};
use jiff::Timestamp;
use std::{cell::RefCell, cmp::Ordering, collections::BTreeMap};
use tagalong_policy::{
    Direction::{Asc, Desc},
    Gate, GateRefusal, NoTag, OrderSpec, Policy, PolicyError, Refusal, Verdict,
};

/// Checks the winner and what was compared.
#[track_caller]
fn check(policy: &Policy, tags: &[&str], tag: &str, value: &str) {
    let decision = policy.decide(tags.iter().copied(), &[]);
    assert_eq!(decision.verdict, Verdict::Select { tag: tag.to_owned(), value: value.to_owned() });
    assert_eq!(decision.accepted + decision.refused, tags.len());
}

#[test]
fn each_order_has_its_winner() {
    check(&policy(&semver("1.x")), &["1.9.0", "1.10.0", "2.0.0", "latest"], "1.10.0", "1.10.0");
    check(&policy(&alphabetical(Asc)), &["a", "Z", "10", "9"], "a", "a");
    check(&policy(&alphabetical(Desc)), &["a", "Z", "10", "9"], "10", "10");
    check(&policy(&numerical(Asc)), &["9", "10", "-3", "x"], "10", "10");
    check(&policy(&numerical(Desc)), &["9", "10", "-3", "x"], "-3", "-3");
}

#[test]
fn the_extracted_value_is_compared_and_the_tag_selected() {
    let by_time = filtered(&numerical(Asc), "^main-[a-f0-9]+-(?P<ts>[0-9]+)$", "$ts");
    check(&by_time, &["main-f-9", "main-0-10", "dev-0-99"], "main-0-10", "10");
    let built = filtered(&semver("*-0"), "^r([0-9]+)\\.([0-9]+)$", "$1.$2.0-x");
    check(&built, &["r1.9", "r1.10", "r1.10.1"], "r1.10", "1.10.0-x");
    // An absent template and an empty one mean the whole tag, not the match.
    check(&filtered(&alphabetical(Asc), "b", ""), &["abc", "abd", "x"], "abd", "abd");
}

/// Timestamps of 17 digits differ in their last digit only; a float cannot tell them apart.
#[test]
fn numbers_are_exact() {
    check(
        &policy(&numerical(Asc)),
        &["20240131235959998", "20240131235959999"],
        "20240131235959999",
        "20240131235959999",
    );
    check(
        &policy(&numerical(Asc)),
        &["552613297731", "551067109282849"],
        "551067109282849",
        "551067109282849",
    );
}

#[test]
fn one_odd_tag_fails_nothing() {
    let odd = ["", "\u{0}", "ä", "1e5", "NaN", "v", "-", ".", "1.2.3.4", "99999999999999999999.0.0"];
    for (order, good) in [(semver("*"), "1.0.0"), (numerical(Asc), "1")] {
        check(&policy(&order), &[&odd[..], &[good]].concat(), good, good);
    }
}

#[test]
fn equals_are_all_named_whatever_came_first() {
    let by_version = filtered(&semver("*"), "^(v?[0-9.]+)(-alpine.*)?$", "$1");
    for tags in [["7.4.1-alpine3.20", "v7.4.1", "7.4.1"], ["v7.4.1", "7.4.1", "7.4.1-alpine3.20"]] {
        let decision = by_version.decide(tags.into_iter().chain(["7.4.0", "7.4.1"]), &[]);
        assert_eq!(decision.verdict, Verdict::Select { tag: "7.4.1".to_owned(), value: "7.4.1".to_owned() });
        assert_eq!(decision.equals, ["7.4.1", "7.4.1-alpine3.20", "v7.4.1"]);
        assert_eq!(decision.spelling(Some("7.4.1-alpine3.20")), Some("7.4.1-alpine3.20"));
        assert_eq!(decision.spelling(Some("v7.4.0")), Some("v7.4.1"));
    }
    // The value shown belongs to the tag shown, though another spelling of it came first.
    check(&policy(&numerical(Asc)), &["1.0", "01", "1"], "01", "01");
}

#[test]
fn nothing_to_select_has_a_reason() {
    let refusal = |policy: &Policy, tags: &[&str]| match policy.decide(tags.iter().copied(), &[]).verdict {
        Verdict::Refuse { why } => (why.reason(), why.to_string()),
        other => panic!("{other:?}"),
    };
    let filter = filtered(&semver(">=2"), "^r(.*)$", "$1");
    assert_eq!(
        refusal(&filter, &[]),
        ("EmptyListing", "version list argument cannot be empty: no tag is listed".to_owned())
    );
    assert_eq!(
        refusal(&filter, &["1.0.0", "2.0.0"]),
        (
            "FilterLeavesNone",
            "version list argument cannot be empty: no listed tag matches filterTags.pattern".to_owned()
        )
    );
    assert_eq!(
        refusal(&filter, &["1.0.0", "r1.0.0", "rx", "r", "r2.0.0-rc.1", "r3.0.0-rc.1"]),
        (
            "NoneAccepted",
            "unable to determine latest version from provided list: no listed tag is accepted \
             (FilterMismatch: 1, ExtractEmpty: 1, NotAVersion: 1, PreRelease: 1, OutOfRange: 2)"
                .to_owned()
        )
    );
}

/// RULES 2: one tag is judged without a listing.
#[test]
fn a_single_tag_is_judged() {
    let filter = filtered(&semver("1.x"), "^r(.*)$", "$1").excluding(&["\\.sig$", "^r1\\.9"]).unwrap();
    for (tag, expected) in [
        ("r1.2.3", Ok("1.2.3")),
        ("r1.2.3.sig", Err(Refusal::Excluded)),
        ("r1.9.0", Err(Refusal::Excluded)),
        ("1.2.3", Err(Refusal::FilterMismatch)),
        ("r", Err(Refusal::ExtractEmpty)),
        ("rx", Err(Refusal::NotAVersion)),
        ("r1.2.3-rc.1", Err(Refusal::PreRelease)),
        ("r2.0.0", Err(Refusal::OutOfRange)),
    ] {
        assert_eq!(filter.judge(tag).map(|value| value.to_string()), expected.map(str::to_owned), "{tag}");
    }
    assert_eq!(policy(&numerical(Asc)).judge("1e5"), Err(Refusal::NotANumber));
}

#[test]
fn accepted_values_compare_in_the_policys_order() {
    let compare = |order: &OrderSpec, a: &str, b: &str| {
        let policy = policy(order);
        policy.compare(&policy.judge(a).unwrap(), &policy.judge(b).unwrap())
    };
    assert_eq!(compare(&semver("*"), "1.10.0", "1.9.0"), Some(Ordering::Greater));
    assert_eq!(compare(&semver("*"), "v1.0.0", "1.0.0"), Some(Ordering::Equal));
    assert_eq!(compare(&numerical(Asc), "10", "9"), Some(Ordering::Greater));
    assert_eq!(compare(&numerical(Desc), "10", "9"), Some(Ordering::Less));
    assert_eq!(compare(&alphabetical(Asc), "10", "9"), Some(Ordering::Less));
    assert_eq!(compare(&alphabetical(Desc), "10", "9"), Some(Ordering::Greater));
    // A value of an earlier policy may be nothing to the present one, or only out of its range.
    let (old, new) = (policy(&alphabetical(Asc)), policy(&semver(">=2")));
    assert_eq!(new.compare(&old.judge("main").unwrap(), &new.judge("2.0.0").unwrap()), None);
    assert_eq!(new.compare(&old.judge("1.0.0").unwrap(), &new.judge("2.0.0").unwrap()), Some(Ordering::Less));
}

#[test]
fn a_ranking_shows_every_tag_with_its_reason() {
    let by_number = filtered(&numerical(Desc), "^b([0-9a-z]*)$", "$1");
    let ranking = by_number.rank(["b10", "b9", "b", "x", "b09", "bz", "a"]);
    let accepted: Vec<_> = ranking.accepted.iter().map(|r| (r.tag.as_str(), r.value.as_str())).collect();
    assert_eq!(accepted, [("b09", "09"), ("b9", "9"), ("b10", "10")]);
    let refused: Vec<_> =
        ranking.refused.iter().map(|(tag, refusal)| (tag.as_str(), refusal.reason())).collect();
    assert_eq!(
        refused,
        [("a", "FilterMismatch"), ("b", "ExtractEmpty"), ("bz", "NotANumber"), ("x", "FilterMismatch")]
    );
}

#[test]
fn a_bad_spec_names_its_field() {
    let field = |order: &OrderSpec, pattern: &str, extract: &str| {
        let filter =
            tagalong_policy::FilterSpec { pattern: pattern.to_owned(), extract: Some(extract.to_owned()) };
        let error = Policy::compile(order, Some(&filter)).unwrap_err();
        (error.field(), error.to_string())
    };
    let (name, message) = field(&semver(">=x.y"), "", "");
    assert_eq!(name, "policy.semver.range");
    assert!(message.starts_with("improper constraint: \">=x.y\": "), "{message}");
    let (name, message) = field(&semver("*"), "(?=a)", "");
    assert_eq!(name, "filterTags.pattern");
    assert!(message.contains("look-around"), "{message}");
    let (name, message) = field(&semver("*"), "", &"x".repeat(1025));
    assert_eq!(name, "filterTags.extract");
    assert!(message.contains("at most 1024"), "{message}");
    let excluded = policy(&semver("*")).excluding(&["ok", "["]).unwrap_err();
    assert_eq!(excluded.field(), "exclusionList");
    assert!(matches!(excluded, PolicyError::Exclusion(_)));
}

#[test]
fn lint_learns_what_can_never_work() {
    assert!(!policy(&semver(">2 <1")).range_is_satisfiable());
    assert!(policy(&semver(">1 <3")).range_is_satisfiable());
    assert!(policy(&numerical(Asc)).range_is_satisfiable());
    assert_eq!(filtered(&numerical(Asc), "(?P<ts>[0-9]+)", "$tsx${ts}").extract_groups_missing(), ["tsx"]);
    assert_eq!(policy(&numerical(Asc)).extract_groups_missing(), [""; 0]);
}

/// Refuses some tags, and notes which it was asked about.
struct Door {
    reason: &'static str,
    refuses: Vec<(&'static str, Option<i64>)>,
    asked: RefCell<Vec<String>>,
}

impl Door {
    fn new(reason: &'static str, refuses: &[(&'static str, Option<i64>)]) -> Self {
        Self { reason, refuses: refuses.to_vec(), asked: RefCell::default() }
    }
}

impl Gate for Door {
    fn check(&self, tag: &str) -> Result<(), GateRefusal> {
        self.asked.borrow_mut().push(tag.to_owned());
        let Some((_, until)) = self.refuses.iter().find(|(refused, _)| *refused == tag) else {
            return Ok(());
        };
        let until = until.map(|second| Timestamp::from_second(second).unwrap());
        Err(GateRefusal { reason: self.reason, message: format!("{tag} waits"), until })
    }
}

const LISTED: [&str; 5] = ["1.0.0", "3.0.0", "v3.0.0", "2.0.0", "latest"];

/// RULES 1: gates refuse candidates, and the best that passes wins.
#[test]
fn the_best_candidate_that_passes_every_gate_wins() {
    let young = Door::new("TooYoung", &[("3.0.0", Some(9)), ("v3.0.0", None)]);
    let platforms = Door::new("PlatformMissing", &[]);
    let decision = policy(&semver("*")).decide(LISTED, &[&young, &platforms]);
    assert_eq!(decision.verdict, Verdict::Select { tag: "2.0.0".to_owned(), value: "2.0.0".to_owned() });
    let gated: Vec<_> = decision.gated.iter().map(|hit| (hit.tag.as_str(), hit.refusal.reason)).collect();
    assert_eq!(gated, [("3.0.0", "TooYoung"), ("v3.0.0", "TooYoung")]);
    assert_eq!((decision.accepted, decision.refused), (4, 1));
    // Best first, nobody below the winner, and no second gate for what the first refused.
    assert_eq!(*young.asked.borrow(), ["3.0.0", "v3.0.0", "2.0.0"]);
    assert_eq!(*platforms.asked.borrow(), ["2.0.0"]);
}

#[test]
fn of_equals_only_those_that_pass_are_left() {
    let young = Door::new("TooYoung", &[("3.0.0", None)]);
    let decision = policy(&semver("*")).decide(LISTED, &[&young]);
    assert_eq!(decision.equals, ["v3.0.0"]);
    assert_eq!(decision.spelling(Some("2.0.0")), Some("v3.0.0"));
}

#[test]
fn where_no_candidate_passes_the_first_that_will_is_waited_for() {
    let order = policy(&semver(">=2"));
    let waiting = Door::new("TooYoung", &[("3.0.0", None), ("v3.0.0", Some(90)), ("2.0.0", Some(70))]);
    let decision = order.decide(LISTED, &[&waiting]);
    let why = GateRefusal {
        reason: "TooYoung",
        message: "2.0.0 waits".to_owned(),
        until: Some(Timestamp::from_second(70).unwrap()),
    };
    assert_eq!(decision.verdict, Verdict::Hold { until: Timestamp::from_second(70).unwrap(), why });
    assert_eq!(decision.gated.len(), 3);

    let shut = Door::new("PlatformMissing", &[("3.0.0", None), ("v3.0.0", None), ("2.0.0", None)]);
    let Verdict::Refuse { why } = order.decide(LISTED, &[&shut]).verdict else { panic!() };
    assert_eq!(why.reason(), "PlatformMissing");
    assert!(why.to_string().ends_with("PlatformMissing: 3.0.0 waits"), "{why}");
}

#[test]
fn gates_are_not_asked_about_refused_tags() {
    let door = Door::new("TooYoung", &[]);
    let decision = policy(&semver(">=9")).decide(LISTED, &[&door]);
    let reasons = BTreeMap::from([(Refusal::NotAVersion, 1), (Refusal::OutOfRange, 4)]);
    assert_eq!(decision.verdict, Verdict::Refuse { why: NoTag::NoneAccepted(reasons) });
    assert!(door.asked.borrow().is_empty());
}
