//! Patterns of Go's dialect, with Go's answers; first of all where the `regex` crate by itself would answer otherwise.

use super::*;

/// Checks what a pattern matches.
#[track_caller]
fn check(pattern: &str, matches: &[&str], misses: &[&str]) {
    let compiled = Pattern::compile(pattern).unwrap();
    for text in matches {
        assert!(compiled.is_match(text), "{pattern} misses {text}");
    }
    for text in misses {
        assert!(!compiled.is_match(text), "{pattern} matches {text}");
    }
}

#[test]
fn patterns_are_unanchored() {
    check("rc", &["rc", "1.0-rc.1"], &["1.0"]);
    check("^v[0-9]+$", &["v1", "v10"], &["v", "xv1", "v1x", "v1\n"]);
    check("", &["", "anything"], &[]);
    check("a|^b$", &["xa", "b"], &["xb"]);
}

#[test]
fn groups_may_be_named_either_way() {
    for pattern in ["^(?P<ts>[0-9]+)$", "^(?<ts>[0-9]+)$", "^(?:[0-9]+)$", "^(?P<1st>[0-9]+)$"] {
        check(pattern, &["42"], &["x42"]);
    }
    let names = |pattern| Pattern::compile(pattern).unwrap().groups;
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(names("(a)(?P<b>b)(?:c)(?<d>d)((?i)e)"), [None, None, named("b"), named("d"), None]);
}

#[test]
fn shorthand_means_ascii() {
    check(r"^\d$", &["7"], &["x", "٧"]);
    check(r"^\w$", &["a", "_", "9"], &["-", "ä"]);
    check(r"^\s$", &[" ", "\t", "\n", "\r", "\x0C"], &["\x0B", "\u{a0}"]);
    check(r"^[\d\-]+$", &["1-2"], &["a"]);
    check(r"^[^\W]$", &["a"], &["-", "ä"]);
    check(r"^[\D]$", &["a", "ä"], &["1"]);
    check(r"a\b", &["a", "a-"], &["ab"]);
    check(r"é\b", &[], &["é"]);
    check(r"a\B", &["ab"], &["a"]);
    check(r"^\p{Lu}\pL\P{Lu}\p{^Lu}$", &["Aab1", "AAa-"], &["aAa1", "AAA-"]);
}

#[test]
fn classes_know_no_set_operations() {
    check("^[a&&b]$", &["a", "b", "&"], &["x"]);
    check("^[--/]$", &["-", ".", "/"], &["a"]);
    check("^[+--]$", &["+", ",", "-"], &["."]);
    check("^[a~~b]$", &["~", "a"], &["x"]);
    check("^[[a]$", &["[", "a"], &["]"]);
    check("^[a[b]]$", &["a]", "[]", "b]"], &["a", "b"]);
    check("^[]a]$", &["]", "a"], &["b"]);
    check("^[^]a]$", &["b"], &["]", "a"]);
    check("^[a-]$", &["a", "-"], &["b"]);
    check("^[-a]$", &["a", "-"], &["b"]);
    check(r"^[\]\-\\]$", &["]", "-", "\\"], &["a"]);
    check("^[[:alpha:][:digit:]_]$", &["a", "1", "_"], &["-"]);
    check("^[[:^alpha:]]$", &["1"], &["a"]);
    check("^[[:a]$", &["[", ":", "a"], &["b"]);
    check("^[#  ]$", &["#", " "], &["a"]);
}

#[test]
fn escapes_are_gos() {
    check(r"^\Qa.b*\E+$", &["a.b*", "a.b**"], &["aXb", "a.b"]);
    check(r"^\Qa.", &["a.", "a.c"], &["ab"]);
    check(r"^\Q\E$", &[""], &["Q"]);
    check(r"^\<a\>$", &["<a>"], &["a"]);
    check(r"^\x41\x{42}\103\060$", &["ABC0"], &["abc0"]);
    check(r"^\a\f\t\n\r\v$", &["\x07\x0C\t\n\r\x0B"], &["aftnrv"]);
    check(r"^\_\-\#\ \.\&\~\%$", &["_-# .&~%"], &["a"]);
    check(r"\Aa\z", &["a"], &["ba", "a\n"]);
}

