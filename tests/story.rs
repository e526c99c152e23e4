//! A new tag ends up as a commit: the main job, end to end.

use crate::support::{Estate, run};
use tagalong_testkit::fake_registry::Listing;
use tagalong_testkit::git_repo::Change;

const WEB: &str =
    "# the web shop\nimage:   'IMAGE:1.0.0'\t# {\"$imagepolicy\": \"default:web\"}\r\nother: 1.10";

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
    let body =
        |diff: &str| diff.lines().filter(|line| !line.starts_with("index ")).collect::<Vec<_>>().join("\n");
    assert_eq!(body(&plan.stdout).trim_end(), body(&shown).trim_end());
    estate.run("plan", &["--exit-code"]).expect(0);
}

#[test]
fn a_dry_run_pushes_nothing() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let tip = estate.repo.rev("main");
    let ran = estate.run("run", &["--once", "--dry-run"]).expect(0);
    assert!(ran.stderr.contains("1 field in 1 file would be written"), "{}", ran.stderr);
    let plan = estate.run("plan", &[]).expect(0);
    for story in [ran.stderr, plan.stderr] {
        assert!(!story.contains("up-to-date"), "what is not written is not up to date: {story}");
    }
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
    let estate =
        Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", &WEB.replace("1.0.0", "1.4.0"))]);
    let tip = estate.repo.rev("main");
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("CurrentIsAhead"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no longer listed"), "{}", ran.stderr);
    assert_eq!(estate.repo.rev("main"), tip);
}

#[test]
fn a_tag_whose_manifest_is_gone_is_held() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate
        .registry
        .listing(Listing::Raw(br#"{"name":"acme/web","tags":["1.0.0","1.1.0","1.9.0"]}"#.to_vec()));
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("TagGone"), "{}", ran.stderr);
    assert_eq!(estate.repo.log("main").unwrap().len(), 1);
}

#[test]
fn a_branch_is_never_rewound_to_a_commit_that_was_checked_out() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let old = estate.repo.rev("main").unwrap();
    let tip = estate.commit(&[("README", "later\n")]);
    let checkout =
        format!("    checkout: {{ref: {{branch: main, commit: {old}}}}}\n    push: {{branch: main}}\n");
    estate.object("fleet.yaml", &estate.automation(&checkout));
    let ran = estate.once().expect(0);
    assert!(ran.stderr.contains("ForeignCommits"), "{}", ran.stderr);
    assert_eq!(estate.repo.rev("main"), Some(tip));
}

#[test]
fn automations_of_one_branch_are_planned_one_on_top_of_the_other() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let second = estate.automation("").replace("{name: fleet}\nspec:", "{name: second}\nspec:");
    let second = second.split("---\n").nth(1).unwrap().to_owned();
    estate.object("second.yaml", &second);
    let plan = estate.run("plan", &[]).expect(0);
    assert_eq!(plan.stdout.matches("diff --git").count(), 1, "{}", plan.stdout);
    let json = estate.run("plan", &["-o", "json"]).expect(0).json();
    assert_eq!(json["repositories"].as_array().unwrap().len(), 1);
    assert_eq!(json["repositories"][0]["edits"].as_array().unwrap().len(), 1);
    estate.once().expect(0);
    assert_eq!(estate.repo.log("main").unwrap().len(), 2);
}

#[test]
fn a_plan_says_what_run_would_do_to_a_push_branch() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.object("fleet.yaml", &estate.automation("    push: {branch: auto/images}\n"));
    estate.run("plan", &["--exit-code"]).expect(1);
    estate.once().expect(0);
    let plan = estate.run("plan", &["--exit-code"]).expect(0);
    assert!(plan.stderr.contains("already on the branch"), "{}", plan.stderr);
    assert_eq!(plan.stdout, "");
}

#[test]
fn a_message_that_renders_to_nothing_is_still_ours() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    let extra = "    push: {branch: auto}\n";
    let blank = "author: {name: bot, email: bot@example.com}, messageTemplate: \"{{ if false }}x{{ end }}\"";
    let yaml = estate.automation(extra).replace("author: {name: bot, email: bot@example.com}", blank);
    estate.object("fleet.yaml", &yaml);
    estate.once().expect(0);
    assert!(estate.repo.message("auto").unwrap().starts_with("Update from image update automation\n"));
    let again = estate.once().expect(0);
    assert!(again.stderr.contains("already on the branch"), "{}", again.stderr);
}

#[test]
fn a_damaged_mirror_is_fetched_anew_in_the_same_run() {
    let estate = Estate::with_web("1.x", &["1.0.0"], &[("apps/web.yaml", WEB)]);
    estate.once().expect(0);
    let mut spoiled = 0;
    for pack in packs(&estate.folder().join("state/mirrors")) {
        let mut bytes = std::fs::read(&pack).unwrap();
        // Past the header of 12 bytes, before the checksum of 20: every object is spoiled, the file looks whole.
        let end = bytes.len() - 20;
        bytes[12..end].iter_mut().for_each(|byte| *byte ^= 0x55);
        std::fs::remove_file(&pack).unwrap();
        std::fs::write(&pack, bytes).unwrap();
        spoiled += 1;
    }
    assert!(spoiled > 0);
    estate.registry.push_tag("acme/web", "1.1.0");
    std::fs::remove_dir_all(estate.folder().join("state/lists")).unwrap();
    estate.once().expect(0);
    assert!(estate.repo.read("main", "apps/web.yaml").unwrap().contains(":1.1.0'"));
}

fn packs(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(packs(&path));
        } else if path.extension().is_some_and(|extension| extension == "pack") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_registry_that_will_not_say_whether_a_tag_exists_fails_the_turn_and_no_other_site() {
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", WEB)]);
    estate.registry.fail_after(1, tagalong_testkit::fake_registry::Fault::Status(403));
    let ran = estate.once();
    estate.registry.heal();
    assert!(ran.stderr.contains("cannot tell whether") || ran.code == 0, "{}", ran.stderr);
    estate.once().expect(0);
    assert!(estate.repo.read("main", "apps/web.yaml").unwrap().contains(":1.1.0'"));
}

#[test]
fn check_names_an_image_once_on_the_line_that_says_why_it_cannot_be_read() {
    let estate = Estate::with_web("1.x", &["1.0.0"], &[("web.yaml", "image: IMAGE:1.0.0\n")]);
    let image = estate.registry.image("acme/web");
    let gone = estate.registry.image("acme/gone");
    estate.object("web.yaml", &estate.image_and_policy("web", "1.x").replace(&image, &gone));
    let ran = run(estate.folder(), &["check", "objects"]).expect(1);
    let failed = ran.stdout.lines().find(|line| line.starts_with("fail")).unwrap();
    assert!(
        failed.contains(&format!("{gone}: not found, or hidden from these credentials (404")),
        "{failed}"
    );
    assert_eq!(failed.matches(&gone).count(), 1, "{failed}");
}
