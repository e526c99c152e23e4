//! What holds for every policy and every listing.

use crate::{alphabetical, filtered, numerical, policy, semver};
use proptest::{collection::vec, prelude::*, sample::select};
use std::cmp::Ordering;
use tagalong_policy::{
    Direction::{Asc, Desc},
    FilterSpec, Gate, GateRefusal, Pattern, Policy, Verdict,
};

/// Lets everything through, and so must change nothing.
struct Open;

impl Gate for Open {
    fn check(&self, _: &str) -> Result<(), GateRefusal> {
        Ok(())
    }
}

fn any_policy() -> impl Strategy<Value = Policy> {
    select(vec![
        policy(&semver("*")),
        policy(&semver(">=1.0.0-0 !=2.0.0 || ~0.1")),
        policy(&semver("1.x")),
        policy(&alphabetical(Asc)),
        policy(&alphabetical(Desc)),
        policy(&numerical(Asc)),
        policy(&numerical(Desc)),
        filtered(&numerical(Asc), "^[a-z]+-(?P<n>.*)$", "$n"),
        filtered(&numerical(Desc), "^(?:[a-z]+-)?([0-9]+)", "$1.5"),
        filtered(&semver("*-0"), "^(?P<version>v?[0-9.]+)(-.*)?$", "$version"),
        filtered(&alphabetical(Asc), "[0-9]", "$0"),
    ])
}

fn any_tag() -> impl Strategy<Value = String> {
    prop_oneof![
        "v?[0-2]\\.[0-2]\\.[0-2](-(rc\\.[0-3]|0|alpine3\\.(9|10)))?",
        "-?0?[0-3]{1,2}(\\.[0-2]0?)?",
        "(main|dev)-[0-9]{1,3}",
        "[a-zA-Z0-9_.-]{1,6}",
        select(vec!["latest", "1e5", "NaN", "v", "1.2", "1.2.3.4"]).prop_map(str::to_owned),
    ]
}

fn listing() -> impl Strategy<Value = Vec<String>> {
    vec(any_tag(), 0..40).prop_map(|mut tags| {
        tags.sort();
        tags.dedup();
        tags
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_order_of_the_listing_changes_nothing(
        policy in any_policy(),
        (sorted, shuffled) in listing().prop_flat_map(|tags| (Just(tags.clone()), Just(tags).prop_shuffle())),
    ) {
        let (a, b) = (sorted.iter().map(String::as_str), shuffled.iter().map(String::as_str));
        prop_assert_eq!(policy.decide(a.clone(), &[]), policy.decide(b.clone(), &[]));
        prop_assert_eq!(policy.decide(a.clone(), &[&Open]), policy.decide(b.clone(), &[]));
        prop_assert_eq!(policy.rank(a), policy.rank(b));
    }

    #[test]
    fn judging_comparing_ranking_and_deciding_agree(policy in any_policy(), tags in listing()) {
        let decision = policy.decide(tags.iter().map(String::as_str), &[]);
        let ranking = policy.rank(tags.iter().map(String::as_str));
        prop_assert_eq!((decision.accepted, decision.refused), (ranking.accepted.len(), ranking.refused.len()));
        for (tag, refusal) in &ranking.refused {
            prop_assert_eq!(policy.judge(tag), Err(*refusal));
        }
        for ranked in &ranking.accepted {
            prop_assert_eq!(policy.judge(&ranked.tag).map(|value| value.to_string()), Ok(ranked.value.clone()));
        }
        for pair in ranking.accepted.windows(2) {
            let stand = policy.compare(&policy.judge(&pair[0].tag).unwrap(), &policy.judge(&pair[1].tag).unwrap());
            let by_bytes = pair[0].tag < pair[1].tag;
            prop_assert!(stand == Some(Ordering::Greater) || (stand == Some(Ordering::Equal) && by_bytes));
        }
        let Verdict::Select { tag, .. } = &decision.verdict else {
            prop_assert!(ranking.accepted.is_empty() && decision.equals.is_empty());
            return Ok(());
        };
        let winner = policy.judge(tag).unwrap();
        let equals = ranking.accepted.iter().map(|ranked| &ranked.tag);
        let equals = equals.filter(|t| policy.compare(&policy.judge(t).unwrap(), &winner) == Some(Ordering::Equal));
        prop_assert_eq!(decision.equals.iter().collect::<Vec<_>>(), equals.collect::<Vec<_>>());
        prop_assert_eq!(Some(tag), decision.equals.first());
    }

    #[test]
    fn accepted_values_are_totally_ordered(policy in any_policy(), tags in vec(any_tag(), 3)) {
        let values: Vec<_> = tags.iter().filter_map(|tag| policy.judge(tag).ok()).collect();
        for a in &values {
            prop_assert_eq!(policy.compare(a, a), Some(Ordering::Equal));
            for b in &values {
                let forth = policy.compare(a, b).unwrap();
                prop_assert_eq!(forth, policy.compare(b, a).unwrap().reverse());
                for c in &values {
                    let (next, both) = (policy.compare(b, c).unwrap(), policy.compare(a, c).unwrap());
                    if forth == next || next == Ordering::Equal {
                        prop_assert_eq!(both, forth);
                    }
                }
            }
        }
    }

    #[test]
    fn a_site_takes_one_of_the_equals(policy in any_policy(), tags in listing(), current in any_tag()) {
        let decision = policy.decide(tags.iter().map(String::as_str), &[]);
        match decision.spelling(Some(&current)) {
            None => prop_assert!(decision.equals.is_empty()),
            Some(tag) if tag == current => prop_assert!(decision.equals.contains(&current)),
            Some(tag) => {
                prop_assert!(!decision.equals.contains(&current));
                prop_assert!(decision.equals.iter().any(|equal| equal == tag));
            }
        }
    }

    #[test]
    fn no_text_brings_anything_down(a in "\\PC{0,24}", b in "[-0-9xX*v.|<>=~^ ,!a]{0,24}", tag in "\\PC{0,12}") {
        for text in [&a, &b] {
            if let Ok(policy) = Policy::compile(&semver(text), None) {
                _ = (policy.judge(&tag), policy.range_is_satisfiable());
            }
            _ = Pattern::compile(text);
            let filter = FilterSpec { pattern: "(.)(?P<a>.)?".to_owned(), extract: Some(text.clone()) };
            _ = Policy::compile(&numerical(Asc), Some(&filter)).unwrap().judge(&tag);
        }
    }

    #[test]
    fn no_pattern_brings_anything_down(pattern in "[]\\[(){}|?*+^$.:<>P=!\\\\dwbQEpxai0-9-]{0,16}", tag in any_tag()) {
        if let Ok(pattern) = Pattern::compile(&pattern) {
            _ = pattern.is_match(&tag);
        }
    }

    /// A range that is said to be unsatisfiable admits nothing; the other way round `range/tests.rs` has the table.
    #[test]
    fn an_unsatisfiable_range_admits_nothing(range in "[<>=!~^]{0,2}[0-2](\\.[0-2x]){0,2} [<>=!~^]{0,1}[0-2](\\.[0-2]){0,2}(-0)?", tag in any_tag()) {
        if let Ok(policy) = Policy::compile(&semver(&range), None) {
            prop_assert!(policy.range_is_satisfiable() || policy.judge(&tag).is_err(), "{} {}", range, tag);
        }
    }
}