#[test]
fn braces_that_count_nothing_are_plain() {
    for literal in ["a{", "a{}", "a{,2}", "a{x}", "a{01}", "a{1,x}", "a{1"] {
        check(&format!("^{literal}$"), &[literal], &["aa", "a"]);
    }
    check("^a{2}$", &["aa"], &["a", "aaa"]);
    check("^a{2,}$", &["aa", "aaaa"], &["a"]);
    check("^a{1,2}?$", &["a", "aa"], &["aaa"]);
    check("^a{0}$", &[""], &["a"]);
}

#[test]
fn flags_are_gos() {
    check("(?i)^rc$", &["RC", "rc"], &["x"]);
    check("^(?i:r)c$", &["Rc", "rc"], &["rC"]);
    check("^(?i-s:R)(?-i)c$", &["rc"], &["rC"]);
    check("^(?)a(?:b)$", &["ab"], &["a"]);
    check("(?s)^a.b$", &["a\nb"], &["ab"]);
    check("^a.b$", &["axb"], &["a\nb"]);
    check("(?m)^b$", &["a\nb"], &["ab"]);
}

#[test]
fn what_the_dialect_lacks_is_named() {
    let too_long = "x".repeat(4097);
    for (pattern, why) in [
        ("a(?=b)", "look-around is not part of RE2"),
        ("a(?!b)", "look-around is not part of RE2"),
        ("(?<=a)b", "look-around is not part of RE2"),
        ("(?<!a)b", "look-around is not part of RE2"),
        (r"(a)\1", "back-references such as `\\1`"),
        ("a++", "doubled or possessive repetition"),
        ("a**", "doubled or possessive repetition"),
        ("a{2}{3}", "doubled or possessive repetition"),
        ("a+?+", "doubled or possessive repetition"),
        ("(?>a)", "`(?` begins nothing that RE2 knows"),
        ("(?x)a", "`(?` begins nothing that RE2 knows"),
        ("(?#note)", "`(?` begins nothing that RE2 knows"),
        ("(?P=n)", "`(?` begins nothing that RE2 knows"),
        ("(?i-)", "`(?` begins nothing that RE2 knows"),
        ("(?", "`(?` begins nothing that RE2 knows"),
        ("*", "nothing to repeat"),
        ("a|*", "nothing to repeat"),
        ("(+a)", "nothing to repeat"),
        ("a{1001}", "at most 1000 repetitions"),
        ("a{99999999999999999999}", "at most 1000 repetitions"),
        ("a{3,1}", "the second count is lower than the first"),
        ("(a", "`(` without `)`"),
        ("a)", "`)` without `(`, at character 2"),
        ("[a", "`[` without `]`"),
        ("[]", "`[` without `]`"),
        ("[z-a]", "the range z-a runs backwards"),
        ("[a--b]", "the range a-- runs backwards"),
        (r"[a-\d]", "`\\d` is no escape of RE2"),
        (r"[\b]", "`\\b` is no escape of RE2"),
        ("[[:nope:]]", "[:nope:] is no class that RE2 knows"),
        (r"\Z", "`\\Z` is no escape of RE2"),
        (r"\y", "`\\y` is no escape of RE2; write 'y' alone"),
        (r"\8", "`\\8` is no escape of RE2"),
        ("a\\", "a backslash at the end"),
        (r"\x4", "`\\x` wants two hexadecimal digits"),
        (r"\x{}", "`\\x` wants two hexadecimal digits"),
        (r"\x{110000}", "`\\x` wants two hexadecimal digits"),
        (r"\p{", "a `{` without `}`"),
        (r"\p", "a Unicode class without a name"),
        (r"\p{Nope}", "Unicode"),
        (r"\p{sc=Greek}", "a Unicode class that RE2 does not know"),
        ("(?P<>a)", "a group's name is made of"),
        ("(?P<a-b>a)", "a group's name is made of"),
        ("(?P<a", "a group's name without `>`"),
        (r"(\pL{1000}){1000}", "it grows too large"),
        (&too_long, "at most 4096 are allowed"),
        (&"(".repeat(4000), "`(` without `)`"),
        (&format!("{}{}", "(".repeat(2000), ")".repeat(2000)), "nest"),
    ] {
        let error = Pattern::compile(pattern).unwrap_err();
        assert!(error.why.contains(why), "{pattern:.40}: {}", error.why);
        assert!(!error.why.contains('\n') && error.pattern.len() <= 200, "{pattern:.40}");
    }
}
