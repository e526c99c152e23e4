//! One pull request after the other: RULES 17 and 18.

use super::estate::Fleet;
use tagalong_testkit::fake_registry::Fault;

#[test]
fn it_is_opened_once_refreshed_merged_and_done() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.once();
    assert_eq!(fleet.count(), 0, "nothing is to be done");

    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    let plan = fleet.plan();
    assert_eq!(plan["pullRequests"][0]["action"], "Open", "{plan}");
    assert_eq!(fleet.count(), 0, "a plan opens nothing");

    let ran = fleet.once();
    assert!(ran.stderr.contains("reason=PullRequestOpened"), "{}", ran.stderr);
    let first = fleet.open_one();
    assert_eq!(first.title, "Update web to 1.1.0");
    assert_eq!(first.branch, "tagalong/default/fleet/web");
    assert!(first.body.contains("| `apps/web.yaml` | 1 |"), "{}", first.body);
    assert_eq!(fleet.on_branch(&first, "web"), fleet.file("web", "1.1.0"));
    assert_eq!(fleet.on_main("web"), fleet.file("web", "1.0.0"));

    fleet.once();
    assert_eq!(fleet.open_one(), first, "a second run changes nothing");

    // A newer tag wins.
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    fleet.once();
    let second = fleet.open_one();
    assert_eq!((second.number, second.title.as_str()), (first.number, "Update web to 1.2.0"));
    assert_eq!(fleet.on_branch(&second, "web"), fleet.file("web", "1.2.0"));

    // The base moves.
    let base = fleet.repository.commit("main", "notes.md", b"moved\n").unwrap();
    fleet.once();
    let third = fleet.open_one();
    assert_eq!((third.number, fleet.parent(&third)), (first.number, base));
    assert!(third.head != second.head);

    fleet.repository.merge(third.number, "squash").unwrap();
    assert_eq!(fleet.on_main("web"), fleet.file("web", "1.2.0"));
    assert!(fleet.repository.tip(&third.branch).is_some());
    fleet.plan();
    assert!(fleet.repository.tip(&third.branch).is_some(), "a plan removes nothing");
    fleet.once();
    assert_eq!((fleet.open().len(), fleet.count()), (0, 1));
    assert!(fleet.repository.tip(&third.branch).is_none(), "nobody needs the branch of a merged one");

    // It comes again under the same name.
    fleet.registry.push_tags("acme/web", ["1.3.0"]);
    fleet.once();
    assert_eq!(fleet.open_one().title, "Update web to 1.3.0");
    assert_eq!(fleet.count(), 2);
}

#[test]
fn a_branch_that_a_person_has_pushed_to_is_left_alone_and_said_so() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    fleet.once();
    let ours = fleet.open_one();
    let theirs = fleet.repository.commit(&ours.branch, "notes.md", b"a person's\n").unwrap();

    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    let ran = fleet.once();
    assert!(ran.stderr.contains("reason=ForeignCommits"), "{}", ran.stderr);
    assert_eq!(fleet.open_one().head, theirs);

    // What the person added was merged with it: the branch is free again.
    fleet.repository.merge(ours.number, "squash").unwrap();
    fleet.once();
    let next = fleet.open_one();
    assert!(next.number != ours.number);
    assert_eq!(fleet.on_branch(&next, "web"), fleet.file("web", "1.2.0"));
}

#[test]
fn closed_by_a_person_it_is_refused_and_reopened_it_is_wanted_again() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    fleet.once();
    let first = fleet.open_one();
    fleet.repository.set_state(first.number, "closed").unwrap();

    let ran = fleet.once();
    assert!(ran.stderr.contains("ClosedUnmerged"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("by {}", fleet.repository.owner().name)), "{}", ran.stderr);
    assert_eq!((fleet.open().len(), fleet.count()), (0, 1));

    // Exactly what it would have written is refused: the next release flows.
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    fleet.once();
    let second = fleet.open_one();
    assert_eq!(second.title, "Update web to 1.2.0");

    // And not for what came later on the same branch.
    fleet.once();
    assert_eq!(fleet.open_one(), second);

    fleet.repository.set_state(second.number, "closed").unwrap();
    fleet.once();
    assert_eq!(fleet.open().len(), 0);
    fleet.repository.set_state(second.number, "open").unwrap();
    let base = fleet.repository.commit("main", "notes.md", b"moved\n").unwrap();
    fleet.once();
    let again = fleet.open_one();
    assert_eq!((again.number, fleet.parent(&again)), (second.number, base));
}

