//! What is written into YAML, byte for byte, and what is refused.

use crate::support::{expand, write_all};
use tagalong_edit::{Edit, FileKind, ProblemReason, apply, scan};

/// Writes the tables' values into every field and compares all bytes; a second run must change nothing.
#[track_caller]
fn check(input: &str, expected: &str) {
    let (input, expected) = (expand(input), expand(expected));
    let written = write_all(input.as_bytes(), FileKind::Yaml).unwrap();
    assert_eq!(String::from_utf8(written.clone()).unwrap(), expected);
    assert_eq!(write_all(&written, FileKind::Yaml).unwrap(), written);
}

#[test]
fn values_keep_their_quotes() {
    check("a: b:1 «x»\n", "a: reg.io/x:9.1 «x»\n");
    check("a: 'b:1' «x»\n", "a: 'reg.io/x:9.1' «x»\n");
    check("a: \"b:1\" «x»\n", "a: \"reg.io/x:9.1\" «x»\n");
    check("a: \"\" «x»\nb: '' «x»\n", "a: \"reg.io/x:9.1\" «x»\nb: 'reg.io/x:9.1' «x»\n");
    check("a: ~ «x»\n", "a: reg.io/x:9.1 «x»\n");
    check("a: \"b\\u003a1\" «x»\n", "a: \"reg.io/x:9.1\" «x»\n");
}

#[test]
fn a_tag_stays_a_string() {
    check("a: v1 «x:tag»\n", "a: \"9.1\" «x:tag»\n");
    check("a: 1.10 «x:tag»\n", "a: \"9.1\" «x:tag»\n");
    check("a: 'v1' «x:tag»\n", "a: '9.1' «x:tag»\n");
    check("c: {a: v1} «x:tag»\n", "c: {a: \"9.1\"} «x:tag»\n");
    check("a: !!str v1 «x:tag»\n", "a: !!str \"9.1\" «x:tag»\n");
}

#[test]
fn everything_else_keeps_its_bytes() {
    for (input, expected) in [
        ("\u{feff}# head\r\n\r\na:   b:1 \t «x»  \r\n\r\n\r\nb:  [ 1,2 , 3]\r\n", "reg.io/x:9.1"),
        ("---\n# c\na: b:1 «x»", "reg.io/x:9.1"),
        ("%YAML 1.1\n---\na: b:1 «x»\n...\n--- # x\n\n...\n", "reg.io/x:9.1"),
        ("a: |2+\n    keep  \n\n\nb: b:1 «x»\nc: >-\n  fold\n  ed\n", "reg.io/x:9.1"),
        ("x: &x {k: yes, <<: {a: 012}}\nb:\n      i: b:1 «x»\n      <<: *x\n", "reg.io/x:9.1"),
        ("namespace: {{ .Values.n }}\na: b:1 «x»\n", "reg.io/x:9.1"),
        ("\"quoted key\" : b:1 «x»\n? complex\n: 0o14\n", "reg.io/x:9.1"),
        ("é: \"日本 \\u00e9\"\nü: b:1 «x»\n🎉: '🎉'\n", "reg.io/x:9.1"),
        ("metadata: {}\nannotations: {}\nl:\n- a\nm:\n  - b:1 «x»\n", "reg.io/x:9.1"),
        ("a: 1\na: b:1 «x»\na: 2\n", "reg.io/x:9.1"),
        ("c: [ a,b , {x : y,\n  i: b:1, «x»\n  'z': ~ } ,\n d]\n", "reg.io/x:9.1"),
        ("a: b:1 «x»\nd: |\n  no last break", "reg.io/x:9.1"),
        ("kind: List\nitems:\n- image: b:1 «x»\n-  kind: X\n", "reg.io/x:9.1"),
    ] {
        check(input, &input.replacen("b:1", expected, 1));
    }
    let long = format!("l: \"{}\"\na: b:1 «x»\nm: {}\n", "é".repeat(500_000), "x".repeat(1_000_000));
    check(&long, &long.replacen("b:1", "reg.io/x:9.1", 1));
}

