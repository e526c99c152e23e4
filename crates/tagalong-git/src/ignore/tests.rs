//! Flux's rules, case by case.

use super::Rules;

/// `rules` stand in `spec.ignore`; a path that ends in `/` is a folder.
fn check(rules: &str, path: &str, left_out: bool) {
    let rules = Rules::new(&[], Some(rules));
    let is_folder = path.ends_with('/');
    assert_eq!(rules.leave_out(path.trim_end_matches('/'), is_folder), left_out, "{rules:?} {path}");
}

#[test]
fn defaults_count_where_there_are_no_rules() {
    for (path, left_out) in [
        ("app.yaml", false),
        ("docs/logo.png", true),
        ("a/b/c.zip", true),
        ("a.tar.gz", true),
        (".github/workflows/ci.yaml", true),
        ("sub/.github/x.yaml", true),
        (".gitignore", true),
        ("a/.gitattributes", true),
        ("a/.sops.yaml", true),
        (".flux.yaml", true),
        (".sourceignore", false),
        ("cloudbuild.yaml", true),
    ] {
        check("", path, left_out);
        check("# a comment\n\n  \n", path, left_out);
    }
}

#[test]
fn rules_of_ones_own_replace_the_defaults_but_for_gits_own_files() {
    check("*.md", "logo.png", false);
    check("*.md", "docs/a.md", true);
    check("*.md", ".gitignore", true);
    check("*.md\n!.gitignore", ".gitignore", false);
}

#[test]
fn one_folder_alone_is_taken() {
    let rules = "# all\n/*\n# but\n!/deploy\n/deploy/**/*.md\n/deploy/**/*.txt";
    check(rules, "readme.md", true);
    check(rules, "src/main.rs", true);
    check(rules, "deploy/", false);
    check(rules, "deploy/app.yaml", false);
    check(rules, "deploy/a/b/notes.txt", true);
    // Flux goes on to look below a folder that is left out.
    check("/*\n!/clusters/prod", "clusters/prod/app.yaml", false);
    check("/*\n!/clusters/prod", "clusters/dev/app.yaml", true);
}

#[test]
fn each_form_of_a_line() {
    check("build/", "build/x.yaml", true);
    check("build/", "a/build/x.yaml", true);
    check("build/", "build", false);
    check("build/", "build/", true);
    check("/build/", "a/build/x.yaml", false);
    check("/a/b/", "a/b", false);
    check("/a/b/", "a/b/c", true);
    check("a/b", "a/b/c", true);
    check("a/b", "x/a/b", false);
    check("**/b", "x/a/b", true);
    check("**/b", "x/a/c", false);
    check("a/**", "a/b/c", true);
    check("a/**/z", "a/b/c/z", true);
    check("a**/z", "ab/z", false);
    check("*.yaml  ", "a.yaml", true);
    check("x\\ ", "x ", true);
    check("*.yaml\r\n!keep.yaml\r\n", "keep.yaml", false);
    check("!a", "a", false);
    check("[", "[", false);
}

#[test]
fn a_file_of_rules_counts_from_its_folder_and_spec_outweighs_it() {
    let files = [("".to_owned(), "*.txt".to_owned()), ("apps".to_owned(), "/secret.yaml\n!a.txt".to_owned())];
    let rules = Rules::new(&files, None);
    for (path, left_out) in [
        ("secret.yaml", false),
        ("apps/secret.yaml", true),
        ("apps/x/secret.yaml", false),
        ("apps", false),
        ("a.txt", true),
        ("apps/a.txt", false),
        ("apps/b.txt", true),
    ] {
        assert_eq!(rules.leave_out(path, false), left_out, "{path}");
    }
    assert!(Rules::new(&files, Some("apps/a.txt")).leave_out("apps/a.txt", false));
    assert!(!Rules::new(&files, Some("!apps/secret.yaml")).leave_out("apps/secret.yaml", false));
}
