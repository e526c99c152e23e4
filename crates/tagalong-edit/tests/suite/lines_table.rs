//! Line mode: what is found, reported and written in files that are not read as YAML.

use crate::support::{expand, show, write_all};
use tagalong_edit::{FileKind, LineFormat, is_yaml_name, line_format, scan};

#[track_caller]
fn check(format: LineFormat, input: &str, found: &[&str]) {
    let text = expand(input);
    assert_eq!(show(&scan(text.as_bytes(), FileKind::Lines(format))), found, "\n{text}");
}

#[track_caller]
fn written(format: LineFormat, input: &str, expected: &str) {
    let kind = FileKind::Lines(format);
    let output = write_all(expand(input).as_bytes(), kind).unwrap();
    assert_eq!(String::from_utf8(output.clone()).unwrap(), expand(expected));
    assert_eq!(write_all(&output, kind).unwrap(), output);
}

use LineFormat::{Dockerfile, Env, Hcl, Helm, Text, Toml};

#[test]
fn dockerfile() {
    check(
        Dockerfile,
        "«x»\nFROM ghcr.io/a/b:1.2 AS build\n",
        &[r#"ns/x 2:6 image FROM … AS build="ghcr.io/a/b:1.2""#],
    );
    check(
        Dockerfile,
        "  «x:tag»\r\nFROM --platform=linux/amd64 a/b:1.2 AS build\r\n",
        &[r#"ns/x 2:33 tag FROM --platform=linux/amd64 a/b:… AS build="1.2""#],
    );
    check(
        Dockerfile,
        "«x:name»\nFROM localhost:5000/a:1\n",
        &[r#"ns/x 2:6 name FROM …:1="localhost:5000/a""#],
    );
    check(Dockerfile, "«x:tag»\nARG VERSION=1.2.3\n", &[r#"ns/x 2:13 tag ARG VERSION=…="1.2.3""#]);
    check(Dockerfile, "«x:tag»\nENV VERSION \"1.2.3\"\n", &[r#"ns/x 2:14 tag ENV VERSION "…"="1.2.3""#]);
    check(Dockerfile, "FROM a:1 «x»\n", &["! 1:10 InvalidLine"]);
    check(Dockerfile, "«x»\n\nFROM a:1\n", &["! 1:1 InvalidLine"]);
    check(Dockerfile, "«x»\n«y»\nFROM a:1\n", &[r#"ns/y 3:6 image FROM …="a:1""#, "! 1:1 InvalidLine"]);
    check(Dockerfile, "// {\"$imagepolicy\": \"ns:x\"}\nFROM a:1\n", &["! 1:6 MarkerInText"]);
    check(Dockerfile, "RUN echo '«x»'\nFROM a:1\n", &["! 1:15 MarkerInText"]);
    check(Dockerfile, "«x»", &["! 1:1 InvalidLine"]);
    check(Dockerfile, "«x»\nFROM alpine\n", &["! 1:1 InvalidLine"]);
    check(Dockerfile, "«x»\nRUN docker run -p 80:80 a:1\n", &["! 1:1 InvalidLine"]);
    check(Dockerfile, "«x:tag»\nFROM alpine AS build\n", &[r#"ns/x 2:16 tag FROM alpine AS …="build""#]);
    written(Dockerfile, "«x»\r\nFROM  a:1  AS b\r\n", "«x»\r\nFROM  reg.io/x:9.1  AS b\r\n");
    written(Dockerfile, "«x:tag»\nFROM a:1 AS b", "«x:tag»\nFROM a:9.1 AS b");
    written(Dockerfile, "«x:tag»\nARG V=1\n", "«x:tag»\nARG V=9.1\n");
}

#[test]
fn digests() {
    let old = format!("sha256:{}", "0".repeat(64));
    let new = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    written(Dockerfile, &format!("«x»\nFROM a:1@{old}\n"), "«x»\nFROM reg.io/x:9.1\n");
    written(Dockerfile, &format!("«x:digest»\nFROM a:1@{old}\n"), &format!("«x:digest»\nFROM a:1@{new}\n"));
    written(Toml, &format!("«x:digest»\nd = \"{old}\"\n"), &format!("«x:digest»\nd = \"{new}\"\n"));
    check(Dockerfile, &format!("«x:tag»\nFROM a:1@{old}\n"), &["! 1:1 InvalidLine"]);
    check(Dockerfile, "«x:digest»\nFROM a:1\n", &["! 1:1 InvalidLine"]);
}

#[test]
fn shell_and_env() {
    written(Env, "A=b:1 «x»\nB=\"c:1\"   «y»\n", "A=reg.io/x:9.1 «x»\nB=\"reg.io/x:9.1\"   «y»\n");
    written(Env, "«x:tag»\nV=1 # note 2\n", "«x:tag»\nV=9.1 # note 2\n");
    written(Env, "export V='1' «x:tag»\n", "export V='9.1' «x:tag»\n");
    check(Env, "V=1# {\"$imagepolicy\": \"ns:x:tag\"}\n", &["! 1:8 MarkerInText"]);
    check(Env, "V='# {\"$imagepolicy\": \"ns:x:tag\"}'\n", &["! 1:8 MarkerInText"]);
    check(Env, "V=\"a b\" «x:tag»\n", &["! 1:9 InvalidLine"]);
    check(Env, "V= «x:tag»\n", &["! 1:4 InvalidLine"]);
    let legacy = "# {\"$ref\":\"#/definitions/io.k8s.cli.setters.ns:y:tag\"}";
    check(Env, &format!("«x:tag»\nV=1 {legacy}\n"), &[r#"ns/y 2:3 tag V=…="1""#, "! 1:1 InvalidLine"]);
    check(Env, "#V=1 «x:tag»\n", &["! 1:1 MarkerCommentedOut"]);
    check(Env, "V=1 # note «x:tag»\n", &["! 1:5 MarkerCommentedOut"]);
}

#[test]
fn hcl_and_toml() {
    written(Hcl, "image = \"b:1\" «x»\n", "image = \"reg.io/x:9.1\" «x»\n");
    let slashes = "// {\"$imagepolicy\": \"ns:x:tag\"}";
    written(Hcl, &format!("  {slashes}\n  v = \"1\"\n"), &format!("  {slashes}\n  v = \"9.1\"\n"));
    written(Hcl, &format!("v = \"1\" {slashes}\n"), &format!("v = \"9.1\" {slashes}\n"));
    written(Toml, "a = [\n  \"b:1\", «x»\n]\n", "a = [\n  \"reg.io/x:9.1\", «x»\n]\n");
    written(Toml, "go = '1' «x:tag»\n", "go = '9.1' «x:tag»\n");
    check(Toml, "v = 1 «x:tag»\n", &["! 1:7 InvalidLine"]);
    check(Hcl, "v = \"~> 1.2\" «x:tag»\n", &["! 1:14 InvalidLine"]);
    check(Hcl, "v = \"1.2 beta\" «x:tag»\n", &["! 1:16 InvalidLine"]);
}

#[test]
fn helm_templates_and_other_text() {
    let template = "{{- if .Values.on }}\n  «x»\n  image: b:1\n{{- end }}\n";
    written(Helm, template, &template.replace("b:1", "reg.io/x:9.1"));
    written(Helm, "«x:tag»\ntag: \"1\"\n", "«x:tag»\ntag: \"9.1\"\n");
    check(Helm, "  image: b:1 «x»\n", &["! 1:14 InvalidLine"]);
    check(Helm, "«x»\nimage: \"{{ .Values.image }}:1\"\n", &["! 1:1 InvalidLine"]);
    written(
        Text,
        "// {\"$imagepolicy\": \"ns:x\"}\n\"image\":\"b:1\",\n",
        "// {\"$imagepolicy\": \"ns:x\"}\n\"image\":\"reg.io/x:9.1\",\n",
    );
    written(Text, "é\n«x»\nü b:1 ☂\n", "é\n«x»\nü reg.io/x:9.1 ☂\n");
    check(Text, "see $imagepolicy\n", &[]);
    check(Text, "# see $imagepolicy\n", &["! 1:1 InvalidMarker"]);
    assert_eq!(show(&scan(b"\xff# $imagepolicy", FileKind::Lines(Text))), ["! 1:1 NotUtf8"]);
}

#[test]
fn only_reference_characters_are_written() {
    use tagalong_edit::{Edit, ProblemReason, apply};
    let (text, kind) = (expand("«x:tag»\nARG V=1\n"), FileKind::Lines(Dockerfile));
    let found = scan(text.as_bytes(), kind);
    for value in ["", "a b", "a\nb", "$(x)", "a\"", "é"] {
        let edit = Edit { field: &found.sites[0].fields[0], value };
        assert_eq!(
            apply(text.as_bytes(), kind, &[edit]).unwrap_err().reason,
            ProblemReason::InvalidValue,
            "{value}"
        );
    }
    let stale = Edit { field: &found.sites[0].fields[0], value: "2" };
    let problem = apply(format!("# new\n{text}").as_bytes(), kind, &[stale]).unwrap_err();
    assert_eq!(problem.reason, ProblemReason::VerifyFailed);
}

#[test]
fn file_names() {
    for (name, format) in [
        ("Dockerfile", Some(Dockerfile)),
        ("app.Dockerfile", Some(Dockerfile)),
        ("Dockerfile.dev", Some(Dockerfile)),
        ("Containerfile", Some(Dockerfile)),
        (".env", Some(Env)),
        (".env.prod", Some(Env)),
        ("prod.env", Some(Env)),
        ("run.sh", Some(Env)),
        ("main.tf", Some(Hcl)),
        ("docker-bake.hcl", Some(Hcl)),
        ("mise.toml", Some(Toml)),
        ("deployment.yaml", Some(Helm)),
        ("_helpers.tpl", Some(Helm)),
        ("Makefile", None),
        ("Dockerfiles", None),
    ] {
        assert_eq!(line_format(name), format, "{name}");
    }
    for name in ["a.yaml", "a.yml", "Kustomization", ".yaml"] {
        assert!(is_yaml_name(name), "{name}");
    }
    for name in ["a.YAML", "a.json", "kustomization", "Kustomization.txt", "yaml", "a.yaml.gotmpl"] {
        assert!(!is_yaml_name(name), "{name}");
    }
}
