//! Which of two copies of an object counts, and what is said to have changed.

use super::*;
use serde_json::json;
use tagalong_api::ImageRepository;

fn object(name: &str, uid: &str, version: u64) -> ImageRepository {
    serde_json::from_value(json!({
        "metadata": {
            "name": name, "namespace": "a", "uid": uid, "resourceVersion": version.to_string(),
            "annotations": {LAST_APPLIED: "{}"}, "managedFields": [{"manager": "x"}],
        },
        "spec": {"image": "a/b", "interval": "1m"},
    }))
    .unwrap()
}

fn shelf(objects: &[ImageRepository]) -> Shelf<ImageRepository> {
    let shelf = Shelf::new();
    list(&shelf, objects);
    shelf
}

fn list(shelf: &Shelf<ImageRepository>, objects: &[ImageRepository]) -> Vec<(String, bool, bool)> {
    shelf.take(Event::Init);
    for object in objects {
        shelf.take(Event::InitApply(object.clone()));
    }
    let mut changes: Vec<_> = shelf.take(Event::InitDone).iter().map(told).collect();
    changes.sort();
    changes
}

/// Name, whether it was there, whether it is.
fn told(change: &Change<ImageRepository>) -> (String, bool, bool) {
    let some = change.new.as_ref().or(change.old.as_deref()).unwrap();
    (some.name_any(), change.old.is_some(), change.new.is_some())
}

fn version(shelf: &Shelf<ImageRepository>, name: &str) -> Option<String> {
    shelf.get(&ObjectKey::new("a", name)).and_then(|object| object.resource_version())
}

#[test]
fn our_own_write_counts_before_the_watch_brings_it() {
    let shelf = shelf(&[object("web", "1", 5)]);
    assert!(shelf.answered(object("web", "1", 9)).is_some());
    assert!(shelf.take(Event::Apply(object("web", "1", 7))).is_empty(), "older than our own");
    assert!(shelf.take(Event::Apply(object("web", "1", 9))).is_empty(), "the same");
    assert_eq!(version(&shelf, "web").as_deref(), Some("9"));
    assert_eq!(shelf.take(Event::Apply(object("web", "1", 10))).len(), 1);
}

#[test]
fn an_object_that_is_gone_does_not_come_back_by_an_answer() {
    let shelf = shelf(&[object("web", "1", 5)]);
    assert_eq!(shelf.take(Event::Delete(object("web", "1", 8))).len(), 1);
    assert!(shelf.answered(object("web", "1", 7)).is_none());
    shelf.take(Event::Apply(object("web", "2", 9)));
    assert!(shelf.answered(object("web", "1", 10)).is_none(), "another object of that name");
}

#[test]
fn a_new_listing_says_what_came_changed_and_went() {
    let shelf = shelf(&[object("changed", "1", 5), object("gone", "2", 5), object("same", "3", 5)]);
    shelf.answered(object("same", "3", 20));
    let changes = list(&shelf, &[object("changed", "1", 6), object("came", "4", 6), object("same", "3", 19)]);
    let told = |name: &str, old, new| (name.to_owned(), old, new);
    assert_eq!(changes, [told("came", false, true), told("changed", true, true), told("gone", true, false)]);
    assert_eq!(version(&shelf, "same").as_deref(), Some("20"));
    assert_eq!(version(&shelf, "gone"), None);
}

#[test]
fn second_copies_of_an_object_are_not_kept() {
    let shelf = shelf(&[object("web", "1", 5)]);
    let kept = shelf.get(&ObjectKey::new("a", "web")).unwrap();
    assert!(kept.managed_fields().is_empty() && kept.annotations().is_empty());
}

#[test]
fn what_is_pretended_stays_beside_what_others_write() {
    let shelf = shelf(&[object("web", "1", 5)]);
    let key = ObjectKey::new("a", "web");
    let with = |version: u64, image: &str| {
        let mut object = object("web", "1", version);
        object.status_mut().get_or_insert_default().canonical_image_name = Some(image.to_owned());
        object
    };
    let named =
        |object: &ImageRepository| object.status.clone().and_then(|status| status.canonical_image_name);
    shelf.pretend(&key, |object| {
        object.status_mut().get_or_insert_default().canonical_image_name = Some("ours".to_owned());
    });
    let both = || {
        let (ours, theirs) = shelf.beside().pop().unwrap();
        (named(&ours), named(&theirs), ours.resource_version())
    };
    let expected = |theirs: Option<&str>, version: &str| {
        (Some("ours".to_owned()), theirs.map(ToOwned::to_owned), Some(version.to_owned()))
    };
    assert_eq!(both(), expected(None, "5"));
    shelf.take(Event::Apply(with(6, "theirs")));
    assert_eq!(both(), expected(Some("theirs"), "6"));
    list(&shelf, &[with(7, "listed")]);
    assert_eq!(both(), expected(Some("listed"), "7"));
    shelf.take(Event::Delete(object("web", "1", 8)));
    shelf.take(Event::Apply(with(9, "new")));
    let (ours, _) = shelf.beside().pop().unwrap();
    assert_eq!(named(&ours), Some("new".to_owned()), "another object begins with what stands in it");
}
