//! Tags set by hand.

use super::{Person, flows, forget, holds, pinned, release, shop};

#[test]
fn an_older_tag_set_by_hand_refuses_the_one_that_it_replaced() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    let person = Person::with(&estate);
    // Not the last one before, but another.
    person.set("1.2.0", "1.0.0");
    pinned(&estate, "1.2.0");
    // Up a little, still below: what was refused stays refused.
    person.set("1.0.0", "1.1.0");
    pinned(&estate, "1.2.0");
    release(&estate, "1.3.0");
    flows(&estate, "1.3.0");
}

#[test]
fn the_refused_tag_or_one_above_set_by_hand_clears() {
    for by_hand in ["1.1.0", "1.1.5"] {
        let estate = shop();
        let person = Person::with(&estate);
        person.revert("HEAD");
        pinned(&estate, "1.1.0");
        person.set("1.0.0", by_hand);
        release(&estate, "1.1.7");
        flows(&estate, "1.1.7");
    }
}

#[test]
fn a_newer_tag_set_by_hand_is_no_refusal() {
    let estate = shop();
    let person = Person::with(&estate);
    person.set("1.1.0", "1.5.0");
    estate.once().expect(0);
    holds(&estate, "1.5.0");
    release(&estate, "1.6.0");
    flows(&estate, "1.6.0");
}

#[test]
fn a_tag_outside_of_the_policy_set_by_hand_refuses_what_it_replaced_and_the_next_release_flows() {
    let estate = shop();
    let person = Person::with(&estate);
    person.set("1.1.0", "latest");
    pinned(&estate, "1.1.0");
    release(&estate, "1.2.0");
    flows(&estate, "1.2.0");
}

#[test]
fn a_bot_commit_that_somebody_amended_is_somebody_s() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.replace("apps/web.yaml", ":1.2.0 ", ":1.0.0 ");
    person.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    person.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    // It took 1.1.0 away; that 1.2.0 ever stood there is nowhere to be read.
    forget(&estate);
    estate.once().expect(0);
    holds(&estate, "1.2.0");
    let person = Person::with(&estate);
    person.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    person.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    estate.object("web.yaml", &estate.image_and_policy("web", "<1.2.0"));
    pinned(&estate, "1.1.0");
}

#[test]
fn a_squash_that_drops_the_trailers_is_somebody_s_and_refuses_nothing() {
    let estate = shop();
    release(&estate, "1.2.0");
    estate.once().expect(0);
    let person = Person::with(&estate);
    person.git(&["reset", "--quiet", "--soft", "HEAD~2"]);
    person.git(&["commit", "--quiet", "--message", "Updates of this week"]);
    person.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    release(&estate, "1.3.0");
    flows(&estate, "1.3.0");
    person.git(&["fetch", "--quiet", "origin"]);
    person.git(&["reset", "--quiet", "--hard", "origin/main"]);
    person.git(&["reset", "--quiet", "--soft", "HEAD~1"]);
    person.git(&["commit", "--quiet", "--message", "Squashed"]);
    person.git(&["revert", "--no-edit", "HEAD"]);
    person.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    pinned(&estate, "1.3.0");
}
