//! Whom a sight wakes, and whom it does not.

use super::*;
use serde_json::json;

/// How a ConfigMap stands of which our entry holds `fields`.
fn standing(version: u32, fields: &str) -> Standing {
    Standing::of(&json!({"metadata": {"resourceVersion": version.to_string(), "managedFields": [
        {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {fields: {}}},
    ]}}))
}

fn place(namespace: &str) -> Place {
    let id = ObjectId {
        namespace: namespace.to_owned(),
        name: "web".to_owned(),
        group: String::new(),
        kind: "ConfigMap".to_owned(),
    };
    Place::of(1, &id)
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("a", name)
}

/// A board on which `apps` has applied `web` in version 10.
fn board() -> Board {
    let mut board = Board::default();
    board.open(place("shop"));
    assert!(!board.hold(&key("apps"), applied(10)));
    board
}

fn applied(version: u32) -> Applied {
    Applied::from([(place("shop"), vec![("web".to_owned(), standing(version, "f:a"))])])
}

fn stands(version: u32, fields: &str) -> Sight {
    Sight::Stands("web".to_owned(), standing(version, fields))
}

fn gone(version: u32) -> Sight {
    Sight::Gone("web".to_owned(), standing(version, "f:a"))
}

fn only(names: &[&str]) -> Sight {
    Sight::Only(names.iter().map(|name| (*name).to_owned()).collect())
}

#[track_caller]
fn check(sight: Sight, wakes: bool) {
    let woken = board().see(&place("shop"), sight);
    assert_eq!(woken, wakes.then(|| key("apps")).into_iter().collect());
}

#[test]
fn who_owns_an_object_is_woken_by_what_others_did_to_it() {
    check(stands(11, "f:b"), true);
    check(stands(11, "f:a"), false);
    check(stands(9, "f:b"), false);
    check(gone(11), true);
    check(gone(9), false);
    check(only(&["web"]), false);
    check(only(&["other"]), true);
    check(Sight::Stands("other".to_owned(), standing(11, "f:b")), false);
}

#[test]
fn what_is_seen_while_it_writes_counts_once_it_is_known_what_it_wrote() {
    for (sight, applied_as, drifted) in [
        (stands(11, "f:a"), 11, false),
        (stands(12, "f:b"), 11, true),
        (gone(12), 11, true),
        (gone(11), 12, false),
    ] {
        let mut board = board();
        board.write(&key("apps"));
        assert_eq!(board.see(&place("shop"), sight), BTreeSet::new());
        assert_eq!(board.hold(&key("apps"), applied(applied_as)), drifted);
    }
}

#[test]
fn an_object_belongs_to_who_applied_it_last_and_an_idle_place_is_told() {
    let mut board = board();
    assert!(!board.hold(&key("other"), applied(12)));
    assert_eq!(board.see(&place("shop"), stands(13, "f:b")), BTreeSet::from([key("other")]));
    assert!(board.idle().is_empty());
    board.leave(&key("apps"));
    assert!(board.idle().is_empty());
    assert_eq!(board.followers(), HashSet::from([key("other")]));
    board.leave(&key("other"));
    assert_eq!(board.idle(), [place("shop")]);
}

#[test]
fn a_watch_that_ends_names_who_relied_on_it() {
    let mut board = board();
    assert_eq!(board.close(&place("shop")), BTreeSet::from([key("apps")]));
    assert_eq!(board.see(&place("shop"), gone(11)), BTreeSet::new());
    assert!(!board.hold(&key("apps"), applied(10)));
    assert!(board.followers().is_empty());
}

#[test]
fn a_place_is_named_for_people() {
    assert_eq!(place("shop").to_string(), "ConfigMap in shop");
    assert_eq!(place("").to_string(), "ConfigMap");
}
