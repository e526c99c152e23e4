//! Ranges against versions, by operator. The expected answers are those of Masterminds/semver 3.

use super::*;

/// Checks which of the versions a range admits.
#[track_caller]
fn check(range: &str, admits: &[&str], refuses: &[&str]) {
    let range = Range::parse(range).unwrap();
    let version = |text| Version::parse(text).unwrap();
    for text in admits {
        assert_eq!(range.admits(&version(text)), Ok(()), "{text}");
    }
    for text in refuses {
        assert!(range.admits(&version(text)).is_err(), "{text}");
    }
}

#[test]
fn exact_versions_and_inequality() {
    check("=2.0.0", &["2.0.0", "v2.0.0", "2.0.0+b"], &["2.0.1", "1.9.9", "2.0.0-rc.1"]);
    check("2.0.0", &["2.0.0"], &["2.0.1", "3.0.0"]);
    check("v2.0.0", &["2.0.0"], &["2.0.1"]);
    check("2.0.0-rc.1", &["2.0.0-rc.1"], &["2.0.0", "2.0.0-rc.2", "2.0.0-rc.1.0"]);
    check("!=4.1.0", &["4.1.1", "4.0.9", "5.0.0"], &["4.1.0", "5.1.0-alpha.1"]);
    check("!=4.1", &["4.0.9", "4.2.0", "5.1.0"], &["4.1.0", "4.1.9"]);
    check("!=4.x", &["3.9.9", "5.0.0"], &["4.0.0", "4.9.9"]);
    check("!=*", &["0.0.1", "1.0.0"], &["0.0.0"]);
    // A pre-release that is not the one named is not cut out of a minor, and neither is a release.
    check("!=4.1-alpha", &["4.1.0", "4.1.3", "4.1.3-beta"], &["4.1.0-alpha", "4.1.3-alpha"]);
    check("!=4.1 !=9.9.9-0", &["4.1.3-beta"], &["4.1.3"]);
}

#[test]
fn partial_versions_and_wildcards() {
    check("2", &["2.0.0", "2.9.9"], &["1.9.9", "3.0.0", "2.1.0-rc.1"]);
    for range in ["2.1", "=2.1", "2.1.x", "2.1.X", "2.1.*", "v2.1", "02.01"] {
        check(range, &["2.1.0", "2.1.9"], &["2.0.9", "2.2.0"]);
    }
    for range in ["*", "x", "X", "x.1.2", ">=0.0.0", "~0.0.0", "~*", "=*"] {
        check(range, &["0.0.0", "0.0.1", "1.2.3", "99.0.0"], &["1.2.3-rc.1"]);
    }
    check("1.x.7", &["1.0.0", "1.9.9"], &["2.0.0"]);
    check("0.x", &["0.0.0", "0.9.9"], &["1.0.0"]);
    check("0.0.x", &["0.0.0", "0.0.9"], &["0.1.0"]);
}

#[test]
fn greater_and_less() {
    check(">1.2.3", &["1.2.4", "2.0.0"], &["1.2.3", "1.2.2"]);
    check(">11", &["12.0.0", "12.1.0"], &["11.0.0", "11.9.9"]);
    check(">11.1", &["11.2.0", "12.0.0"], &["11.1.0", "11.1.9"]);
    check(">*", &["0.0.1", "1.0.0"], &["0.0.0"]);
    check(">=11", &["11.0.0", "11.1.2"], &["10.9.9"]);
    check("=>11.1", &["11.1.0"], &["11.0.9"]);
    check("<11", &["10.9.9", "0.0.0"], &["11.0.0"]);
    check("<1.1", &["1.0.9"], &["1.1.0", "1.1.1"]);
    check("<=2", &["2.0.0", "2.9.9"], &["3.0.0"]);
    check("=<2.1", &["2.1.0", "2.1.9"], &["2.2.0"]);
    check("<=2.1.3", &["2.1.3"], &["2.1.4"]);
    check("<=*", &["0.0.0", "0.0.9"], &["0.1.0", "1.0.0"]);
    check(">18446744073709551615", &[], &["18446744073709551615.0.0", "0.0.0"]);
    check("<=18446744073709551615", &["18446744073709551615.9.9", "0.0.0"], &[]);
}

