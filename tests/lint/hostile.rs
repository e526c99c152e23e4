//! Files that mean harm: links, names, sizes, nesting.
#![cfg(unix)]

use super::*;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

#[test]
fn links_are_not_followed_and_loops_end() {
    let folder = folder(&[("a/x.yaml", SITE), ("out/x.yaml", "a: [\nb: c # {\"$imagepolicy\": \"a:b\"}\n")]);
    let path = |name: &str| folder.path().join(name);
    symlink(path("a"), path("a/loop")).unwrap();
    symlink(path("out"), path("a/out")).unwrap();
    symlink(path("out/x.yaml"), path("a/out.yaml")).unwrap();
    let ran = run(folder.path(), &["lint", "a"]).expect(0);
    assert_eq!(told(&ran).len(), 1, "{}", ran.stdout);
}

#[test]
fn names_that_are_no_text_and_control_characters_are_shown_safely() {
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"a\xff\x1b[31m\n.yaml");
    let text = "a: \u{202e}b # {\"$imagepolicy\": \"x\u{1b}]0;y\u{7}\"}\n";
    fs::write(folder.path().join(name), text).unwrap();
    for (form, forbidden) in [
        ("text", &['\u{1b}', '\u{7}', '\u{202e}'][..]),
        ("json", &['\u{1b}', '\u{7}']),
        ("sarif", &['\u{1b}', '\u{7}']),
    ] {
        let ran = run(folder.path(), &["lint", ".", "-o", form]).expect(1);
        assert!(!ran.stdout.contains(forbidden), "{form}: {:?}", ran.stdout);
    }
    let sarif = run(folder.path(), &["lint", ".", "-o", "sarif"]).json();
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%FF%1B%5B31m%0A.yaml");
    let github = run(folder.path(), &["lint", ".", "-o", "github"]).expect(1).stdout;
    assert_eq!(github.lines().count(), 1, "{github:?}");
}

#[test]
fn large_and_odd_files_do_not_hold_it_up() {
    let deep = "[".repeat(200_000);
    let bomb = "a: &a [x, x]\n".to_owned()
        + &(0..40).map(|n| format!("b{n}: &b{n} [*a, *a]\n")).collect::<String>()
        + SITE;
    let long = format!("a: \"{}\" # {{\"$imagepolicy\": \"default:web\"}}\n", "x".repeat(3 << 20));
    let folder = folder(&[
        ("deep.yaml", &format!("{deep}\n{SITE}")),
        ("bomb.yaml", &bomb),
        ("long.yaml", &long),
        ("bin", "\0\0$imagepolicy"),
    ]);
    fs::File::create(folder.path().join("sparse.yaml")).unwrap().set_len(1 << 36).unwrap();
    fs::File::create(folder.path().join("sparse.bin")).unwrap().set_len(1 << 36).unwrap();
    let ran = run(folder.path(), &["lint", "."]).expect(1);
    assert!(told(&ran).iter().any(|line| line.starts_with("./deep.yaml:")), "{}", ran.stdout);
    assert!(ran.stdout.len() < 1 << 16, "{} bytes", ran.stdout.len());
}

#[test]
fn a_file_that_must_not_be_read_is_told() {
    let folder = folder(&[("x.yaml", SITE)]);
    let path = folder.path().join("gone.yaml");
    symlink("nowhere", &path).unwrap();
    let ran = run(folder.path(), &["lint", "."]).expect(0);
    assert_eq!(told(&ran).len(), 1, "{}", ran.stdout);
    run(folder.path(), &["lint", path.to_str().unwrap()]).expect(2);
}