#[test]
fn who_closed_it_is_told_however_long_it_was_talked_about() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    fleet.once();
    let first = fleet.open_one();
    let path = format!("/issues/{}/comments", first.number);
    for _ in 0..55 {
        fleet.repository.ask("POST", &path, Some(&serde_json::json!({"body": "And?"}))).unwrap();
    }
    fleet.repository.set_state(first.number, "closed").unwrap();
    let ran = fleet.once();
    assert!(ran.stderr.contains(&format!("by {}", fleet.repository.owner().name)), "{}", ran.stderr);
}

#[test]
fn unpin_lifts_the_refusal_of_a_closed_one() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    fleet.once();
    let first = fleet.open_one();
    fleet.repository.set_state(first.number, "closed").unwrap();
    let pins = fleet.run("pins", &[]).expect(0);
    assert!(pins.stdout.contains("1.1.0"), "{}", pins.stdout);

    // On a protected branch it says what is to be merged.
    let rule = serde_json::json!({"rule_name": "main", "enable_push": false});
    fleet.repository.ask("POST", "/branch_protections", Some(&rule)).unwrap();
    let refused = fleet.run("unpin", &["apps/web.yaml:1"]);
    assert!(refused.stderr.contains("Tagalong-Unpin: default:web apps/web.yaml image"), "{}", refused.stderr);
    fleet.repository.ask("DELETE", "/branch_protections/main", None).unwrap();
    fleet.run("unpin", &["apps/web.yaml:1"]).expect(0);
    fleet.once();
    let second = fleet.open_one();
    assert_eq!((second.title.as_str(), second.number != first.number), ("Update web to 1.1.0", true));
}

#[test]
fn with_nothing_left_to_do_it_is_closed_and_that_refuses_nothing() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    fleet.once();
    let first = fleet.open_one();
    fleet.write("web", "1.1.0");
    fleet.once();
    assert_eq!((fleet.open().len(), fleet.state(first.number).as_str()), (0, "closed"));
    let said = fleet.repository.comments(first.number).unwrap();
    assert!(said[0].contains("nothing is left for it to do"), "{said:?}");

    fleet.write("web", "1.0.5");
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    fleet.once();
    assert_eq!(fleet.open_one().title, "Update web to 1.2.0");
}

#[test]
fn each_policy_has_its_own_and_another_grouping_supersedes_them() {
    let Some(fleet) = Fleet::new(&["api", "web"], "") else { return };
    for image in ["api", "web"] {
        fleet.registry.push_tags(&format!("acme/{image}"), ["1.1.0"]);
    }
    fleet.once();
    let mut titles: Vec<String> = fleet.open().into_iter().map(|pull| pull.title).collect();
    titles.sort();
    assert_eq!(titles, ["Update api to 1.1.0", "Update web to 1.1.0"]);

    fleet.objects(", groupBy: Automation");
    fleet.once();
    let all = fleet.open_one();
    assert_eq!((all.title.as_str(), all.branch.as_str()), ("Update 2 images", "tagalong/default/fleet/all"));
    for image in ["api", "web"] {
        assert_eq!(fleet.on_branch(&all, image), fleet.file(image, "1.1.0"));
    }
    let said = fleet.repository.comments(1).unwrap();
    assert!(
        said[0].contains(&format!("superseded by {}/", fleet.repository.url().trim_end_matches(".git"))),
        "{said:?}"
    );
}

#[test]
fn no_more_are_open_than_may_be_and_the_next_one_follows() {
    let Some(fleet) = Fleet::new(&["api", "web"], ", limits: {open: 1}") else { return };
    for image in ["api", "web"] {
        fleet.registry.push_tags(&format!("acme/{image}"), ["1.1.0"]);
    }
    let ran = fleet.once();
    assert!(ran.stderr.contains("PullRequestLimit"), "{}", ran.stderr);
    let first = fleet.open_one();
    fleet.repository.merge(first.number, "merge").unwrap();
    fleet.once();
    assert!(fleet.open_one().number != first.number);

    fleet.objects(", limits: {open: 9, perHour: 2}");
    fleet.repository.merge(fleet.open_one().number, "merge").unwrap();
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    fleet.once();
    assert_eq!((fleet.open().len(), fleet.count()), (0, 2), "two were opened within the hour");
}