#[test]
fn tilde() {
    for range in ["~1.2.3", "~>1.2.3", "~> v1.2.3"] {
        check(range, &["1.2.3", "1.2.9"], &["1.2.2", "1.3.0"]);
    }
    check("~1.2", &["1.2.0", "1.2.9"], &["1.1.9", "1.3.0"]);
    check("~1", &["1.0.0", "1.9.9"], &["2.0.0"]);
    check("~0.0", &["0.0.0", "0.0.9"], &["0.1.0"]);
    check("~0", &["0.0.0", "0.9.9"], &["1.0.0"]);
    check("~0.0.1", &["0.0.1", "0.0.9"], &["0.0.0", "0.1.0"]);
}

#[test]
fn caret() {
    check("^1.2.3", &["1.2.3", "1.9.0"], &["1.2.2", "2.0.0"]);
    check("^1.2", &["1.2.0", "1.9.0"], &["1.1.9", "2.0.0"]);
    check("^1", &["1.0.0", "1.9.9"], &["0.9.9", "2.0.0"]);
    check("^0.2.3", &["0.2.3", "0.2.9"], &["0.2.2", "0.3.0", "1.0.0"]);
    check("^0.2", &["0.2.0", "0.2.9"], &["0.1.9", "0.3.0"]);
    check("^0.0.3", &["0.0.3"], &["0.0.2", "0.0.4", "0.1.0"]);
    check("^0.0", &["0.0.0", "0.0.9"], &["0.1.0", "1.0.0"]);
    check("^0", &["0.0.0", "0.9.9"], &["1.0.0"]);
    check("^*", &["0.0.0"], &["0.0.1", "1.0.0"]);
}

#[test]
fn groups_hyphens_and_separators() {
    for range in
        [">=1.2.0 <2.0.0", ">=1.2.0, <2.0.0", ">=1.2.0,<2.0.0", " >= 1.2.0 ,  < 2.0.0 ", ">=1.2.0\t<2.0.0"]
    {
        check(range, &["1.2.0", "1.9.9"], &["1.1.9", "2.0.0"]);
    }
    check("1.2 - 3.4", &["1.2.0", "3.4.9"], &["1.1.9", "3.5.0"]);
    check("1.2.3 - 2.0.0", &["1.2.3", "2.0.0"], &["1.2.2", "2.0.1"]);
    check("1 - 2 !=1.5", &["1.0.0", "2.9.9"], &["1.5.3", "3.0.0"]);
    check("1 - 2 || 4 - 5", &["1.0.0", "5.9.9"], &["3.0.0"]);
    check("1.0.0-0 - 2", &["1.0.0-rc.1", "2.0.0", "2.9.0-rc.1"], &["3.0.0-rc.1"]);
    check("<1||>=3", &["0.9.0", "3.0.0"], &["1.0.0", "2.0.0"]);
    check("1.0.0 1.0.1", &[], &["1.0.0", "1.0.1"]);
}

#[test]
fn pre_releases_count_where_the_group_names_one() {
    check(">=1.0.0-0", &["1.0.0-alpha", "1.0.0", "2.3.4-rc.1"], &["0.9.9", "0.9.9-rc.1"]);
    check("^1.2-0", &["1.2.0-rc.1", "1.9.0-x"], &["2.0.0-rc.1", "1.1.9"]);
    check("~1.2-0", &["1.2.0-rc.1", "1.2.9-x"], &["1.3.0-rc.1"]);
    check(">=1.0.0 <2.0.0-0", &["1.5.0-rc.1", "1.5.0"], &["2.0.0-rc.1", "1.0.0-rc.1"]);
    check("<2.0.0 >0.1.0-0", &["2.0.0-rc.1"], &["2.0.0"]);
    // The other group does not profit from it.
    check(">=1.0.0-0 <1.1.0 || >=2.0.0", &["1.0.5-rc.1", "2.0.0"], &["2.0.1-rc.1"]);
    check(">0-0", &["1.0.0-x"], &["0.0.1-alpha", "0.0.0"]);
    check("*-0", &["0.0.0-0", "1.2.3-rc.1"], &[]);
}

