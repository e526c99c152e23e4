//! Many objects, and ends in the middle.

use serde_json::{Value, json};
use tagalong_apply::Inventory;

use crate::place::{OPTIONS, Place};

fn maps(place: &Place, count: usize, value: &str) -> Vec<Value> {
    (0..count).map(|at| place.config_map(&format!("map-{at:03}"), &json!({ "a": value }))).collect()
}

fn ending(lines: &[String], word: &str) -> usize {
    lines.iter().filter(|line| line.ends_with(word)).count()
}

#[tokio::test]
async fn three_hundred_objects_cost_two_requests_each_and_one_write_where_they_changed() {
    let Some(place) = Place::new("many").await else { return };
    let mut set = maps(&place, 300, "1");
    assert_eq!(ending(&place.applied(&set).await, "created"), 300);
    // A read, a dry run and a write each, and what kinds there are.
    assert_eq!(place.counter.take().len(), 901);
    assert_eq!(ending(&place.applied(&set).await, "unchanged"), 300);
    assert_eq!(place.counter.take().len(), 600);
    set[7] = place.config_map("map-007", &json!({"a": "2"}));
    assert_eq!(ending(&place.applied(&set).await, "unchanged"), 299);
    assert_eq!(place.counter.take_writes().len(), 1);
}

#[tokio::test]
async fn whoever_is_ended_in_the_middle_converges_at_the_next_turn() {
    let Some(place) = Place::new("killed").await else { return };
    let theirs = place.config_map("theirs", &json!({"a": "1"}));
    place.kubectl(&["create", "-f", "-"], &theirs.to_string());
    let mut inventory = Inventory::default();
    // Each turn is ended after some writes; the sets differ, so that there is always something to prune.
    for (turn, writes) in [1, 2, 3, 5, 8, 13].into_iter().enumerate() {
        let set = maps(&place, 20 - turn, &turn.to_string());
        let next = Inventory::of(&set);
        // Noted before anything is done, as a controller notes it in the status.
        let before: Inventory = inventory.entries.iter().chain(&next.entries).cloned().collect();
        let turn = async {
            place.apply(&set).await;
            place.cluster.prune(&place.owner, &before.without(&next)).await;
        };
        tokio::select! {
            () = turn => {}
            () = place.counter.until_writes(writes) => {}
        }
        inventory = before;
    }
    let set = maps(&place, 10, "last");
    let next = Inventory::of(&set);
    let outcome = place.cluster.apply(&place.owner, set.clone(), &OPTIONS).await;
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let pruned = place.cluster.prune(&place.owner, &inventory.without(&next)).await;
    assert!(pruned.failures.is_empty(), "{:?}", pruned.failures);
    let left = place.kubectl(
        &["get", "configmap", "-o", "jsonpath={range .items[*]}{.metadata.name}={.data.a} {end}"],
        "",
    );
    let expected: Vec<String> =
        (0..10).map(|at| format!("map-{at:03}=last")).chain(["theirs=1".to_owned()]).collect();
    assert_eq!(left.split_whitespace().collect::<Vec<_>>(), expected);
}
