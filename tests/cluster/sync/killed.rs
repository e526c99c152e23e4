//! A controller that is killed in the middle: the next one ends where the first would have, and nothing that is not ours
//! is touched.

use super::super::place::Place;
use super::place::{APPS, config};
use crate::running::signal;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ListParams;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tagalong_testkit::git_repo::Change;

/// Objects of one round.
const OBJECTS: usize = 40;
/// How often the controller is killed.
const ROUNDS: usize = 30;

/// The ConfigMaps of a namespace, asked for without a `kubectl`, which would take longer than what is watched.
struct Maps {
    runtime: tokio::runtime::Runtime,
    api: Api<ConfigMap>,
}

impl Maps {
    fn of(place: &Place) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async { place.plane.client().unwrap() });
        Self { api: Api::namespaced(client, &place.namespace), runtime }
    }

    /// The names that are ours.
    fn names(&self) -> BTreeSet<String> {
        let listed = self.runtime.block_on(self.api.list_metadata(&ListParams::default())).unwrap();
        let names = listed.items.into_iter().filter_map(|map| map.metadata.name);
        names.filter(|name| name != "kube-root-ca.crt").collect()
    }
}

#[test]
fn whenever_it_is_killed_the_next_one_gets_there_and_leaves_what_is_not_ours() {
    let Some(place) = Place::synced("killed", &[("apps/first.yaml", &config("first", "1"))]) else { return };
    place.apply(&config("foreign", "1"));
    place.apply(&place.kustomization("apps", ""));
    let maps = Maps::of(&place);
    let names = |round: usize| -> Vec<String> {
        // Every other name stays for one round more.
        (0..OBJECTS).map(|at| format!("map-{}-{at}", if at % 2 == 0 { round } else { round / 2 })).collect()
    };
    let commit = |round: usize| {
        let text: Vec<String> = names(round).iter().map(|name| config(name, &round.to_string())).collect();
        let text = text.join("---\n");
        let changes = [Change::Delete("apps"), Change::File("apps/all.yaml", text.as_bytes())];
        place.estate.repo.commit("main", "Another round", &changes).unwrap()
    };
    for round in 1..=ROUNDS {
        commit(round);
        let controller = place.syncing();
        // A moment that is another in each round: so many of its objects are there, or the first is gone.
        let seen = (round * 7) % (OBJECTS / 2);
        let wanted: BTreeSet<String> = names(round).into_iter().collect();
        let old: BTreeSet<String> =
            names(round - 1).into_iter().filter(|name| !wanted.contains(name)).collect();
        let begun = |maps: &BTreeSet<String>| {
            if round % 3 == 0 {
                old.iter().any(|name| !maps.contains(name))
            } else {
                wanted.intersection(maps).count() > seen
            }
        };
        let start = Instant::now();
        while !begun(&maps.names()) {
            assert!(start.elapsed() < Duration::from_secs(60), "round {round} does not begin");
        }
        signal("KILL", controller.id());
        drop(controller);
    }
    let head = commit(ROUNDS + 1);
    let _controller = place.syncing();
    place.until_applied(APPS, &format!("main@sha1:{head}"));
    let mut expected: BTreeSet<String> = names(ROUNDS + 1).into_iter().collect();
    expected.insert("foreign".to_owned());
    assert_eq!(maps.names(), expected);
    let inventory = place.get(APPS, ".status.inventory.entries[*].id");
    assert_eq!(inventory.split(' ').count(), OBJECTS);
}
