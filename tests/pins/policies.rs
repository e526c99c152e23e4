//! Policies that change, digests, several policies and several automations.

use super::{Person, flows, holds, pinned, release, shop};

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
    std::fs::remove_dir_all(estate.folder().join("state")).unwrap();
    estate.once().expect(0);
    holds(&estate, "1.0.0");
    release(&estate, "1.1.0");
    pinned(&estate, "1.1.0");
}
