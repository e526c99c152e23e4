//! What is found in YAML, and what is reported instead.

use crate::support::{expand, show};
use tagalong_edit::{FileKind, scan};

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    let text = expand(input);
    assert_eq!(show(&scan(text.as_bytes(), FileKind::Yaml)), expected, "\n{text}");
}

#[test]
fn spellings_of_a_marker() {
    for comment in [
        r##"# {"$imagepolicy": "ns:x"}"##,
        r##"#{"$imagepolicy":"ns:x"}"##,
        r##"## {"$imagepolicy" : "ns:x" }  "##,
        r##"#	{ "$imagepolicy":	"ns:x"}"##,
        r##"# {"$imagepolicy": "ns:x", "note": "y"}"##,
        r##"# {"$ref":"#/definitions/io.k8s.cli.setters.ns:x"}"##,
    ] {
        check(&format!("a: b:1 {comment}\n"), &[r#"ns/x 1:4 image a="b:1""#]);
    }
    check("a: 1 «x:tag»\n", &[r#"ns/x 1:4 tag a="1""#]);
    check("a: b «x:name»\n", &[r#"ns/x 1:4 name a="b""#]);
    check("a: d «x:digest»\n", &[r#"ns/x 1:4 digest a="d""#]);
    check(
        "a: 1 # {\"$imagepolicy\": \"ns:x\", \"hold\": \"until May\"}\n",
        &[r#"ns/x 1:4 image a="1" hold=until May"#],
    );
    check("a: 1 # {\"$ref\":\"#/definitions/io.k8s.cli.setters.ns:x:tag\"}\n", &[r#"ns/x 1:4 tag a="1""#]);
}

#[test]
fn comments_that_are_no_marker_are_reported() {
    for comment in [
        r##"# note {"$imagepolicy": "ns:x"}"##,
        r##"# {"$imagepolicy": "ns:x"} note"##,
        r##"# {"$imagepolicy": "ns:x"} # note"##,
        r##"# {'$imagepolicy': 'ns:x'}"##,
        r##"# {$imagepolicy: ns:x}"##,
        r##"# {"$imagepolicy": "ns:x""##,
        r##"# {"$imagepolicy": "ns:x", "n": 1}"##,
        r##"# {"$imagepolicy": 1}"##,
        r##"# {"$imagepolicy": "x"}"##,
        r##"# {"$imagepolicy": "ns:x:version"}"##,
        r##"# {"$imagepolicy": "ns:x:tag:y"}"##,
        r##"# {"$imagepolicy": ""}"##,
        r##"# {"$imagepolicy": "ns: x"}"##,
        r##"# {"$imagepolicyx": "ns:x"}"##,
        r##"# ["$imagepolicy"]"##,
        r##"# {"$imagepolicy": "ns:x", "hodl": "INC-1"}"##,
        r##"# {"$imagepolicy": "ns:x", "Hold": "INC-1"}"##,
        r##"# {"$imagepolicy": "ns:x", "hold": "INC-1", "holds": "x"}"##,
        r##"# $imagepolicy"##,
        r##"# {"$ref":"#/definitions/io.k8s.cli.setters.ns:x:nope"}"##,
    ] {
        check(&format!("a: b:1 {comment}\n"), &["! 1:8 InvalidMarker"]);
    }
    check("# a: b:1 «x»\nc: 1\n", &["! 1:1 MarkerCommentedOut"]);
    check("  #- name: a\n  #  image: b:1   «x»\nc: 1\n", &["! 2:3 MarkerCommentedOut"]);
}

#[test]
fn setters_of_other_tools_are_not_ours() {
    check("a: 3 # {\"$ref\":\"#/definitions/io.k8s.cli.setters.replicas\"}\n", &[]);
    check("a: 3 # {\"$kpt-set\":\"replicas\"}\n", &[]);
    check("a: 3 # see io.k8s.cli.setters.replicas\n", &[]);
}

#[test]
fn scalars_in_block_collections() {
    check("a: b:1 «x»\n", &[r#"ns/x 1:4 image a="b:1""#]);
    check("a: 'b:1' «x»\n", &[r#"ns/x 1:4 image a="b:1""#]);
    check("a: \"b:1\" «x»\n", &[r#"ns/x 1:4 image a="b:1""#]);
    check("a: \"b\\u003a1\" «x»\n", &[r#"ns/x 1:4 image a="b:1""#]);
    check("- b:1 «x»\n- c\n", &[r#"ns/x 1:3 image [0]="b:1""#]);
    check("- - b:1 «x»\n", &[r#"ns/x 1:5 image [0][0]="b:1""#]);
    check("- a: b:1 «x»\n  c: 1\n", &[r#"ns/x 1:6 image [0].a="b:1""#]);
    check("? a\n: b:1 «x»\n", &[r#"ns/x 2:3 image a="b:1""#]);
    check("? [a, b]\n: b:1 «x»\n", &[r#"ns/x 2:3 image [?]="b:1""#]);
    check("\"a\": b:1 «x»\n", &[r#"ns/x 1:6 image a="b:1""#]);
    check("a b/c.d: b:1 «x»\n", &[r#"ns/x 1:10 image ["a b/c.d"]="b:1""#]);
    check("a:   b:1    «x»\n", &[r#"ns/x 1:6 image a="b:1""#]);
    check("a:\tb:1\t«x»\n", &[r#"ns/x 1:4 image a="b:1""#]);
    check("a: b:1 «x»\na: c:1 «x»\n", &[r#"ns/x 1:4 image a="b:1""#, r#"ns/x 2:4 image a="c:1""#]);
    check("b:1 «x»\n", &[r#"ns/x 1:1 image ="b:1""#]);
    check("--- b:1 «x»\n", &[r#"ns/x 1:5 image ="b:1""#]);
    check("a: ~ «x»\n", &[r#"ns/x 1:4 image a="~""#]);
    check("a: \"\" «x»\n", &[r#"ns/x 1:4 image a="""#]);
    check("a: '' «x»\n", &[r#"ns/x 1:4 image a="""#]);
    check("a: b#c «x»\n", &[r#"ns/x 1:4 image a="b#c""#]);
    check("a: {{ x }} «x»\n", &["! 1:12 MarkerOnEmptyValue"]);
}

#[test]
fn anchors_and_tags() {
    check("a: &i b:1 «x»\nc: *i\n", &[r#"ns/x 1:7 image a="b:1""#]);
    check("a: !!str b:1 «x»\n", &[r#"ns/x 1:10 image a="b:1""#]);
    check("a: !!str &i b:1 «x»\n", &[r#"ns/x 1:13 image a="b:1""#]);
    check("a: !custom b:1 «x»\n", &[r#"ns/x 1:12 image a="b:1""#]);
    check("a: !!int 1 «x:tag»\n", &["! 1:12 MarkerOnTaggedValue"]);
    check("a: &i b:1\nc: *i «x»\n", &["! 2:7 MarkerOnAlias"]);
    check("a: &i b:1\n- x\n", &[]);
    check("a: &d {k: 1}\nb:\n  <<: *d\n  i: b:1 «x»\n", &[r#"ns/x 4:6 image b.i="b:1""#]);
    check("a: &d {k: 1}\nb:\n  <<: *d «x»\n", &["! 3:10 MarkerOnAlias"]);
    check("a: &x «x»\n  b:1\n", &["! 1:7 MarkerOnKey"]);
    check("a: !!str «x»\n  b:1\n", &["! 1:10 MarkerOnKey"]);
    check("a: &x «x»\nb: 1\n", &["! 1:7 MarkerOnEmptyValue"]);
}

#[test]
fn flow_collections() {
    check("c: {image: b:1} «x»\n", &[r#"ns/x 1:12 image c.image="b:1""#]);
    check("c: { \"image\":\"b:1\" } «x»\n", &[r#"ns/x 1:14 image c.image="b:1""#]);
    check("c: [b:1] «x»\n", &[r#"ns/x 1:5 image c[0]="b:1""#]);
    check("c: [i: b:1] «x»\n", &[r#"ns/x 1:8 image c[0].i="b:1""#]);
    check("- {image: b:1} «x»\n", &[r#"ns/x 1:11 image [0].image="b:1""#]);
    check("c: {a: {b: b:1}} «x»\n", &[r#"ns/x 1:12 image c.a.b="b:1""#]);
    check("c: {\n  image: b:1, «x»\n  p: 1}\n", &[r#"ns/x 2:10 image c.image="b:1""#]);
    check("c: {\n  p: 1,\n  image: b:1 «x»\n}\n", &[r#"ns/x 3:10 image c.image="b:1""#]);
    check("c: [\n  a,\n  b:1 «x»\n  , d]\n", &[r#"ns/x 3:3 image c[1]="b:1""#]);
    check("c: [\n  a,\n  b:1] «x»\n", &[r#"ns/x 3:3 image c[1]="b:1""#]);
    check("c: {image: b:1, pull: Always} «x»\n", &["! 1:31 AmbiguousMarker"]);
    check("c: [a, b:1] «x»\n", &["! 1:13 AmbiguousMarker"]);
    check("c: {a: b:1, c: {}} «x»\n", &["! 1:20 AmbiguousMarker"]);
    check("c: {a: b:1, c: } «x»\n", &["! 1:18 AmbiguousMarker"]);
    check("c: {a: b:1, c} «x»\n", &["! 1:16 AmbiguousMarker"]);
    check("c: {a: b:1, c: [ «x»\n d]}\n", &["! 1:18 AmbiguousMarker"]);
    check("c: {a: b:1, c: «x»\n d}\n", &["! 1:16 AmbiguousMarker"]);
    check("c: {} «x»\n", &["! 1:7 MarkerOnMapping"]);
    check("c: [] «x»\n", &["! 1:7 MarkerOnSequence"]);
    check("c: [ «x»\n  b:1 ]\n", &["! 1:6 MarkerOnSequence"]);
    check("c: { «x»\n  a: b:1 }\n", &["! 1:6 MarkerOnMapping"]);
    check("c: {\n  a: b:1\n} «x»\n", &["! 3:3 MarkerOnMapping"]);
    check("c: [\n  b:1\n] «x»\n", &["! 3:3 MarkerOnSequence"]);
    check("c: {a: } «x»\n", &["! 1:10 MarkerOnEmptyValue"]);
    check("{a: b:1} «x»\n", &[r#"ns/x 1:5 image a="b:1""#]);
    check("? {a: b:1} «x»\n: c\n", &["! 1:12 MarkerOnKey"]);
}

#[test]
fn markers_above_a_value() {
    check("«x»\n- b:1\n", &[r#"ns/x 2:3 image [0]="b:1""#]);
    check("a:\n- z\n«x»\n- b:1\n- y\n", &[r#"ns/x 4:3 image a[1]="b:1""#]);
    check("a:\n  «x»\n  - &i b:1\n", &[r#"ns/x 3:8 image a[0]="b:1""#]);
    check("a:\n  «x»\n  b:1\n", &[r#"ns/x 3:3 image a="b:1""#]);
    check("- «x»\n  b:1\n", &[r#"ns/x 2:3 image [0]="b:1""#]);
    check("a: [\n  «x»\n  b:1,\n  c ]\n", &[r#"ns/x 3:3 image a[0]="b:1""#]);
    check("# other\n\n«x»\n- b:1\n", &[r#"ns/x 4:3 image [0]="b:1""#]);
    check("# other\r\n\r\n«x»\r\n- b:1\r\n", &[r#"ns/x 4:3 image [0]="b:1""#]);
    check("# other\r\n«x»\r\n- b:1\r\n", &["! 2:1 InvalidMarker"]);
    check("- z # other\n«x»\n- b:1\n", &[r#"ns/x 3:3 image [1]="b:1""#]);
    check("«x»\na: b:1\n", &["! 1:1 MarkerOnKey"]);
    check("z: 1\n«x»\na: b:1\n", &["! 2:1 MarkerOnKey"]);
    check("z:\n  «x»\n  a: b:1\n", &["! 2:3 MarkerOnKey"]);
    check("«x»\n- a: b:1\n", &["! 1:1 MarkerOnMapping"]);
    check("«x»\n- {a: b:1}\n", &["! 1:1 MarkerOnMapping"]);
    check("«x»\n- - b:1\n", &["! 1:1 MarkerOnSequence"]);
    check("«x»\n- [b:1]\n", &["! 1:1 MarkerOnSequence"]);
    check("«x»\n- b:1 # other\n", &["! 1:1 AmbiguousMarker"]);
    check("«x»\n- b:1 «y»\n", &[r#"ns/y 2:3 image [0]="b:1""#, "! 1:1 AmbiguousMarker"]);
    check("# other\n«x»\n- b:1\n", &["! 2:1 InvalidMarker"]);
    check("«x»\n# other\n- b:1\n", &["! 1:1 InvalidMarker"]);
    check("«x»\n\n- b:1\n", &["! 1:1 MarkerWithoutValue"]);
    check("- z\n  «x»\n- b:1\n", &["! 2:3 MarkerWithoutValue"]);
    check("- b:1\n«x»\n", &["! 2:1 MarkerWithoutValue"]);
    check("- b:1\n«x»", &["! 2:1 MarkerWithoutValue"]);
    check("a: [\n  «x»\n  b:1, c ]\n", &["! 2:3 MarkerOnSequence"]);
    check("- &i b:1\n«x»\n- *i\n", &["! 2:1 MarkerOnAlias"]);
    check("«x»\n- |\n  b:1\n", &["! 1:1 MarkerOnBlockScalar"]);
    check("«x»\n- b\n  c\n", &["! 1:1 MarkerOnMultilineScalar"]);
    check("- «x»\n- b:1\n", &["! 1:3 MarkerWithoutValue"]);
    check("--- «x»\na: 1\n", &["! 1:5 MarkerWithoutValue"]);
    check("a: 1\n... «x»\n", &["! 2:5 MarkerWithoutValue"]);
}

#[test]
fn what_is_no_single_line_scalar() {
    check("a: «x»\nb: 1\n", &["! 1:4 MarkerOnEmptyValue"]);
    check("a: «x»\n", &["! 1:4 MarkerOnEmptyValue"]);
    check("a: «x»\n  b:1\n", &["! 1:4 MarkerOnKey"]);
    check("a: «x»\n  b: 1\n", &["! 1:4 MarkerOnMapping"]);
    check("a: «x»\n- b\n", &["! 1:4 MarkerOnSequence"]);
    check("a: «x»\n  - b\n", &["! 1:4 MarkerOnSequence"]);
    check("a: | «x»\n  b:1\nc: 1\n", &["! 1:6 MarkerOnBlockScalar"]);
    check("a: >- «x»\n  b:1\n", &["! 1:7 MarkerOnBlockScalar"]);
    check("a: |2+ «x»\n  b:1\n", &["! 1:8 MarkerOnBlockScalar"]);
    check("- | «x»\n  b:1\n", &["! 1:5 MarkerOnBlockScalar"]);
    check("a: &x | «x»\n  b:1\n", &["! 1:9 MarkerOnBlockScalar"]);
    check("a: | «x»\nc: 1\n", &["! 1:6 MarkerOnBlockScalar"]);
    check("a: x\n  b:1 «x»\n", &["! 2:7 MarkerOnMultilineScalar"]);
    check("a: \"x\n  b:1\" «x»\n", &["! 2:8 MarkerOnMultilineScalar"]);
    check("a: 'x\n\n  b:1' «x»\n", &["! 3:8 MarkerOnMultilineScalar"]);
    check("? a «x»\n: b:1\n", &["! 1:5 MarkerOnKey"]);
    check("? «x»\n  a\n: b:1\n", &["! 1:3 MarkerOnMapping"]);
}

#[test]
fn markers_inside_text() {
    check("a: |\n  image: b:1 «x»\nb: 1\n", &["! 2:18 MarkerInText"]);
    check("a: >\n  image: b:1 «x»\nb: c:1 «x»\n", &[r#"ns/x 3:4 image b="c:1""#, "! 2:18 MarkerInText"]);
    check("a: 'b:1 «x»'\n", &["! 1:13 MarkerInText"]);
    check(
        "a: \"b # {\\\"$imagepolicy\\\": \\\"ns:x\\\"}\" «x»\n",
        &[r##"ns/x 1:4 image a="b # {\"$imagepolicy\": \"ns:x\"}""##, "! 1:12 MarkerInText"],
    );
    check("a: \"the key $imagepolicy\"\nb: $imagepolicy\n$imagepolicy: c\n", &[]);
    check("a: \"{\\\"$imagepolicy\\\": \\\"ns:x\\\"}\"\n", &[]);
}

#[test]
fn bytes_around_do_not_matter() {
    check("\u{feff}a: b:1 «x»\n", &[r#"ns/x 1:4 image a="b:1""#]);
    check("\u{feff}«x»\n- b:1\n", &[r#"ns/x 2:3 image [0]="b:1""#]);
    check("a: b:1 «x»\r\nb: c:1 «x»\r\n", &[r#"ns/x 1:4 image a="b:1""#, r#"ns/x 2:4 image b="c:1""#]);
    check("«x»\r\n- b:1\r\n", &[r#"ns/x 2:3 image [0]="b:1""#]);
    check("a: b:1 «x»\rb: 1\r", &[r#"ns/x 1:4 image a="b:1""#]);
    check("a: b:1 «x»", &[r#"ns/x 1:4 image a="b:1""#]);
    check("# 🎉🎉\nü: é日本 # ☂\na: b:1 «x»\n", &[r#"ns/x 3:4 image a="b:1""#]);
    check("é: {日本: b:1} «x»\n", &[r#"ns/x 1:9 image ["é"]["日本"]="b:1""#]);
    check("%YAML 1.1\n---\na: b:1 «x»\n...\n", &[r#"ns/x 3:4 image a="b:1""#]);
    check(
        "a: 1\n---\nb: b:1 «x»\n...\n---\nc: c:1 «x»\n",
        &[r#"ns/x 3:4 image b="b:1""#, r#"ns/x 6:4 image c="c:1""#],
    );
    check("a:\n    b:\n          c: b:1 «x»\n    d: 1\n", &[r#"ns/x 3:14 image a.b.c="b:1""#]);
    check("a: |\n  x\n   y\n\n# c\nb: b:1 «x»\n", &[r#"ns/x 6:4 image b="b:1""#]);
}

#[test]
fn fields_of_one_policy_under_one_mapping_are_one_site() {
    check(
        "image:\n  repository: b «x:name»\n  tag: v1 «x:tag»\n  digest: d «x:digest»\n",
        &[r#"ns/x 2:15 name image.repository="b" + 3:8 tag image.tag="v1" + 4:11 digest image.digest="d""#],
    );
    check(
        "images:\n- name: old\n  newName: b «x:name»\n  newTag: v1 «x:tag»\n- name: z\n  newTag: v2 «x:tag»\n",
        &[
            r#"ns/x 3:12 name images[name=old].newName="b" + 4:11 tag images[name=old].newTag="v1""#,
            r#"ns/x 6:11 tag images[name=z].newTag="v2""#,
        ],
    );
    check(
        "a: b «x:name»\nb: v1 «y:tag»\nc: v1 «x:tag»\n",
        &[r#"ns/x 1:4 name a="b" + 3:4 tag c="v1""#, r#"ns/y 2:4 tag b="v1""#],
    );
    check(
        "a: b:1 «x»\nb: b:1 «x»\nc: v1 «x:tag»\nd: v1 «x:tag»\n",
        &[
            r#"ns/x 1:4 image a="b:1""#,
            r#"ns/x 2:4 image b="b:1""#,
            r#"ns/x 3:4 tag c="v1" + 4:4 tag d="v1""#,
        ],
    );
    check("- v1 «x:tag»\n- v1 «x:tag»\n", &[r#"ns/x 1:3 tag [0]="v1""#, r#"ns/x 2:3 tag [1]="v1""#]);
    check("c: {r: b, «x:name»\n    t: v1} «x:tag»\n", &[r#"ns/x 1:8 name c.r="b" + 2:8 tag c.t="v1""#]);
    check("a: v1 «x:tag»\n---\nb: v1 «x:tag»\n", &[r#"ns/x 1:4 tag a="v1""#, r#"ns/x 3:4 tag b="v1""#]);
    check(
        "a: b «x:name»\nt: 1 # {\"$imagepolicy\":\"ns:x:tag\",\"hold\":\"h\"}\n",
        &[r#"ns/x 1:4 name a="b" + 2:4 tag t="1" hold=h"#],
    );
}

#[test]
fn list_items_go_by_name_in_paths() {
    check(
        "spec:\n  containers:\n  - image: b:1 «x»\n    name: app\n  - name: other\n    image: c:1 «x»\n",
        &[
            r#"ns/x 3:12 image spec.containers[name=app].image="b:1""#,
            r#"ns/x 6:12 image spec.containers[name=other].image="c:1""#,
        ],
    );
    check(
        "- name: b:1 «x»\n  image: c:1 «x»\n",
        &[r#"ns/x 1:9 image [0].name="b:1""#, r#"ns/x 2:10 image [0].image="c:1""#],
    );
    check("env:\n- name: A_B.c\n  value: b:1 «x»\n", &[r#"ns/x 3:10 image env[name=A_B.c].value="b:1""#]);
    check("env:\n- name: a b\n  value: b:1 «x»\n", &[r#"ns/x 3:10 image env[name="a b"].value="b:1""#]);
    check("a: {name: n, b: [\n  b:1 «x»\n]}\n", &[r#"ns/x 2:3 image a.b[0]="b:1""#]);
}

#[test]
fn a_file_without_the_word_is_not_parsed() {
    check("a: [\n\t{{ no YAML at all\n", &[]);
    check("a: [\n\t{{ no YAML at all\n$imagepolicy\n", &["! 2:2 InvalidYaml"]);
    assert_eq!(show(&scan(b"\xff\xfe", FileKind::Yaml)), [""; 0]);
    assert_eq!(show(&scan(b"a: 1\nb\xff $imagepolicy", FileKind::Yaml)), ["! 2:2 NotUtf8"]);
}
