//! A listing that broke is never used: the last whole one stays in force, and nothing is ever lowered (RULES 2, 4).

use super::{Pair, Row, Written};
use crate::rows::side_by_side;
use tagalong_testkit::fake_registry::{Fault, Listing};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// A pair after a good run, with one more file that still has to be written.
fn settled() -> Pair {
    let pair = Pair::new();
    pair.estate.once().expect(0);
    assert_eq!(pair.written(), Some(Written::Both));
    pair.estate.commit(&[("late.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n")]);
    pair
}

/// How the second listing breaks, and whether manifests can still be asked for.
const BROKEN: &[(&str, fn(&Pair), bool)] = &[
    ("no list", |pair| pair.estate.registry.listing(Listing::Raw(b"{\"tags\":[\"0.1.0\"".to_vec())), true),
    ("a circle", |pair| pair.estate.registry.listing(Listing::Circle), true),
    ("a page that brings nothing", |pair| pair.estate.registry.listing(Listing::EndlessSame), true),
    (
        "another host",
        |pair| pair.estate.registry.listing(Listing::LinkTo("http://127.0.0.9/v2/".into())),
        true,
    ),
    ("a cut", |pair| pair.estate.registry.fail_always(Fault::Cut), true),
    ("404", |pair| pair.estate.registry.fail_always(Fault::Status(404)), false),
    ("500", |pair| pair.estate.registry.fail_always(Fault::Status(500)), false),
];

#[test]
fn the_last_whole_listing_stays_in_force() {
    need!(Part::Git, Part::GitHttpBackend);
    let check = |name: &str, breaks: fn(&Pair), manifests: bool| {
        let pair = settled();
        breaks(&pair);
        let ran = pair.estate.once().expect(1);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(told.contains("ReadOperationFailed: scan failed: "), "{name}: {told}");
        assert!(told.contains("acme/web resolved to 1.1.0"), "{name}: {told}");
        let late = pair.estate.repo.read("main", "late.yaml").unwrap();
        // A tag whose manifest cannot be asked for is not written (RULES 5).
        assert!(late.contains(if manifests { ":1.1.0 #" } else { ":1.0.0 #" }), "{name}: {late}: {told}");
        assert_eq!(pair.written(), Some(Written::Both), "{name}");
        // And once it is whole again, it counts again.
        pair.estate.registry.heal();
        pair.estate.registry.push_tag("acme/web", "1.2.0");
        pair.estate.once().expect(0);
        assert!(pair.estate.repo.read("main", "late.yaml").unwrap().contains(":1.2.0 #"), "{name}");
    };
    side_by_side(BROKEN, |(name, breaks, manifests)| check(name, *breaks, *manifests));
}

#[test]
fn a_listing_that_shrinks_lowers_nothing() {
    need!(Part::Git, Part::GitHttpBackend);
    let row =
        |name, code, says| Row { name, breaks: |_| (), args: &[], code, says, written: Written::Nothing };
    let pair = Pair::new();
    pair.estate.once().expect(0);
    let tip = pair.estate.repo.rev("main");
    let whole =
        |tags: &str| pair.estate.registry.listing(Listing::Raw(format!("{{\"tags\":{tags}}}").into_bytes()));
    let look = |row: Row| {
        row.look(&pair.estate.once());
        assert_eq!(pair.estate.repo.rev("main"), tip, "{}", row.name);
    };
    whole("[\"1.0.0\"]");
    look(row(
        "one tag is left",
        0,
        &[
            "held web.yaml:1 CurrentIsAhead: 1.1.0 is above 1.0.0, the best tag of the listing; a tag is never lowered by itself; it is no longer listed by the registry",
        ],
    ));
    whole("[]");
    look(row(
        "no tag is left",
        1,
        &[
            "ImageRepository/default/web True successful scan: found 0 tags",
            "ImagePolicy/default/web False Failure: ",
            "held web.yaml:1 PolicyNotReady",
        ],
    ));
    whole("null");
    look(row("null", 1, &["ImageRepository/default/web True successful scan: found 0 tags"]));
    pair.estate.registry.heal();
    pair.estate.once().expect(0);
    assert_eq!(pair.estate.repo.rev("main"), tip);
}
