//! `git revert`, in all the ways in which people use it.

use super::{Person, WEB, flows, forget, holds, holds_in, pinned, release, shop};
use crate::support::Estate;

#[test]
fn a_reverted_tag_is_held_the_next_release_flows_and_is_held_again_when_it_is_reverted() {
    let estate = shop();
    let person = Person::with(&estate);
    let revert = person.revert("HEAD");
    holds(&estate, "1.0.0");
    let ran = pinned(&estate, "1.1.0");
    for said in [
        &revert[..7],
        "Ada",
        "Revert \"Update from image update automation\"",
        "tagalong unpin objects apps/web.yaml:1",
    ] {
        assert!(ran.stderr.contains(said), "{said} in {}", ran.stderr);
    }
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
    person.pull();
    person.revert("HEAD");
    holds(&estate, "1.0.0");
    pinned(&estate, "1.2.0");
}

#[test]
fn a_revert_of_the_revert_clears_and_the_next_release_flows() {
    let estate = shop();
    let person = Person::with(&estate);
    person.revert("HEAD");
    person.revert("HEAD");
    flows(&estate, "1.1.0");
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
}

#[test]
fn a_revert_of_many_fields_holds_each_and_leaves_others_alone() {
    let other = WEB.replace("default:web", "default:api");
    let estate = Estate::new();
    for image in ["acme/web", "acme/api"] {
        estate.registry.push_tags(image, ["1.0.0", "1.1.0"]);
    }
    estate.object("web.yaml", &estate.image_and_policy("web", "1.x"));
    estate.object("api.yaml", &estate.image_and_policy("api", "1.x"));
    estate.object("fleet.yaml", &estate.automation(""));
    let api = other.replace("IMAGE", &estate.registry.image("acme/api"));
    estate.commit(&[("apps/web.yaml", WEB), ("apps/second.yaml", WEB), ("apps/api.yaml", &api)]);
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.git(&["revert", "--no-commit", "HEAD"]);
    person.git(&["checkout", "--quiet", "HEAD", "--", "apps/api.yaml"]);
    person.git(&["commit", "--quiet", "--message", "Back to 1.0.0 of web"]);
    person.push();
    let ran = pinned(&estate, "1.1.0");
    assert!(
        ran.stderr.contains("apps/web.yaml:1") && ran.stderr.contains("apps/second.yaml:1"),
        "{}",
        ran.stderr
    );
    estate.registry.push_tag("acme/api", "1.2.0");
    forget(&estate);
    estate.once().expect(0);
    holds_in(&estate, "apps/api.yaml", "1.2.0");
    holds(&estate, "1.0.0");
}

#[test]
fn the_revert_of_one_of_several_commits_in_a_row_refuses_what_it_took_away() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    release(&estate, "1.3.0");
    estate.once().expect(0);
    holds(&estate, "1.3.0");
    let person = Person::with(&estate);
    // The last two: one lowers to 1.2.0, the other to 1.1.0; the highest counts.
    person.git(&["revert", "--no-edit", "HEAD", "HEAD~1"]);
    person.push();
    holds(&estate, "1.1.0");
    pinned(&estate, "1.3.0");
    release(&estate, "1.3.1");
    flows(&estate, "1.3.1");
}

#[test]
fn a_squash_merged_revert_and_a_host_s_revert_button_are_reverts() {
    let estate = shop();
    let person = Person::with(&estate);
    person.git(&["switch", "--quiet", "--create", "revert-1"]);
    person.git(&["revert", "--no-edit", "HEAD"]);
    person.git(&["switch", "--quiet", "main"]);
    person.git(&["merge", "--quiet", "--squash", "revert-1"]);
    person.git(&["commit", "--quiet", "--message", "Revert \"Update\" (#2)\n\nReverts acme/fleet#1"]);
    person.push();
    pinned(&estate, "1.1.0");
}

#[test]
fn the_same_commit_picked_again_is_no_refusal() {
    let estate = shop();
    let person = Person::with(&estate);
    let bot = person.head();
    person.revert("HEAD");
    person.git(&["cherry-pick", "-x", &bot]);
    person.push();
    flows(&estate, "1.1.0");
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
}

#[test]
fn a_picked_revert_refuses_on_the_branch_that_it_is_picked_to() {
    let estate = shop();
    let person = Person::with(&estate);
    person.git(&["switch", "--quiet", "--create", "hotfix"]);
    person.git(&["revert", "--no-edit", "HEAD"]);
    let revert = person.head();
    person.git(&["switch", "--quiet", "main"]);
    person.write("README", "hello\n");
    person.commit("Something else");
    person.git(&["cherry-pick", &revert]);
    person.push();
    pinned(&estate, "1.1.0");
}
