//! What the state folder promises: lists and first-seen times survive, damage is noticed, writes are whole.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails here fails the test")]

use jiff::Timestamp;
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};
use tagalong_store::{Listing, ListingKey, Store, StoreError, revision};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn key(image: &str) -> ListingKey {
    ListingKey::new(&image.parse().unwrap(), "")
}

fn open(dir: &Path) -> Store {
    let (store, damages) = Store::open(dir).unwrap();
    assert_eq!(damages, []);
    store
}

fn tags(listing: &Listing) -> Vec<&str> {
    listing.iter().collect()
}

fn file(dir: &Path, key: &ListingKey) -> PathBuf {
    dir.join(format!("{}.tags", key.as_str()))
}

#[test]
fn lists_and_first_sights_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let key = key("ghcr.io/acme/app");
    let saved = open(dir.path()).save(&key, &["1.0", "1.1"], at(0)).unwrap();
    assert_eq!((saved.changed, saved.added, saved.removed), (true, 2, 0));
    let saved = open(dir.path()).save(&key, &["1.2", "1.1"], at(60)).unwrap();
    assert_eq!((saved.changed, saved.added, saved.removed), (true, 1, 1));
    assert_eq!(saved.revision, revision(["1.2", "1.1"]));

    let store = open(dir.path());
    let head = store.head(&key).unwrap();
    assert_eq!((head.count, head.scanned_at, &head.revision), (2, at(60), &saved.revision));
    let listing = store.tags(&key).unwrap().unwrap();
    assert_eq!(listing.entries().collect::<Vec<_>>(), [("1.2", at(60)), ("1.1", at(0))]);
    assert_eq!(listing.head(), &head);
    assert_eq!(store.first_seen(&key, "1.0").unwrap(), Some(at(0)), "gone, and still known");
    assert_eq!(store.first_seen(&key, "9.9").unwrap(), None);
}

#[test]
fn a_tag_that_comes_back_is_as_old_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (open(dir.path()), key("acme/app"));
    for (list, second) in [(&["a"][..], 0), (&[][..], 10), (&["b", "a"][..], 20)] {
        store.save(&key, list, at(second)).unwrap();
    }
    let listing = store.tags(&key).unwrap().unwrap();
    assert_eq!(listing.entries().collect::<Vec<_>>(), [("b", at(20)), ("a", at(0))]);
}

#[test]
fn an_unchanged_list_is_not_written_again_but_its_scan_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (open(dir.path()), key("acme/app"));
    store.save(&key, &["a", "b"], at(0)).unwrap();
    let before = fs::metadata(file(dir.path(), &key)).unwrap().ino();
    let saved = store.save(&key, &["a", "b"], at(60)).unwrap();
    assert!(!saved.changed);
    assert_eq!(fs::metadata(file(dir.path(), &key)).unwrap().ino(), before);
    assert_eq!(store.head(&key).unwrap().scanned_at, at(60));
    assert_eq!(open(dir.path()).head(&key).unwrap().scanned_at, at(60));
    assert!(store.save(&key, &["b", "a"], at(70)).unwrap().changed, "order is part of the list");
}

#[test]
fn an_empty_list_is_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (open(dir.path()), key("acme/app"));
    assert_eq!(store.head(&key), None);
    assert!(store.tags(&key).unwrap().is_none());
    store.save(&key, &[] as &[&str], at(0)).unwrap();
    assert_eq!(open(dir.path()).head(&key).unwrap().count, 0);
    assert_eq!(tags(&store.tags(&key).unwrap().unwrap()), [] as [&str; 0]);
}

#[test]
fn other_credentials_see_another_list() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let image = "ghcr.io/acme/app".parse().unwrap();
    store.save(&ListingKey::new(&image, "apps/pull"), &["secret"], at(0)).unwrap();
    assert_eq!(store.head(&ListingKey::new(&image, "")), None);
}

#[test]
fn damage_is_put_aside_reported_once_and_built_anew() {
    for (problem, spoil) in [
        (
            "it is cut short or too long",
            (|text: &str| text[..text.len() - 1].to_owned()) as fn(&str) -> String,
        ),
        ("it is of another version", |text| text.replace("tagalong-tags 1", "tagalong-tags 9")),
        ("its first line is broken", |_| String::new()),
        ("its first line is broken", |text| text.replace("revision=", "revision=x")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (healthy, sick) = (key("acme/healthy"), key("acme/sick"));
        let store = open(dir.path());
        store.save(&healthy, &["1"], at(0)).unwrap();
        store.save(&sick, &["1", "2"], at(0)).unwrap();
        let path = file(dir.path(), &sick);
        fs::write(&path, spoil(&fs::read_to_string(&path).unwrap())).unwrap();

        let (store, damages) = Store::open(dir.path()).unwrap();
        assert_eq!(damages.len(), 1);
        assert_eq!(damages[0].problem, problem);
        assert!(damages[0].put_aside.to_str().unwrap().ends_with(".tags.damaged") && !path.exists());
        assert_eq!(store.head(&healthy).unwrap().count, 1);
        assert_eq!(store.head(&sick), None);
        store.save(&sick, &["1", "2"], at(60)).unwrap();
        assert_eq!(store.first_seen(&sick, "1").unwrap(), Some(at(60)));
        open(dir.path());
    }
}

#[test]
fn a_changed_byte_is_noticed_when_the_list_is_read() {
    let spoiled = || {
        let dir = tempfile::tempdir().unwrap();
        let (store, key) = (open(dir.path()), key("acme/app"));
        store.save(&key, &["1.0", "2.0"], at(0)).unwrap();
        let path = file(dir.path(), &key);
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("2.0", "3.0")).unwrap();
        (dir, store, key)
    };
    let (_dir, store, key) = spoiled();
    let error = store.tags(&key).unwrap_err();
    assert!(
        matches!(&error, StoreError::Damaged(d) if d.problem == "its checksum does not match"),
        "{error}"
    );
    assert!(store.tags(&key).unwrap().is_none() && store.head(&key).is_none());

    let (_dir, store, key) = spoiled();
    let saved = store.save(&key, &["1.0"], at(60)).unwrap();
    assert!(saved.damage.is_some() && saved.changed);
    assert_eq!(tags(&store.tags(&key).unwrap().unwrap()), ["1.0"]);
}

