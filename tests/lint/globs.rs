//! Globs of `update.lineFiles`.

use super::*;

#[test]
fn a_glob_that_matches_no_file_is_told_where_the_files_are_looked_at() {
    let docker = "# {\"$imagepolicy\": \"default:web\"}\nFROM ghcr.io/acme/web:1.0.0\n";
    let all = objects(&[REPOSITORY, POLICY, SOURCE, AUTOMATION]);
    let lines = format!("{all}  update: {{path: apps, lineFiles: ['**/Dockerfile', 'Dockerfile']}}\n");
    let files = [("a.yaml", lines.as_str()), ("apps/web/Dockerfile", docker)];
    let ran = lint(&files, &[]).expect(0);
    let told = told(&ran);
    let [only] = told.as_slice() else { panic!("{told:#?}") };
    assert!(only.contains("note[matches-nothing]: this matches no file"), "{only}");
    assert!(ran.stdout.contains("'Dockerfile'"), "the glob itself is shown: {}", ran.stdout);
    // Of a repository that is elsewhere nothing is known.
    check(&[("a.yaml", &lines)], 0, &[]);
}
