//! A new tag ends up as a commit: the main job, end to end.

use crate::support::Estate;
use tagalong_testkit::fake_registry::Listing;
use tagalong_testkit::git_repo::Change;

const WEB: &str = "# the web shop\nimage:   'IMAGE:1.0.0'\t# {\"$imagepolicy\": \"default:web\"}\r\nother: 1.10";

#[test]
fn the_first_run_makes_exactly_the_expected_commit_and_the_second_none() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0", "2.0.0", "latest"], &[("apps/web.yaml", WEB)]);
    let image = estate.registry.image("acme/web");
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("1 field in 1 file written, pushed as"), "{}", ran.stderr);
    let expected = WEB.replace("IMAGE:1.0.0", &format!("{image}:1.1.0"));
    assert_eq!(estate.repo.read("main", "apps/web.yaml").unwrap(), expected);
    assert_eq!(
        estate.repo.message("main").unwrap().trim_end(),
        format!(
            "Update from image update automation\n\nTagalong-Automation: default/fleet\n\
             Tagalong-Update: default:web {image}:1.0.0 -> {image}:1.1.0"
        )
    );
    assert_eq!(estate.repo.log("main").unwrap().len(), 2);
    estate.repo.fsck().unwrap();
    let again = estate.once().expect(0);
    assert!(again.stderr.contains("up to date, 1 marked site looked at"), "{}", again.stderr);
    assert_eq!(estate.repo.log("main").unwrap().len(), 2);
}

#[test]
fn the_plan_that_is_printed_is_the_plan_that_is_written() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let tip = estate.repo.rev("main");
    let plan = estate.run("plan", &[]).expect(0);
    assert_eq!(estate.repo.rev("main"), tip, "plan writes nothing");
    estate.run("plan", &["--exit-code"]).expect(1);
    let json = estate.run("plan", &["-o", "json"]).expect(0).json();
    let edit = &json["repositories"][0]["edits"][0];
    assert_eq!((edit["file"].as_str(), edit["line"].as_u64()), (Some("apps/web.yaml"), Some(2)));
    estate.once().expect(0);
    let shown = estate.repo.git(&["diff", &tip.unwrap(), "main"]).unwrap();
    let body = |diff: &str| diff.lines().filter(|line| !line.starts_with("index ")).collect::<Vec<_>>().join("\n");
    assert_eq!(body(&plan.stdout).trim_end(), body(&shown).trim_end());
    estate.run("plan", &["--exit-code"]).expect(0);
}

#[test]
fn a_dry_run_pushes_nothing() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let tip = estate.repo.rev("main");
    let ran = estate.run("run", &["--once", "--dry-run"]).expect(0);
    assert!(ran.stderr.contains("would be written"), "{}", ran.stderr);
    assert_eq!(estate.repo.rev("main"), tip);
}

#[test]
fn a_branch_that_moves_during_the_push_is_planned_again_in_the_same_run() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let repo = std::sync::Arc::clone(&estate.repo);
    estate.git.before_push(move || {
        let change = Change::File("README", b"somebody else's\n");
        repo.commit("main", "Somebody else's commit", &[change]).unwrap();
    });
    estate.once().expect(0);
    let log = estate.repo.log("main").unwrap();
    assert_eq!(log.len(), 3, "{log:?}");
    assert_eq!(estate.repo.read("main", "README").unwrap(), "somebody else's\n");
    assert!(estate.repo.read("main", "apps/web.yaml").unwrap().contains(":1.1.0'"));
}

#[test]
fn a_push_branch_is_the_base_plus_one_commit_and_rebuilt_each_run() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.object("fleet.yaml", &estate.automation("    push: {branch: auto/images}\n"));
    let main = estate.repo.rev("main").unwrap();
    estate.once().expect(0);
    let first = estate.repo.rev("auto/images").unwrap();
    assert_eq!(estate.repo.rev("auto/images^"), Some(main.clone()));
    assert_eq!(estate.repo.rev("main"), Some(main));
    // Nothing changed: the same commit stands.
    estate.once().expect(0);
    assert_eq!(estate.repo.rev("auto/images"), Some(first));
    // The base moved, a tag came: one commit on the new base.
    let main = estate.commit(&[("README", "hello\n")]);
    estate.registry.push_tag("acme/web", "1.2.0");
    std::fs::remove_dir_all(estate.folder().join("state")).unwrap();
    estate.once().expect(0);
    assert_eq!(estate.repo.rev("auto/images^"), Some(main));
    assert!(estate.repo.read("auto/images", "apps/web.yaml").unwrap().contains(":1.2.0'"));
    // Somebody else's commit on it: left alone, and said.
    let change = Change::File("note", b"review\n");
    let theirs = estate.repo.commit("auto/images", "A reviewer's commit", &[change]).unwrap();
    estate.registry.push_tag("acme/web", "1.3.0");
    std::fs::remove_dir_all(estate.folder().join("state")).unwrap();
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("ForeignCommits"), "{}", ran.stderr);
    assert_eq!(estate.repo.rev("auto/images"), Some(theirs));
}

#[test]
fn whatever_is_deleted_the_same_tree_is_reached_by_the_same_number_of_commits() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.once().expect(0);
    let tip = estate.repo.rev("main");
    for gone in ["state/mirrors", "state/lists", "state"] {
        std::fs::remove_dir_all(estate.folder().join(gone)).unwrap();
        estate.once().expect(0);
        assert_eq!(estate.repo.rev("main"), tip, "after {gone} was deleted");
    }
}

#[test]
fn a_tag_is_never_lowered_and_a_vanished_one_says_so() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", &WEB.replace("1.0.0", "1.4.0"))]);
    let tip = estate.repo.rev("main");
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("CurrentIsAhead"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no longer listed"), "{}", ran.stderr);
    assert_eq!(estate.repo.rev("main"), tip);
}

#[test]
fn a_tag_whose_manifest_is_gone_is_held() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.registry.listing(Listing::Raw(
        br#"{"name":"acme/web","tags":["1.0.0","1.1.0","1.9.0"]}"#.to_vec(),
    ));
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("TagGone"), "{}", ran.stderr);
    assert_eq!(estate.repo.log("main").unwrap().len(), 1);
}
