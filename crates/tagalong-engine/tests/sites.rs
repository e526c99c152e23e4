//! What happens at one site: RULES 2, 3, 6 and the hold, as a table over real YAML and real policies.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use tagalong_api::validate::DigestReflection;
use tagalong_edit::{FileKind, scan};
use tagalong_engine::automation::{MarkedFile, PolicyState, Served, SiteVerdict, decide, plan};
use tagalong_model::{Digest, ObjectKey};
use tagalong_policy::{Direction, FilterSpec, OrderSpec, Policy};

/// A policy `ns:app` over `ghcr.io/acme/app` that selected `tag`.
fn served(range: &str, tag: &str) -> Served {
    let rule = Policy::compile(&OrderSpec::Semver { range: range.to_owned() }, None).unwrap();
    Served {
        name: "ghcr.io/acme/app".parse().unwrap(),
        tag: tag.to_owned(),
        digest: None,
        reflection: DigestReflection::Never,
        suspended: false,
        rule: rule.into(),
        equals: vec![tag.to_owned()],
        waiting: None,
    }
}

fn with_digest(served: Served, reflection: DigestReflection, digest: &Digest) -> Served {
    Served { reflection, digest: Some(digest.clone()), ..served }
}

/// Decides the one site of `yaml`: what each field becomes, or the word for why not.
#[track_caller]
fn check(yaml: &str, served: &Served, expected: &[&str]) {
    let yaml = yaml.replace('%', r##"# {"$imagepolicy": "ns:app"##);
    let found = scan(yaml.as_bytes(), FileKind::Yaml);
    assert_eq!(found.problems, vec![], "{yaml}");
    let [site] = found.sites.as_slice() else { panic!("one site expected in {yaml}: {found:?}") };
    let got: Vec<String> = match decide(site, served) {
        SiteVerdict::Keep => vec!["keep".to_owned()],
        SiteVerdict::Hold { reason, .. } => vec![format!("hold {}", reason.as_str())],
        SiteVerdict::Write { values, .. } => {
            values.into_iter().map(|(at, value)| format!("{at}={value}")).collect()
        }
    };
    assert_eq!(got, expected, "{yaml}");
}

#[test]
fn a_newer_tag_is_written_and_an_equal_one_kept() {
    let policy = served(">=1.0.0", "1.2.0");
    check("image: ghcr.io/acme/app:1.1.0 %\"}\n", &policy, &["0=ghcr.io/acme/app:1.2.0"]);
    check("image: ghcr.io/acme/app:1.2.0 %\"}\n", &policy, &["keep"]);
    check("tag: 1.1.0 %:tag\"}\n", &policy, &["0=1.2.0"]);
    check("tag: latest %:tag\"}\n", &policy, &["0=1.2.0"]);
    check("image: nonsense here %\"}\n", &policy, &["0=ghcr.io/acme/app:1.2.0"]);
}

#[test]
fn a_tag_is_never_lowered_by_itself() {
    let policy = served(">=1.0.0", "1.2.0");
    check("image: ghcr.io/acme/app:1.3.0 %\"}\n", &policy, &["hold CurrentIsAhead"]);
    check("tag: v1.3.0 %:tag\"}\n", &policy, &["hold CurrentIsAhead"]);
    // Another image name at the site is another image: the guard does not apply.
    check("image: docker.io/acme/app:9.0.0 %\"}\n", &policy, &["0=ghcr.io/acme/app:1.2.0"]);
    check("name: old/app %:name\"}\ntag: 9.0.0 %:tag\"}\n", &policy, &["0=ghcr.io/acme/app", "1=1.2.0"]);
}

#[test]
fn what_left_the_policy_is_written_even_if_lower_and_says_so() {
    let policy = served("1.x", "1.2.0");
    check("tag: 2.0.0 %:tag\"}\n", &policy, &["0=1.2.0"]);
    let yaml = r##"tag: 2.0.0 # {"$imagepolicy": "ns:app:tag"}"##;
    let site = &scan(yaml.as_bytes(), FileKind::Yaml).sites[0];
    let SiteVerdict::Write { left_policy: Some(why), .. } = decide(site, &policy) else { panic!() };
    assert_eq!(why, "2.0.0 left the policy: is outside the range");
}

#[test]
fn a_selection_that_the_policy_no_longer_accepts_decides_nothing() {
    // The range moved on, and the policy has not had its turn yet.
    let stale = served(">=3.0.0", "1.12.0");
    check("tag: 3.0.0 %:tag\"}\n", &stale, &["hold PolicyNotReady"]);
    check("tag: 1.0.0 %:tag\"}\n", &stale, &["hold PolicyNotReady"]);
    // A suspended policy is not evaluated: its last selection is still written (RULES 7).
    check("tag: 1.0.0 %:tag\"}\n", &Served { suspended: true, ..served(">=3.0.0", "1.12.0") }, &["0=1.12.0"]);
}

#[test]
fn descending_orders_turn_the_guard_round() {
    let rule = Policy::compile(&OrderSpec::Numerical { order: Direction::Desc }, None).unwrap();
    let policy = Served { rule: rule.into(), tag: "5".into(), equals: vec!["5".into()], ..served("*", "5") };
    check("tag: \"7\" %:tag\"}\n", &policy, &["0=5"]);
    check("tag: \"3\" %:tag\"}\n", &policy, &["hold CurrentIsAhead"]);
}

#[test]
fn equals_keep_the_sites_spelling_or_its_style() {
    let both = Served { equals: vec!["1.2.0".into(), "v1.2.0".into()], ..served(">=1.0.0", "1.2.0") };
    check("tag: v1.2.0 %:tag\"}\n", &both, &["keep"]);
    check("tag: v1.1.0 %:tag\"}\n", &both, &["0=v1.2.0"]);
    check("tag: 1.1.0 %:tag\"}\n", &both, &["0=1.2.0"]);
    // Equal in order, though no longer listed: still the same version, so nothing changes.
    check("tag: v1.2.0 %:tag\"}\n", &served(">=1.0.0", "1.2.0"), &["keep"]);
    let filter = FilterSpec { pattern: "^(?P<v>.*)-alpine.*$".into(), extract: Some("$v".into()) };
    let rule = Policy::compile(&OrderSpec::Semver { range: "*".into() }, Some(&filter)).unwrap();
    let alpine = Served {
        suspended: false,
        rule: rule.into(),
        equals: vec!["7.4.1-alpine3.20".into()],
        ..served("*", "7.4.1-alpine3.20")
    };
    check("tag: 7.4.1-alpine3.19 %:tag\"}\n", &alpine, &["keep"]);
}

#[test]
fn digests_follow_the_policys_reflection() {
    let (old, new) = (Digest::sha256(b"old"), Digest::sha256(b"new"));
    let image = |tag: &str, digest: &Digest| format!("image: ghcr.io/acme/app:{tag}@{digest} %\"}}\n");
    let to = |tag: &str, digest: &Digest| format!("0=ghcr.io/acme/app:{tag}@{digest}");
    let keep = with_digest(served("*", "1.2.0"), DigestReflection::IfNotPresent, &new);
    let always = with_digest(served("*", "1.2.0"), DigestReflection::Always, &new);
    check(&image("1.2.0", &old), &keep, &["keep"]);
    check(&image("1.2.0", &old), &always, &[&to("1.2.0", &new)]);
    check(&image("1.1.0", &old), &keep, &[&to("1.2.0", &new)]);
    check("image: ghcr.io/acme/app:1.2.0 %\"}\n", &keep, &[&to("1.2.0", &new)]);
    // A policy that stopped reflecting takes the digest away, as Flux does.
    check(&image("1.2.0", &old), &served("*", "1.2.0"), &["0=ghcr.io/acme/app:1.2.0"]);
    // The digest was asked for the selected spelling, so that spelling goes with it.
    check("image: ghcr.io/acme/app:v1.2.0 %\"}\n", &keep, &[&to("1.2.0", &new)]);
    check(&image("v1.2.0", &old), &always, &["keep"]);
}

#[test]
fn a_digest_marker_without_a_reflected_digest_is_refused_as_one_unit() {
    let yaml = "tag: 1.0.0 %:tag\"}\ndigest: sha256:00 %:digest\"}\n";
    check(yaml, &served("*", "1.2.0"), &["hold NoDigest"]);
    let digest = Digest::sha256(b"x");
    let reflecting = with_digest(served("*", "1.2.0"), DigestReflection::IfNotPresent, &digest);
    check(yaml, &reflecting, &["0=1.2.0", &format!("1={digest}")]);
}

#[test]
fn a_hold_in_the_marker_freezes_the_site() {
    check("tag: 1.0.0 %:tag\", \"hold\": \"INC-1234\"}\n", &served("*", "1.2.0"), &["hold Held"]);
}

fn file(path: &str, text: &str) -> MarkedFile {
    let scan = Arc::new(scan(text.as_bytes(), FileKind::Yaml));
    MarkedFile { path: path.parse().unwrap(), blob: [0; 20], by_line: false, scan }
}

#[test]
fn nothing_is_silent() {
    let marker = |name: &str| format!("# {{\"$imagepolicy\": \"{name}\"}}");
    let files = [
        file("a.yaml", &format!("a: x:1 {}\nb: x:1 {}\n", marker("ns:app"), marker("ns:ghost"))),
        file("b.yaml", &format!("a: x:1 {}\nb: x:1 {}\n", marker("other:app"), marker("ns:waiting"))),
        file("c.yaml", &format!("a: {{x: 1}} {}\nc: x:1 {}\n", marker("ns:app:oops"), marker("ns:not-mine"))),
    ];
    let mut policies = BTreeMap::new();
    policies.insert(ObjectKey::new("ns", "app"), PolicyState::Served(Arc::new(served("*", "1.2.0"))));
    policies.insert(ObjectKey::new("ns", "waiting"), PolicyState::NotReady);
    policies.insert(ObjectKey::new("ns", "not-mine"), PolicyState::NotSelected);
    let plan = plan("ns", &files, &policies);
    let words = |problems: &[tagalong_engine::automation::FileProblem]| {
        problems.iter().map(|p| format!("{}:{} {}", p.path, p.line, p.reason)).collect::<Vec<_>>()
    };
    assert_eq!(plan.edits.len(), 1);
    assert_eq!(
        words(&plan.problems),
        ["a.yaml:2 UnknownPolicy", "b.yaml:1 UnknownPolicy", "c.yaml:1 InvalidMarker"]
    );
    assert_eq!(words(&plan.not_selected), ["c.yaml:2 UnknownPolicy"]);
    assert_eq!(plan.held.iter().map(|held| held.reason.as_str()).collect::<Vec<_>>(), ["PolicyNotReady"]);
}
