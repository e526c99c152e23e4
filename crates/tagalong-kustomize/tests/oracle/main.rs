//! Holds every render against the real `kustomize` 5.8.1: the printed bytes, and that both refuse where one refuses.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "the crate is pure; its oracle is a program that reads a folder"
)]

mod cases;
mod defaults;
mod generated;
mod pairs;
mod run;

use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

#[test]
fn the_corpus_prints_what_kustomize_prints() {
    need!(Part::Kustomize);
    run::check(&cases::corpus());
}

#[test]
fn every_field_of_the_built_in_lists_is_reached_as_kustomize_reaches_it() {
    need!(Part::Kustomize);
    run::check(&[defaults::references(), defaults::fields()].concat());
}

#[test]
fn every_pair_of_fields_prints_what_kustomize_prints() {
    need!(Part::Kustomize);
    run::check(&pairs::pairs());
}

#[test]
fn kustomizations_composed_at_random_print_what_kustomize_prints() {
    need!(Part::Kustomize);
    run::check(&generated::composed(96));
}
