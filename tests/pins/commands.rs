//! `pins`, `unpin`, `plan`, `explain`, the status and the event.

use super::{Person, flows, pinned, shop};

#[test]
fn pins_names_commit_author_date_subject_refused_tag_and_what_lifts_it() {
    let estate = shop();
    let none = estate.run("pins", &[]).expect(0);
    assert_eq!((none.stdout.as_str(), none.stderr.contains("no field is pinned")), ("", true));
    let person = Person::with(&estate);
    let revert = person.revert("HEAD");
    let text = estate.run("pins", &[]).expect(0).stdout;
    let pin = estate.run("pins", &["-o", "json"]).expect(0).json()["pins"][0].clone();
    let image = estate.registry.image("acme/web");
    let expected = [
        ("branch", "main"),
        ("automation", "default/fleet"),
        ("file", "apps/web.yaml"),
        ("policy", "default/web"),
        ("holds", &format!("{image}:1.0.0")),
        ("refused", "1.1.0"),
        ("commit", &revert),
        ("author", "Ada <ada@example.com>"),
        ("subject", "Revert \"Update from image update automation\""),
    ];
    for (field, value) in expected {
        assert_eq!(pin[field], value, "{field}");
        let shown = if field == "commit" { &value[..7] } else { value };
        assert!(["branch", "automation"].contains(&field) || text.contains(shown), "{field} in {text}");
    }
    assert_eq!((pin["line"].as_u64(), pin["date"].as_str()), (Some(1), Some("2030-03-17T17:46:42Z")));
    assert!(pin["liftedBy"].as_str().unwrap().contains("a tag above 1.1.0"), "{pin}");
}

#[test]
fn plan_explain_status_and_event_tell_of_it() {
    let estate = shop();
    let person = Person::with(&estate);
    let revert = person.revert("HEAD");
    let plan = estate.run("plan", &["-o", "json", "--exit-code"]).expect(0).json();
    assert_eq!(plan["repositories"][0]["held"][0]["reason"], "Reverted", "{plan}");
    let explained = estate.run("explain", &["apps/web.yaml"]).expect(0);
    assert!(explained.stdout.contains("Reverted: Ada took 1.1.0 away in"), "{}", explained.stdout);
    let ran = estate.run("run", &["--once", "-o", "json"]).expect(0);
    let list = ran.json();
    let fleet = list["items"].as_array().unwrap().iter().find(|item| item["kind"] == "ImageUpdateAutomation");
    let pin = &fleet.unwrap()["status"]["pins"][0];
    assert_eq!((&pin["refused"], &pin["commit"]), (&"1.1.0".into(), &revert.into()), "{pin}");
    assert!(
        ran.stderr.contains("Pinned") && ran.stderr.contains("pinned on branch 'main'"),
        "{}",
        ran.stderr
    );
}

#[test]
fn unpin_lifts_a_pin_with_a_commit_that_says_so() {
    let estate = shop();
    let person = Person::with(&estate);
    estate.run("unpin", &["apps/web.yaml"]).expect(1);
    person.revert("HEAD");
    pinned(&estate, "1.1.0");
    estate.run("unpin", &["apps/web.yaml:7"]).expect(1);
    let commit = estate.run("unpin", &["apps/web.yaml:1"]).expect(0).stdout;
    assert_eq!(estate.repo.rev("main").as_deref(), Some(commit.trim()));
    let message = estate.repo.message("main").unwrap();
    assert!(message.contains("Tagalong-Unpin: default:web apps/web.yaml image"), "{message}");
    assert_eq!(estate.repo.changed("main~1", "main").unwrap(), Vec::<String>::new());
    flows(&estate, "1.1.0");

    // Of two pins one can be lifted: something was done, so it is no bad input.
    person.pull();
    person.revert("HEAD");
    let both = estate.automation("    push: {branch: proposed}\n");
    let (_, second) = both.split_once("---\n").unwrap();
    estate.object("second.yaml", &second.replace("metadata: {name: fleet}", "metadata: {name: second}"));
    let ran = estate.run("unpin", &["apps/web.yaml:1"]).expect(1);
    assert_eq!(estate.repo.rev("main").as_deref(), Some(ran.stdout.trim()));
    let refused =
        "error: ImageUpdateAutomation/default/second: failed to lift the pin: fields are read from main";
    assert!(ran.stderr.contains(refused), "{}", ran.stderr);
}

#[test]
fn ignore_writes_the_tag_again() {
    let estate = shop();
    let person = Person::with(&estate);
    person.revert("HEAD");
    estate.object("fleet.yaml", &estate.automation("  rollback: {onRevert: Ignore}\n"));
    flows(&estate, "1.1.0");
    let person = Person::with(&estate);
    person.revert("HEAD");
    estate.object("fleet.yaml", &estate.automation("  rollback: {onRevert: Pin}\n"));
    pinned(&estate, "1.1.0");
    estate.object("fleet.yaml", &estate.automation("  rollback: {onRevert: Never}\n"));
    estate.once().expect(2);
}
