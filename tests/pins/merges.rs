//! Merges: what a merge changed itself refuses, what came with one of its parents does not.

use super::{Person, flows, holds, pinned, release, shop};

#[test]
fn a_fix_branch_with_an_older_tag_is_a_refusal_when_it_is_merged() {
    let estate = shop();
    let person = Person::with(&estate);
    person.git(&["switch", "--quiet", "--create", "fix"]);
    person.replace("apps/web.yaml", ":1.1.0 ", ":1.0.0 ");
    person.commit("Go back for now");
    person.git(&["switch", "--quiet", "main"]);
    person.write("README", "hello\n");
    person.commit("Something else");
    person.git(&["merge", "--quiet", "--no-edit", "fix"]);
    person.push();
    pinned(&estate, "1.1.0");
}

#[test]
fn the_revert_of_a_merge_refuses_what_the_merge_brought() {
    let estate = shop();
    let person = Person::with(&estate);
    person.git(&["switch", "--quiet", "--create", "update"]);
    person.replace("apps/web.yaml", ":1.1.0 ", ":1.4.0 ");
    person.commit("Try 1.4.0");
    person.git(&["switch", "--quiet", "main"]);
    person.git(&["merge", "--quiet", "--no-ff", "--no-edit", "update"]);
    person.git(&["revert", "--no-edit", "--mainline", "1", "HEAD"]);
    person.push();
    holds(&estate, "1.1.0");
    release(&estate, "1.4.0");
    pinned(&estate, "1.4.0");
    release(&estate, "1.4.1");
    flows(&estate, "1.4.1");
}

#[test]
fn a_stale_branch_merged_late_refuses_nothing() {
    let estate = super::Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", super::WEB)]);
    let person = Person::with(&estate);
    person.git(&["switch", "--quiet", "--create", "stale"]);
    person.write("README", "hello\n");
    person.commit("Something else");
    estate.once().expect(0);
    person.git(&["switch", "--quiet", "main"]);
    person.pull();
    person.git(&["merge", "--quiet", "--no-edit", "stale"]);
    person.push();
    holds(&estate, "1.1.0");
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
}

#[test]
fn a_branch_that_still_has_the_tag_does_not_lift_a_revert_when_it_is_merged() {
    let estate = shop();
    let person = Person::with(&estate);
    person.git(&["switch", "--quiet", "--create", "feature"]);
    person.write("README", "hello\n");
    person.commit("Something else");
    person.git(&["switch", "--quiet", "main"]);
    person.revert("HEAD");
    person.git(&["merge", "--quiet", "--no-edit", "feature"]);
    person.push();
    holds(&estate, "1.0.0");
    pinned(&estate, "1.1.0");
}

#[test]
fn a_pull_whose_first_parent_never_saw_the_bot_s_commit_keeps_the_revert() {
    let estate = super::Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", super::WEB)]);
    let colleague = Person::with(&estate);
    colleague.write("README", "hello\n");
    colleague.commit("Something else");
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.revert("HEAD");
    colleague.pull();
    colleague.push();
    let parents = estate.repo.git(&["log", "-1", "--format=%P", "main"]).unwrap();
    assert_eq!(parents.split(' ').count(), 2, "a merge");
    pinned(&estate, "1.1.0");
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
}

#[test]
fn a_conflict_resolved_against_the_bot_is_a_refusal() {
    let estate = super::Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", super::WEB)]);
    let person = Person::with(&estate);
    person.replace("apps/web.yaml", "image:", "image: ");
    person.commit("Indent");
    estate.once().expect(0);
    let (merged, _) = person.try_git(&["pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main"]);
    assert!(!merged, "a conflict");
    person.git(&["checkout", "--quiet", "--ours", "apps/web.yaml"]);
    person.commit("Merge, ours stays");
    person.push();
    holds(&estate, "1.0.0");
    pinned(&estate, "1.1.0");
}

#[test]
fn a_conflict_resolved_for_the_bot_is_none() {
    let estate = super::Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", super::WEB)]);
    let person = Person::with(&estate);
    person.replace("apps/web.yaml", "image:", "image: ");
    person.commit("Indent");
    estate.once().expect(0);
    person.try_git(&["pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main"]);
    person.git(&["checkout", "--quiet", "--theirs", "apps/web.yaml"]);
    person.commit("Merge, theirs");
    person.push();
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
}
