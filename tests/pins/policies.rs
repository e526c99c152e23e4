//! Policies that change, digests, several policies and several automations.

use super::{Person, flows, forget, holds, pinned, release, shop};
use crate::support::Estate;

#[test]
fn a_range_that_is_narrowed_lowers_and_refuses_nothing_when_it_is_widened() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    estate.object("web.yaml", &estate.image_and_policy("web", "<1.2.0"));
    flows(&estate, "1.1.0");
    assert!(estate.repo.message("main").unwrap().contains("left the policy"));
    estate.object("web.yaml", &estate.image_and_policy("web", "1.x"));
    flows(&estate, "1.2.0");
}

#[test]
fn a_refused_tag_that_the_policy_no_longer_accepts_refuses_nothing() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.set("1.2.0", "1.0.0");
    pinned(&estate, "1.2.0");
    estate.object("web.yaml", &estate.image_and_policy("web", "<1.2.0"));
    flows(&estate, "1.1.0");
}

#[test]
fn a_tag_that_is_deleted_and_pushed_again_stays_refused() {
    let estate = shop();
    let person = Person::with(&estate);
    person.revert("HEAD");
    estate.registry.delete_tag("acme/web", "1.1.0");
    forget(&estate);
    estate.once().expect(0);
    holds(&estate, "1.0.0");
    release(&estate, "1.1.0");
    pinned(&estate, "1.1.0");
}

#[test]
fn a_refused_tag_is_refused_again_once_the_range_takes_it_back() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.set("1.2.0", "1.0.0");
    estate.object("web.yaml", &estate.image_and_policy("web", "<1.2.0"));
    flows(&estate, "1.1.0");
    let message = estate.repo.message("main").unwrap();
    assert!(message.contains("Tagalong-Refused: default:web 1.2.0"), "{message}");
    estate.object("web.yaml", &estate.image_and_policy("web", "1.x"));
    pinned(&estate, "1.2.0");
    release(&estate, "1.3.0");
    flows(&estate, "1.3.0");
    assert!(!estate.repo.message("main").unwrap().contains("Tagalong-Refused"));
}

#[test]
fn an_order_that_is_turned_round_begins_at_the_other_end() {
    let estate = shop();
    let person = Person::with(&estate);
    person.revert("HEAD");
    pinned(&estate, "1.1.0");
    // Now 1.0.0 is best, and 1.1.0 below it: nothing is to be written, and nothing refused is above.
    let policy = estate
        .image_and_policy("web", "1.x")
        .replace("semver: {range: \"1.x\"}", "alphabetical: {order: desc}");
    estate.object("web.yaml", &policy);
    flows(&estate, "1.0.0");
    release(&estate, "0.9.0");
    flows(&estate, "0.9.0");
}

/// The estate of [`shop`], with a policy that reflects digests and a field for the digest alone.
fn with_digests() -> (Estate, String) {
    let estate = Estate::new();
    let first = estate.registry.push_tag("acme/web", "latest");
    let policy = estate.image_and_policy("web", "1.x").replace(
        "semver: {range: \"1.x\"}}",
        "alphabetical: {}}\n  filterTags: {pattern: '^latest$'}\n  digestReflectionPolicy: Always\n  interval: 5m",
    );
    estate.object("web.yaml", &policy);
    estate.object("fleet.yaml", &estate.automation(""));
    let file = format!("digest: {first} # {{\"$imagepolicy\": \"default:web:digest\"}}\n");
    estate.commit(&[("apps/web.yaml", &file)]);
    (estate, first)
}

/// Pushes `latest` anew, with other content.
fn push_anew(estate: &Estate, platform: &str) -> String {
    let digest = estate.registry.push_index("acme/web", "latest", &[platform]);
    forget(estate);
    digest
}

#[test]
fn a_refused_digest_is_refused_for_itself_and_the_next_one_flows() {
    let (estate, first) = with_digests();
    let second = push_anew(&estate, "linux/amd64");
    estate.once().expect(0);
    let text = estate.repo.read("main", "apps/web.yaml").unwrap();
    assert!(text.contains(&second), "{text}");
    let person = Person::with(&estate);
    person.revert("HEAD");
    let ran = pinned(&estate, &second);
    assert!(ran.stderr.contains(&format!("another value than {second}")), "{}", ran.stderr);
    let third = push_anew(&estate, "linux/arm64");
    estate.once().expect(0);
    assert!(estate.repo.read("main", "apps/web.yaml").unwrap().contains(&third));
    // The refused one comes back: it is the same digest, and still refused.
    assert_eq!(push_anew(&estate, "linux/amd64"), second);
    pinned(&estate, &second);
    person.pull();
    person.replace("apps/web.yaml", &third, &first);
    person.commit("Back to the first");
    person.push();
    pinned(&estate, &second);
}

#[test]
fn name_tag_and_digest_in_several_fields_are_one_site() {
    let estate = Estate::new();
    estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    estate.object("web.yaml", &estate.image_and_policy("web", "1.x"));
    estate.object("fleet.yaml", &estate.automation(""));
    let file = "name: IMAGE # {\"$imagepolicy\": \"default:web:name\"}\ntag: 1.0.0 # {\"$imagepolicy\": \"default:web:tag\"}\n";
    estate.commit(&[("apps/web.yaml", file)]);
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.revert("HEAD");
    pinned(&estate, "1.1.0");
    release(&estate, "1.2.0");
    estate.once().expect(0);
    assert!(estate.repo.read("main", "apps/web.yaml").unwrap().contains("tag: 1.2.0 "));
    // Another image set by hand refuses the tag that it replaced.
    person.pull();
    let image = estate.registry.image("acme/web");
    person.replace("apps/web.yaml", &format!("name: {image}"), "name: ghcr.io/acme/fork");
    person.commit("Try the fork");
    person.push();
    pinned(&estate, "1.2.0");
}

#[test]
fn two_instances_with_different_ranges_end_their_tug_of_war() {
    let file = super::WEB.replace("1.0.0", "1.1.0");
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", &file)]);
    let run = |instance: &str, range: &str| {
        forget(&estate);
        estate.object("web.yaml", &estate.image_and_policy("web", range));
        estate.run("run", &["--once", "--instance", instance]).expect(0)
    };
    // The second may not have 1.1.0 and lowers it: to the first that is somebody's decision.
    run("b", "<1.1.0");
    holds(&estate, "1.0.0");
    let ran = run("a", "1.x");
    assert!(ran.stderr.contains("took 1.1.0 away"), "{}", ran.stderr);
    holds(&estate, "1.0.0");
    // The first goes on with the next one: to the second that is a tag outside of its policy, set by somebody.
    estate.registry.push_tag("acme/web", "1.2.0");
    run("a", "1.x");
    holds(&estate, "1.2.0");
    let tip = estate.repo.rev("main");
    for (instance, range) in [("b", "<1.1.0"), ("a", "1.x"), ("b", "<1.1.0")] {
        run(instance, range);
        assert_eq!(estate.repo.rev("main"), tip, "{instance}");
    }
}

#[test]
fn several_automations_of_one_branch_hold_the_same_field() {
    let estate = shop();
    let second = estate.automation("").replace("{name: fleet}\nspec:", "{name: second}\nspec:");
    estate.object("second.yaml", second.split("---\n").nth(1).unwrap());
    let person = Person::with(&estate);
    person.revert("HEAD");
    pinned(&estate, "1.1.0");
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
    assert_eq!(estate.repo.log("main").unwrap().len(), 4);
}