#[test]
fn it_comes_with_labels_people_and_texts_and_merges_by_itself() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    let owner = fleet.repository.owner().name.clone();
    fleet.objects(&format!(
        ", labels: [images, automatic], reviewers: [{owner}], assignees: [{owner}], draft: true, \
         title: \"{{{{ range .Policies }}}}{{{{ .Name }}}}: {{{{ .Tag }}}}{{{{ end }}}}\", body: Hello"
    ));
    fleet.once();
    let pull = fleet.open_one();
    let mut labels = pull.labels.clone();
    labels.sort();
    assert_eq!(labels, ["automatic", "images"]);
    assert_eq!((pull.reviewers, pull.assignees), (vec![owner.clone()], vec![owner]));
    assert_eq!((pull.title.as_str(), pull.draft), ("WIP: web: 1.1.0", true));
    assert!(pull.body.starts_with("Hello\n"), "{}", pull.body);

    fleet.repository.ask("PATCH", "/pulls/1", Some(&serde_json::json!({"title": "ready"}))).unwrap();
    fleet.objects(", autoMerge: Squash");
    // Gitea takes the wish once it has looked for conflicts, and merges once it has looked at the checks, of which there
    // are none; until then each turn asks again.
    fleet.until(|| {
        fleet.once();
        fleet.open().is_empty()
    });
    assert_eq!(fleet.on_main("web"), fleet.file("web", "1.1.0"));
}

#[test]
fn outside_of_all_windows_none_is_opened_or_refreshed() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    fleet.once();
    let first = fleet.open_one();
    // The 30th of February.
    fleet.scheduled("0 0 30 2 *");
    fleet.registry.push_tags("acme/web", ["1.2.0"]);
    let ran = fleet.once();
    assert!(ran.stderr.contains("WindowClosed"), "{}", ran.stderr);
    assert_eq!(fleet.open_one(), first);
}

#[test]
fn the_token_of_git_goes_to_no_other_host() {
    for url in ["http://localhost:1", "http://127.0.0.1:1"] {
        let Some(fleet) = Fleet::new(&["web"], &format!(", url: \"{url}\"")) else { return };
        fleet.registry.push_tags("acme/web", ["1.1.0"]);
        let ran = fleet.run("run", &["--once"]).expect(1);
        assert!(ran.stderr.contains("goes to its own host and port alone"), "{}", ran.stderr);
    }
}

#[test]
fn a_host_that_is_down_blocks_no_scan_and_is_asked_again() {
    let Some(fleet) = Fleet::new(&["web"], ", url: \"http://127.0.0.1:1\", secretRef: {name: git}") else {
        return;
    };
    fleet.registry.push_tags("acme/web", ["1.1.0"]);
    let ran = fleet.run("run", &["--once"]).expect(1);
    assert!(ran.stderr.contains("ImagePolicy/default/web: Latest image tag"), "{}", ran.stderr);
    assert!(ran.stderr.contains("127.0.0.1 cannot be reached"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(&fleet.repository.bot().token), "{}", ran.stderr);
    assert_eq!(fleet.on_main("web"), fleet.file("web", "1.0.0"));
    fleet.objects("");
    fleet.once();
    fleet.open_one();
}

#[test]
fn it_tells_by_what_rule_the_tag_won_and_what_the_publisher_says_of_the_image() {
    let Some(fleet) = Fleet::new(&["web"], "") else { return };
    let label = |name: &str| format!("org.opencontainers.image.{name}");
    let (source, revision, url) = (label("source"), label("revision"), label("url"));
    let push = |tag: &str, commit: &str, home: &str| {
        let labels =
            [(&*source, "https://github.com/acme/web"), (&*revision, commit), (&*url, home), ("other", "x")];
        fleet.registry.push_labelled("acme/web", tag, &labels);
    };
    push("1.0.0", "aaaaaaaaaa", "");
    push("1.1.0", "bbbbbbbbbb", "https://evil.example/) @everyone");
    fleet.registry.take_requests();
    fleet.once();
    let body = fleet.open_one().body;
    for said in [
        "The best tag by `semver 1.x`.",
        "* [What changed: aaaaaaa to bbbbbbb](https://github.com/acme/web/compare/aaaaaaaaaa...bbbbbbbbbb)",
        "* [Commit bbbbbbb](https://github.com/acme/web/commit/bbbbbbbbbb)",
        "* [Release notes](https://github.com/acme/web/releases)",
        "* [Source](https://github.com/acme/web)",
    ] {
        assert!(body.contains(said), "{said} in {body}");
    }
    assert!(!body.contains("evil") && !body.contains("everyone"), "{body}");
    let configs = || {
        let asked = fleet.registry.take_requests();
        asked.iter().filter(|asked| asked.path.contains("/blobs/")).count()
    };
    assert_eq!(configs(), 2, "the new image and the one that it replaces");
    fleet.once();
    assert_eq!(configs(), 0, "a text that stands is not written again");

    // A registry that gives nothing away holds nothing up.
    push("1.2.0", "cccccccccc", "https://example.com/web");
    fleet.registry.fail_after(2, Fault::Status(404));
    fleet.once();
    let body = fleet.open_one().body;
    assert!(
        body.contains("### `web` to `1.2.0`") && body.contains("The best tag by `semver 1.x`."),
        "{body}"
    );
    assert!(!body.contains("github.com"), "{body}");
}