#[test]
fn a_failed_write_leaves_the_old_list() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (open(dir.path()), key("acme/app"));
    store.save(&key, &["1"], at(0)).unwrap();
    let path = file(dir.path(), &key);
    let held = dir.path().join("held");
    fs::rename(&path, &held).unwrap();
    // A folder in the file's place cannot be replaced by a file, whoever asks.
    fs::create_dir_all(path.join("x")).unwrap();
    assert!(matches!(store.save(&key, &["1", "2"], at(60)), Err(StoreError::Io { .. })));
    fs::remove_dir_all(&path).unwrap();
    fs::rename(&held, &path).unwrap();
    assert_eq!(store.head(&key).unwrap().count, 1);
    assert_eq!(tags(&store.tags(&key).unwrap().unwrap()), ["1"]);
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "nothing half-written is left: {names:?}");
}

#[test]
fn nobody_else_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let (inner, key) = (dir.path().join("state/tags"), key("acme/app"));
    open(&inner).save(&key, &["1"], at(0)).unwrap();
    assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(file(&inner, &key)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn strange_files_stay_and_young_half_written_ones_too() {
    let dir = tempfile::tempdir().unwrap();
    let names = [".writing-new", "notes.txt", "x.tags"];
    for name in names {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    open(dir.path());
    assert!(names.iter().all(|name| dir.path().join(name).exists()));
}

#[test]
fn readers_beside_a_writer_see_whole_lists_only() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, key) = (open(dir.path()), key("acme/app"));
    let list = |n: usize| (0..n).map(|i| format!("1.{i}")).collect::<Vec<_>>();
    writer.save(&key, &list(1), at(0)).unwrap();
    let reading_ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut largest = 0;
            while largest < 200 && !reading_ends.load(Ordering::Relaxed) {
                let (reader, damages) = Store::open(dir.path()).unwrap();
                assert_eq!(damages, []);
                let listing = reader.tags(&key).unwrap().unwrap();
                assert_eq!(tags(&listing), list(listing.head().count));
                largest = listing.head().count;
            }
        });
        let written: Vec<_> = (2..=200).map(|n| writer.save(&key, &list(n), at(n as i64))).collect();
        let failed = written.iter().any(Result::is_err);
        reading_ends.store(failed, Ordering::Relaxed);
        reading.join().unwrap();
        assert!(!failed);
    });
}

#[test]
fn what_is_gone_does_not_pile_up() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (open(dir.path()), key("acme/app"));
    for round in 0..5 {
        let list: Vec<String> = (0..600).map(|i| format!("{round}-{i}")).collect();
        store.save(&key, &list, at(round)).unwrap();
    }
    assert_eq!(store.first_seen(&key, "3-0").unwrap(), Some(at(3)), "the newest of them stay");
    assert_eq!(store.first_seen(&key, "0-0").unwrap(), None);
}

#[test]
fn forgetting_is_thorough() {
    let dir = tempfile::tempdir().unwrap();
    let (store, key) = (open(dir.path()), key("acme/app"));
    store.save(&key, &["1"], at(0)).unwrap();
    store.forget(&key).unwrap();
    store.forget(&key).unwrap();
    assert!(store.head(&key).is_none() && store.tags(&key).unwrap().is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

mod model {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn any_history_of_scans_is_kept_as_a_plain_map_would(
            scans in prop::collection::vec(prop::collection::btree_set("[a-f]{1,2}", 0..12), 1..8)
        ) {
            let dir = tempfile::tempdir().unwrap();
            let key = key("acme/app");
            let mut first: HashMap<String, Timestamp> = HashMap::new();
            for (i, scan) in scans.iter().enumerate() {
                let now = at(i as i64);
                let list: Vec<&String> = scan.iter().collect();
                open(dir.path()).save(&key, &list, now).unwrap();
                for tag in scan {
                    first.entry(tag.clone()).or_insert(now);
                }
                let store = open(dir.path());
                let listing = store.tags(&key).unwrap().unwrap();
                prop_assert!(listing.iter().eq(scan.iter().map(String::as_str)));
                prop_assert_eq!(&listing.head().revision, &revision(scan.iter().map(String::as_str)));
                for (tag, seen) in &first {
                    prop_assert_eq!(listing.first_seen(tag), Some(*seen));
                }
            }
        }
    }
}
