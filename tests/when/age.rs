//! `minimumAge`: RULES 8.

use super::{aged, ask, holds, running, shop};
use crate::support::Estate;

/// How many requests for manifests came in.
fn looks(estate: &Estate) -> usize {
    estate.registry.requests().iter().filter(|request| request.path.contains("/manifests/")).count()
}

#[test]
fn a_tag_waits_in_full_and_goes_in_the_moment_in_which_it_is_old_enough() {
    let estate = shop(&["1.0.0", "1.1.0"], "");
    // No interval wakes anybody within this test.
    estate.object("web.yaml", &format!("{}  minimumAge: 2s\n", estate.image_and_policy("web", "1.x")));
    let tip = estate.repo.rev("main");
    let mut running = running(&estate);
    let said = running.until("TooYoung");
    assert!(said.contains("1.1.0 was first seen at"), "{said}");
    assert_eq!(estate.repo.rev("main"), tip);
    running.until("pushed commit");
    holds(&estate, "1.1.0");
    // One look when it came, one when it was old enough, and the question of rule 5.
    assert_eq!(looks(&estate), 3);
}

#[test]
fn a_kept_state_folder_remembers_and_a_run_that_finds_none_says_so() {
    let estate = shop(&["1.0.0", "1.1.0"], "  minimumAge: 100h\n");
    let plan = estate.run("plan", &[]).expect(1);
    assert!(plan.stderr.contains("this command keeps no first sight"), "{}", plan.stderr);
    let first = estate.once().expect(1);
    assert!(first.stdout.contains("only where the state folder is kept"), "{}", first.stdout);
    let again = estate.once().expect(1);
    assert!(again.stdout.contains("TooYoung"), "{}", again.stdout);
    assert!(!again.stdout.contains("state folder"), "{}", again.stdout);
    holds(&estate, "1.0.0");
    aged(&estate);
    estate.once().expect(0);
    holds(&estate, "1.1.0");
}

#[test]
fn a_tag_that_is_pushed_again_with_another_digest_starts_anew() {
    let estate = shop(&["1.0.0", "1.1.0"], "  minimumAge: 100h\n");
    estate.once().expect(1);
    aged(&estate);
    estate.registry.push_tag("acme/web", "1.1.0");
    let anew = estate.once().expect(1);
    assert!(anew.stdout.contains("TooYoung"), "{}", anew.stdout);
    holds(&estate, "1.0.0");
    aged(&estate);
    estate.once().expect(0);
    holds(&estate, "1.1.0");
}

#[test]
fn an_older_tag_goes_meanwhile_and_everybody_says_what_waits() {
    let estate = shop(&["1.0.0", "1.1.0"], "  minimumAge: 100h\n");
    estate.once().expect(1);
    aged(&estate);
    estate.registry.push_tag("acme/web", "1.2.0");
    let told = estate.once().expect(0);
    holds(&estate, "1.1.0");
    assert!(told.stdout.contains("resolved to 1.1.0; TooYoung: 1.2.0 was first seen at"), "{}", told.stdout);
    assert!(told.stderr.contains("  waiting default/web TooYoung: 1.2.0"), "{}", told.stderr);
    let plan = estate.run("plan", &["-o", "json"]).expect(0).json();
    let waits = &plan["repositories"][0]["waiting"][0];
    assert_eq!((&waits["tag"], &waits["reason"]), (&"1.2.0".into(), &"TooYoung".into()), "{plan}");
    let explained = estate.run("explain", &["-o", "json"]).expect(0).json();
    let decision = &explained["policies"][0]["decision"];
    assert_eq!(
        (&decision["verdict"], &decision["gates"]),
        (&"Select 1.1.0".into(), &"minimumAge 100h".into())
    );
    assert_eq!(
        (&decision["gated"][0]["until"], &decision["gated"][0]["tag"]),
        (&waits["until"], &"1.2.0".into())
    );
    let left = decision["gated"][0]["in"].as_str().unwrap();
    assert!(["99h59m", "100h0m0s"].iter().any(|near| left.starts_with(near)), "{decision}");
    let text = estate.run("explain", &["ImagePolicy/web"]).expect(0).stdout;
    assert!(text.contains(" (in 99h59m") || text.contains(" (in 100h0m0s)"), "{text}");
    assert!(text.contains("gates    minimumAge 100h\n           TooYoung: 1.2.0 was first seen"), "{text}");
    aged(&estate);
    estate.once().expect(0);
    holds(&estate, "1.2.0");
}

#[test]
fn where_nothing_is_old_enough_the_fields_are_held_and_the_policy_says_until_when() {
    let estate = shop(&["1.0.0", "1.1.0"], "  minimumAge: 100h\n");
    estate.once().expect(1);
    let plan = estate.run("plan", &["-o", "json"]).expect(1).json();
    assert_eq!(plan["repositories"][0]["held"][0]["reason"], "TooYoung", "{plan}");
    let explained = estate.run("explain", &[]).expect(1).stdout;
    assert!(explained.contains("verdict  Hold until 2"), "{explained}");
    ask(&estate, "  minimumAge: soon\n");
    estate.once().expect(2);
}

#[test]
fn a_moving_tag_keeps_its_last_digest_until_the_next_one_is_old_enough() {
    let estate = shop(&["1.0.0"], "  minimumAge: 1s\n  digestReflectionPolicy: Always\n  interval: 300ms\n");
    let pinned = |digest: &str| estate.repo.read("main", "apps/web.yaml").unwrap().contains(digest);
    let old = estate.registry.push_tag("acme/web", "1.0.0");
    let mut running = running(&estate);
    running.until("pushed commit");
    assert!(pinned(&old));
    let new = estate.registry.push_tag("acme/web", "1.0.0");
    let said = running.until("TooYoung: 1.0.0 was first seen at");
    assert!(said.contains(&old), "{said}");
    running.until("pushed commit");
    assert!(pinned(&new));
}
