//! Objects that fields belong to, the index form of a scan, and hostile or huge input. Work is counted, not timed.

use crate::support::{expand, show, write_all};
use tagalong_edit::{FileKind, LineFormat, ObjectIdentifier, ProblemReason, Scan, scan};

fn objects(input: &str) -> Vec<String> {
    let found = scan(expand(input).as_bytes(), FileKind::Yaml);
    let show = |o: &ObjectIdentifier| format!("{}|{}|{}|{}", o.api_version, o.kind, o.namespace, o.name);
    found.sites.iter().map(|site| show(&site.object)).collect()
}

#[test]
fn objects_are_those_of_the_document() {
    let deployment = "spec:\n  image: b:1 «x»\nkind: Deployment\nmetadata:\n  name: web\n  namespace: apps\napiVersion: apps/v1\n";
    assert_eq!(objects(deployment), ["apps/v1|Deployment|apps|web"]);
    let two = "kind: A\na: b:1 «x»\n---\nkind: B\nmetadata: {name: n}\na: b:1 «x»\nspec: {kind: C, metadata: {name: m}}\n";
    assert_eq!(objects(two), ["|A||", "|B||n"]);
    assert_eq!(objects("image: b:1 «x»\n"), ["|||"]);
    assert_eq!(objects("- kind: A\n  a: b:1 «x»\n"), ["|||"]);
    assert_eq!(objects("kind: [A]\nmetadata: x\na: b:1 «x»\n"), ["|||"]);
}

#[test]
fn objects_in_a_list_are_its_items() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- kind: A\n  metadata: {name: one}\n  spec:\n    image: b:1 «x»\n- spec:\n    image: b:1 «x»\n- metadata: {name: two}\n  image: b:1 «x»\n  kind: PodList\n";
    assert_eq!(objects(list), ["|A||one", "v1|List||", "|PodList||two"]);
    let paths: Vec<String> = show(&scan(expand(list).as_bytes(), FileKind::Yaml));
    assert_eq!(
        paths,
        [
            r#"ns/x 7:12 image items[name=one].spec.image="b:1""#,
            r#"ns/x 9:12 image items[1].spec.image="b:1""#,
            r#"ns/x 11:10 image items[name=two].image="b:1""#,
        ]
    );
    assert_eq!(objects("kind: Values\nitems:\n- kind: A\n  image: b:1 «x»\n"), ["|Values||"]);
}

#[test]
fn a_name_that_a_policy_writes_names_nothing() {
    let input =
        expand("kind: List\nitems:\n- kind: A\n  metadata:\n    name: b «x:name»\n  image: b:1 «x»\n");
    let before = show(&scan(input.as_bytes(), FileKind::Yaml));
    assert!(
        before[0].contains("items[0].metadata.name") && before[1].contains("items[0].image"),
        "{before:?}"
    );
}