#[test]
fn values_that_are_equal_are_not_touched() {
    let text = expand("a: 9.1 «x:tag»\nb: '9.1' «x:tag»\nc: \"\\u0039.1\" «x:tag»\nd: v1 «x:tag»\n");
    let fields = scan(text.as_bytes(), FileKind::Yaml).sites.remove(0).fields;
    let edits: Vec<Edit<'_>> = fields.iter().map(|field| Edit { field, value: "9.1" }).collect();
    let edited = apply(text.as_bytes(), FileKind::Yaml, &edits).unwrap();
    assert_eq!(edited.splices.len(), 1);
    let splice = &edited.splices[0];
    assert_eq!((splice.old.as_str(), splice.new.as_str()), ("v1", "\"9.1\""));
    assert_eq!(text.get(splice.span.start as usize..splice.span.end as usize), Some("v1"));
    assert_eq!(edited.bytes, text.replacen("v1", "\"9.1\"", 1).as_bytes());
}

#[test]
fn nothing_to_do_returns_the_bytes() {
    let edited = apply(b"no: [ YAML", FileKind::Yaml, &[]).unwrap();
    assert_eq!((edited.bytes.as_slice(), edited.splices.len()), (b"no: [ YAML".as_slice(), 0));
}

#[test]
fn the_order_of_edits_does_not_matter() {
    let text = expand("a: b:1 «x»\nb: [\n c:1, «y»\n d:1 «z»\n]\ne: v1 «x:tag»\n");
    let found = scan(text.as_bytes(), FileKind::Yaml);
    let mut edits: Vec<Edit<'_>> =
        found.sites.iter().flat_map(|site| &site.fields).map(|field| Edit { field, value: "n:2" }).collect();
    let forward = apply(text.as_bytes(), FileKind::Yaml, &edits).unwrap();
    edits.reverse();
    assert_eq!(apply(text.as_bytes(), FileKind::Yaml, &edits).unwrap(), forward);
    edits.swap(0, 2);
    assert_eq!(apply(text.as_bytes(), FileKind::Yaml, &edits).unwrap(), forward);
    assert_eq!(forward.splices.len(), 4);
}

#[track_caller]
fn refused(text: &str, value: &str, field_of: &str, reason: ProblemReason) {
    let (text, field_of) = (expand(text), expand(field_of));
    let found = scan(field_of.as_bytes(), FileKind::Yaml);
    let edit = Edit { field: &found.sites[0].fields[0], value };
    let problem = apply(text.as_bytes(), FileKind::Yaml, &[edit]).unwrap_err();
    assert_eq!(problem.reason, reason, "{problem}");
}

#[test]
fn values_that_no_field_can_hold_are_refused() {
    for value in ["a\nb", "a\r", "a\tb", "\u{0}", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}a"] {
        refused("a: b:1 «x»\n", value, "a: b:1 «x»\n", ProblemReason::InvalidValue);
    }
}

#[test]
fn fields_of_another_version_of_the_file_are_refused() {
    let field_of = "a: b:1 «x»\n";
    refused("# new\na: b:1 «x»\n", "n:2", field_of, ProblemReason::VerifyFailed);
    refused("aa: b:1 «x»\n", "n:2", field_of, ProblemReason::VerifyFailed);
    refused("a: b:12 «x»\n", "n:2", field_of, ProblemReason::VerifyFailed);
    refused("a:\n", "n:2", field_of, ProblemReason::VerifyFailed);
    refused("a: é\n", "n:2", field_of, ProblemReason::VerifyFailed);
    refused("a: [ no YAML", "n:2", field_of, ProblemReason::VerifyFailed);
    refused("a: c:1 «x»\n", "n:2", field_of, ProblemReason::VerifyFailed);
}

#[test]
fn one_field_cannot_get_two_values() {
    let text = expand("a: b:1 «x»\n");
    let found = scan(text.as_bytes(), FileKind::Yaml);
    let field = &found.sites[0].fields[0];
    let edits = [Edit { field, value: "n:2" }, Edit { field, value: "n:3" }];
    assert_eq!(
        apply(text.as_bytes(), FileKind::Yaml, &edits).unwrap_err().reason,
        ProblemReason::VerifyFailed
    );
}
