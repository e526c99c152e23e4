//! Registries that answer badly, late or not at all; `web`'s does, and `api`'s does not.

use super::{Pair, Row, Written, check};
use crate::rows::side_by_side;
use tagalong_testkit::certs::Authority;
use tagalong_testkit::fake_registry::{Auth, AuthorizationKind, FakeRegistry, Fault, Listing, RetryAfter};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// A row whose every scan fails while `api` goes on.
const fn failing(name: &'static str, breaks: fn(&mut Pair), says: &'static [&'static str]) -> Row {
    Row { name, breaks, args: &[], code: 1, says, written: Written::ApiAlone }
}

fn always(pair: &Pair, fault: Fault) {
    pair.estate.registry.fail_always(fault);
}

#[test]
fn an_answer_that_is_no_list_is_told_in_our_words() {
    check(&[
        failing(
            "404",
            |pair| always(pair, Fault::Status(404)),
            &[
                "ImageRepository/default/web False ReadOperationFailed: scan failed: ",
                "acme/web: not found, or hidden from these credentials (404 NAME_UNKNOWN)",
                "ImageRepository/default/api True successful scan: found 2 tags",
                "ImagePolicy/default/web False DependencyNotReady: retrying in 30s error: no tags in database",
            ],
        ),
        failing(
            "401",
            |pair| always(pair, Fault::Status(401)),
            &[
                "ImageRepository/default/web False AuthenticationFailed: scan failed: ",
                "acme/web: the registry wants credentials, and none are given (401)",
            ],
        ),
        failing(
            "403",
            |pair| always(pair, Fault::Status(403)),
            &[
                "AuthenticationFailed: scan failed: ",
                "the credentials are not allowed to read this (403 DENIED)",
            ],
        ),
        failing(
            "400",
            |pair| always(pair, Fault::Status(400)),
            &["the registry refuses the request (status 400 UNKNOWN)"],
        ),
        failing(
            "500",
            |pair| always(pair, Fault::Status(500)),
            &["the registry has a problem of its own (status 500 UNKNOWN)"],
        ),
        failing(
            "503",
            |pair| always(pair, Fault::Status(503)),
            &["the registry has a problem of its own (status 503 UNKNOWN)"],
        ),
        failing(
            "HTML",
            |pair| always(pair, Fault::Body(b"<html>hunter2</html>".to_vec())),
            &["acme/web: the answer is no list of tags"],
        ),
        failing(
            "nothing",
            |pair| always(pair, Fault::Body(Vec::new())),
            &["acme/web: the answer is no list of tags"],
        ),
    ]);
}

#[test]
fn a_registry_that_wants_patience_gets_it_until_the_timeout() {
    check(&[
        failing(
            "429",
            |pair| always(pair, Fault::RateLimited(RetryAfter::Never)),
            &["acme/web: ", "ReadOperationFailed"],
        ),
        failing(
            "429 for an hour",
            |pair| always(pair, Fault::RateLimited(RetryAfter::Seconds(3600))),
            &["ReadOperationFailed: scan failed: ", "the pause it asked for, ends in"],
        ),
        failing(
            "429 until a date",
            |pair| {
                always(pair, Fault::RateLimited(RetryAfter::Date("Wed, 21 Oct 2099 07:28:00 GMT".into())));
            },
            &["the pause it asked for, ends in"],
        ),
        Row {
            name: "429 for a moment",
            breaks: |pair| pair.estate.registry.fail_next(Fault::RateLimited(RetryAfter::Seconds(0))),
            args: &[],
            code: 0,
            says: &["ImageRepository/default/web True"],
            written: Written::Both,
        },
        Row {
            name: "500 once",
            breaks: |pair| pair.estate.registry.fail_next(Fault::Status(500)),
            args: &[],
            code: 0,
            says: &["ImageRepository/default/web True"],
            written: Written::Both,
        },
    ]);
}

#[test]
fn a_registry_that_falls_silent_or_hangs_up_is_given_up() {
    check(&[
        failing(
            "silence",
            |pair| always(pair, Fault::Silence),
            &["acme/web: no whole answer before the timeout"],
        ),
        failing(
            "silence in the middle",
            |pair| always(pair, Fault::Stall),
            &["acme/web: no whole answer before the timeout"],
        ),
        failing(
            "a cut in the middle of a page",
            |pair| always(pair, Fault::Cut),
            &["acme/web: the connection was cut"],
        ),
        failing(
            "a second page that ends in the middle",
            |pair| {
                pair.estate.registry.listing(Listing::Generated(2500));
                let registry = &pair.estate.registry;
                for _ in 0..9 {
                    registry.fail_after(1, Fault::Body(b"{\"tags\":[\"9.9.9\"".to_vec()));
                }
            },
            &["acme/web: the answer is no list of tags"],
        ),
        failing(
            "nobody there",
            |pair| {
                let gone = FakeRegistry::start().unwrap();
                let (here, there) = (pair.estate.registry.host(), gone.host());
                drop(gone);
                let path = pair.estate.objects().join("web.yaml");
                let text = std::fs::read_to_string(&path).unwrap();
                std::fs::write(path, text.replace(&here, &there)).unwrap();
            },
            &["acme/web: connection refused"],
        ),
    ]);
}

fn listing(pair: &Pair, listing: Listing) {
    pair.estate.registry.listing(listing);
}

#[test]
fn pages_without_end_are_a_broken_listing() {
    check(&[
        failing(
            "new tags for ever",
            |pair| listing(pair, Listing::Endless),
            &["ImageRepository/default/web False ReadOperationFailed: scan failed: "],
        ),
        failing(
            "the same tags for ever",
            |pair| listing(pair, Listing::EndlessSame),
            &["acme/web: a page brings nothing new and yet names another"],
        ),
        failing(
            "nothing for ever",
            |pair| listing(pair, Listing::EndlessEmpty),
            &["acme/web: page after page is empty"],
        ),
        failing("a circle", |pair| listing(pair, Listing::Circle), &["acme/web: its pages go in a circle"]),
    ]);
}

/// One page with the tags that `web` has and then these entries.
fn page(entries: &str) -> Vec<u8> {
    format!(r#"{{"name":"acme/web","tags":["1.0.0","1.1.0",{entries}]}}"#).into_bytes()
}

#[test]
fn odd_entries_and_large_pages_are_read() {
    check(&[
        Row {
            name: "tags that break the grammar",
            breaks: |pair| {
                let odd = format!(r#"1,null,"","9.9.9 ","-9.9.9","9.9.9/x","{}""#, "9".repeat(200));
                listing(pair, Listing::Raw(page(&odd)));
            },
            args: &[],
            code: 0,
            says: &["entries of the listing that are no tags were left out", "dropped=7", "found 2 tags"],
            written: Written::Both,
        },
        Row {
            name: "a page of 5 MB",
            breaks: |pair| {
                pair.web("  timeout: 60s\n", "");
                let many: Vec<String> = (0..60_000).map(|n| format!("\"build-{n:070}\"")).collect();
                let page = page(&many.join(","));
                assert!(page.len() > 5_000_000 - 500_000, "{}", page.len());
                listing(pair, Listing::Raw(page));
            },
            args: &[],
            code: 0,
            says: &["found 60002 tags"],
            written: Written::Both,
        },
        failing(
            "a page of 17 MiB",
            |pair| {
                let mut page = page(r#""9.9.9""#);
                page.extend(vec![b' '; 17 << 20]);
                listing(pair, Listing::Raw(page));
            },
            &["acme/web: the answer is larger than 16384 KiB"],
        ),
    ]);
}

/// Where a registry that wants a password tries to send it, and what the user is told.
type Lure = (&'static str, fn(&Pair, &FakeRegistry), &'static [&'static str]);

#[test]
fn credentials_go_where_rule_25_lets_them() {
    need!(Part::Git, Part::GitHttpBackend);
    let lures: &[Lure] = &[
        (
            "a realm at a metadata service",
            |pair, _| pair.estate.registry.name_realm("http://169.254.169.254/latest/token"),
            &["acme/web: its token service is at a link-local address"],
        ),
        (
            "a realm that is no address",
            |pair, _| pair.estate.registry.name_realm("file:///etc/passwd"),
            &["acme/web: its token service is no web address"],
        ),
        (
            "a Link to another host",
            |pair, stranger| {
                let page = format!("{}/v2/acme/web/tags/list", stranger.url());
                pair.estate.registry.listing(Listing::LinkTo(page));
            },
            &["acme/web: a page's Link leads to another host"],
        ),
        (
            "a redirect to a metadata service",
            |pair, _| always(pair, Fault::Redirect("http://169.254.169.254/latest/meta-data".into())),
            &["acme/web: it redirects to a link-local address"],
        ),
    ];
    side_by_side(lures, |(name, breaks, says)| {
        let stranger = FakeRegistry::start().unwrap();
        stranger.push_tags("acme/web", ["1.0.0", "1.1.0", "1.9.0"]);
        let pair = Pair::with(FakeRegistry::builder().auth(Auth::Token("bot".into(), "hunter2".into())));
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  .dockerconfigjson: |\n    \
             {{\"auths\": {{\"{}\": {{\"username\": \"bot\", \"password\": \"hunter2\"}}}}}}\n",
            pair.estate.registry.host()
        );
        pair.estate.object("secret.yaml", &secret);
        pair.web("  secretRef: {name: s}\n", "");
        breaks(&pair, &stranger);
        failing(name, |_| (), says).check_on(&pair);
        for request in stranger.requests() {
            assert_eq!(request.authorization, AuthorizationKind::None, "{name}: {request:?}");
        }
    });
}

#[test]
fn a_redirect_to_another_host_carries_no_credentials() {
    need!(Part::Git, Part::GitHttpBackend);
    let stranger = FakeRegistry::start().unwrap();
    stranger.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let pair = Pair::with(FakeRegistry::builder().auth(Auth::Basic("bot".into(), "hunter2".into())));
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  .dockerconfigjson: |\n    \
         {{\"auths\": {{\"{}\": {{\"auth\": \"Ym90Omh1bnRlcjI=\"}}}}}}\n",
        pair.estate.registry.host()
    );
    pair.estate.object("secret.yaml", &secret);
    pair.web("  secretRef: {name: s}\n", "");
    // The first request is refused, the second one, which carries the password, is sent on.
    pair.estate.registry.fail_after(1, Fault::Redirect(format!("{}/v2/acme/web/tags/list", stranger.url())));
    let row = Row {
        name: "a redirect",
        breaks: |_| (),
        args: &[],
        code: 0,
        says: &["found 2 tags"],
        written: Written::Both,
    };
    row.check_on(&pair);
    let seen: Vec<AuthorizationKind> =
        stranger.requests().iter().map(|request| request.authorization).collect();
    assert_eq!(seen, [AuthorizationKind::None]);
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_the_scan() {
    need!(Part::Git, Part::GitHttpBackend);
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let check = |(name, names, ca, says): &(&'static str, &[&str], Option<&str>, &'static [&'static str])| {
        let pair = Pair::with(FakeRegistry::builder().tls_for(&theirs, names).unwrap());
        if let Some(ca) = ca {
            pair.web("  certSecretRef: {name: ca}\n", "");
            let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: ca}\n";
            pair.estate.object("ca.yaml", &format!("{head}stringData: {{ca.crt: {ca:?}}}\n"));
        }
        failing(name, |_| (), says).check_on(&pair);
    };
    const STRANGER: &[&str] = &["acme/web: its certificate is signed by nobody we trust"];
    let here = &["127.0.0.1"][..];
    let other = &["acme/web: its certificate is for another name"][..];
    let rows = [
        ("nobody's certificate", here, None, STRANGER),
        ("the wrong authority", here, Some(ours.cert_pem()), STRANGER),
        ("the wrong name", &["registry.example"], Some(theirs.cert_pem()), other),
        ("no certificate at all", here, Some("hunter2"), &["ImageRepository/default/web False"]),
    ];
    side_by_side(&rows, check);
}