#[test]
fn a_pre_release_within_the_bounds_is_told_from_one_outside() {
    let range = Range::parse(">=1.0.0 <2.0.0").unwrap();
    let admits = |text| range.admits(&Version::parse(text).unwrap());
    assert_eq!(admits("1.5.0-rc.1"), Err(Refusal::PreRelease));
    assert_eq!(admits("2.0.0-rc.1"), Err(Refusal::PreRelease));
    assert_eq!(admits("1.0.0-rc.1"), Err(Refusal::OutOfRange));
    assert_eq!(admits("3.0.0-rc.1"), Err(Refusal::OutOfRange));
    assert_eq!(admits("3.0.0"), Err(Refusal::OutOfRange));
}

#[test]
fn what_breaks_the_grammar_is_named() {
    for (range, part, why) in [
        ("", "", "a version is missing"),
        ("  ", "", "a version is missing"),
        (">=1.0 ||", "", "a version is missing"),
        ("|| 1", "", "a version is missing"),
        ("1,", "1,", "a version is missing"),
        (",1", ",1", "a version is missing"),
        ("1,,2", "1,,2", "a version is missing"),
        (">=", ">=", "a version is missing"),
        ("> =1", "> =1", "a version is missing"),
        ("==1", "==1", "a version is missing"),
        ("1 - >2", "1 - >2", "a version is missing"),
        ("^1 - 2", "^1 - 2", "is no version"),
        ("foo", "foo", "\"foo\" is no version"),
        ("1 || >= bar", ">= bar", "\"bar\" is no version"),
        ("1.2.3.4", "1.2.3.4", "is no version"),
        ("1.2.", "1.2.", "is no version"),
        ("1.2.3-", "1.2.3-", "is no version"),
        ("1.2.3-beta.01", "1.2.3-beta.01", "is no version"),
        ("V1.2", "V1.2", "is no version"),
        ("1x", "1x", "is no version"),
        ("**", "**", "is no version"),
        ("18446744073709551616", "18446744073709551616", "is no version"),
        (">=1.0<2.0", ">=1.0<2.0", "\"<2.0\" cannot follow a version"),
        ("1.2~ 1.3", "1.2~ 1.3", "cannot follow a version"),
        ("1.0 -2.0", "1.0 -2.0", "is no version"),
        ("1.0- 2.0", "1.0- 2.0", "is no version"),
        (">=1 && <2", ">=1 && <2", "is no version"),
    ] {
        let error = Range::parse(range).unwrap_err();
        assert_eq!(error.part, part, "{range}");
        assert!(error.why.contains(why), "{range}: {}", error.why);
    }
    assert!(Range::parse(&"1 ".repeat(3000)).unwrap_err().why.contains("at most 4096"));
}

#[test]
fn ranges_that_nothing_satisfies_are_known() {
    for never in [
        ">2 <1",
        ">=2 <2",
        "1.0.0 1.0.1",
        "1 - *",
        ">1.0.0 <1.0.1",
        "=1.2.3 !=1.2.3",
        "~1.2 !=1.2.x",
        "^1 !=1.x",
        "*, !=*, <0.0.1",
        ">18446744073709551615",
        "<0",
        "<0.0.0",
        "2 - 1",
        ">2 <1 || >4 <3",
        "1.0.0 !=1.0",
        "<0.0.0-0",
        ">=1.0.0-b <1.0.0-a",
    ] {
        assert!(!Range::parse(never).unwrap().is_satisfiable(), "{never}");
    }
    for sometimes in [
        "*",
        "^*",
        "<=*",
        ">=1 <1.0.1",
        ">1.0.0 <1.0.2",
        "~1.2 !=1.2.0",
        ">2 <1 || 1.x",
        ">1.0.0-a <1.0.0-b",
        "1.0.0 !=1.0-b",
        "!=1.x !=2.x !=0.x",
        ">=1.0.0-0 <1.0.0",
        "<0.0.0 !=0.0.0-0",
        "1.2.3-a !=1.2",
        ">=1.0.0-0 !=1.0-0",
        "18446744073709551615.*",
    ] {
        assert!(Range::parse(sometimes).unwrap().is_satisfiable(), "{sometimes}");
    }
}