#[test]
fn deep_nesting_is_a_problem_of_the_file() {
    for (text, reason) in [
        ("[".repeat(100_000), ProblemReason::TooDeep),
        ("{a: ".repeat(100_000), ProblemReason::TooDeep),
        ("- ".repeat(100_000), ProblemReason::TooDeep),
        ((0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(), ProblemReason::TooDeep),
        ("? ".repeat(100_000), ProblemReason::TooDeep),
    ] {
        let found = scan(format!("# $imagepolicy\n{text}").as_bytes(), FileKind::Yaml);
        assert_eq!(found.sites.len(), 0);
        assert_eq!(found.problems.iter().map(|p| p.reason).collect::<Vec<_>>(), [reason]);
    }
}

#[test]
fn aliases_are_not_expanded() {
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    (1..200).for_each(|at| bomb += &format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}]\n", at - 1));
    let text = expand(&format!("{bomb}image: b:1 «x»\n"));
    assert_eq!(show(&scan(text.as_bytes(), FileKind::Yaml)), [r#"ns/x 201:8 image image="b:1""#]);
}

#[test]
fn size_and_number_of_markers_are_bounded() {
    let mut big = vec![b'#'; 16 << 20];
    assert_eq!(scan(&big, FileKind::Yaml), Scan::default());
    big.extend_from_slice(b" $imagepolicy");
    assert_eq!(scan(&big, FileKind::Yaml).problems[0].reason, ProblemReason::TooLarge);
    assert_eq!(scan(&big, FileKind::Lines(LineFormat::Text)).problems[0].reason, ProblemReason::TooLarge);
    let many = expand("- b:1 «x»\n").repeat(20_001);
    assert_eq!(scan(many.as_bytes(), FileKind::Yaml).problems[0].reason, ProblemReason::TooLarge);
}

#[test]
fn megabytes_of_markers_on_few_lines_or_many() {
    let marker = expand("«x»");
    let many = format!("b:\n{}", format!("- b:1 {marker}\n").repeat(20_000));
    assert_eq!(scan(many.as_bytes(), FileKind::Yaml).sites.len(), 20_000);
    let written = write_all(many.as_bytes(), FileKind::Yaml).unwrap();
    assert_eq!(written, many.replace("b:1", "reg.io/x:9.1").as_bytes());
    let one_line = format!("a: b:1 {}\n", marker.repeat(20_000));
    assert_eq!(show(&scan(one_line.as_bytes(), FileKind::Yaml)), ["! 1:8 InvalidMarker"]);
    let blank_lines = format!("{marker}\n\n\n\n").repeat(20_000);
    assert_eq!(scan(blank_lines.as_bytes(), FileKind::Yaml).problems.len(), 20_000);
    let text = format!("a: |\n{}", "  b # {\"$imagepolicy\"\n".repeat(20_000));
    assert_eq!(scan(text.as_bytes(), FileKind::Yaml).problems.len(), 20_000);
    let lines = format!("{marker}\nb:1\n").repeat(20_000);
    assert_eq!(scan(lines.as_bytes(), FileKind::Lines(LineFormat::Text)).sites.len(), 20_000);
    let text = format!("a: {}\nb: b:1 {marker}\n", "é".repeat(1_000_000));
    assert_eq!(show(&scan(text.as_bytes(), FileKind::Yaml)), [r#"ns/x 2:4 image b="b:1""#]);
    let comments = format!("a:\n{}b: b:1 {marker}\n", "# c\n".repeat(300_000));
    assert_eq!(scan(comments.as_bytes(), FileKind::Yaml).sites.len(), 1);
}

#[test]
fn long_keys_and_names_are_cut_in_paths() {
    let key = "k".repeat(900);
    let deep: String = (0..60).map(|depth| format!("{}{key}:\n", " ".repeat(depth))).collect();
    let text = expand(&format!("{deep}{}image: b:1 «x»\nname: n\n", " ".repeat(60)));
    let found = scan(text.as_bytes(), FileKind::Yaml);
    let path = &found.sites[0].fields[0].path;
    assert!(path.starts_with("….") && path.ends_with(".image") && path.len() < 1_200, "{path}");
    let named = expand(&format!("kind: {0}\nmetadata: {{name: {0}}}\na: b:1 «x»\n", "é".repeat(5_000)));
    let object = &scan(named.as_bytes(), FileKind::Yaml).sites[0].object;
    assert!(object.kind.len() <= 253 && object.name.starts_with('é'));
}

#[test]
fn templates_are_pointed_to_line_mode() {
    let text = expand("a: 1\n{{- if .Values.x }}\nb: b:1 «x»\n{{- end }}\n");
    let problems = scan(text.as_bytes(), FileKind::Yaml).problems;
    assert_eq!((problems.len(), problems[0].reason), (1, ProblemReason::InvalidYaml));
    assert!(
        problems[0].line >= 2 && problems[0].message.contains("spec.update.lineFiles"),
        "{}",
        problems[0]
    );
    let tabs = scan(expand("a:\n\tb: b:1 «x»\n").as_bytes(), FileKind::Yaml).problems;
    assert_eq!((tabs[0].line, tabs[0].reason), (2, ProblemReason::InvalidYaml));
    assert!(!tabs[0].message.contains("lineFiles"), "{}", tabs[0]);
}

#[test]
fn a_scan_survives_the_index() {
    let text = expand(
        "kind: A\na: b:1 «x»\nb: c «x:name»\nc: {} «x»\nd: 1 # {\"$imagepolicy\":\"ns:y\",\"hold\":\"h\"}\n",
    );
    let found = scan(text.as_bytes(), FileKind::Yaml);
    let bytes = postcard::to_stdvec(&found).unwrap();
    assert_eq!(postcard::from_bytes::<Scan>(&bytes).unwrap(), found);
    assert!(bytes.len() < 400, "{}", bytes.len());
}
