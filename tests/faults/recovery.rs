//! What was broken and is mended is taken up again by a run that goes on, and nobody is asked more often than is fair.

use super::git::{secret, source};
use super::{Pair, Written};
use crate::rows::side_by_side;
use crate::running::Running;
use crate::support::tagalong;
use std::sync::Arc;
use tagalong_testkit::fake_registry::{Auth, FakeRegistry, Fault, RetryAfter};
use tagalong_testkit::git_http::{Access, GitHttp, Options};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

fn start(pair: &Pair) -> Running {
    Running::start(tagalong(pair.estate.folder(), &["run", "objects", "--state", "state"]))
}

#[test]
fn a_registry_that_comes_back_is_asked_again_without_a_restart() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    pair.estate.registry.fail_always(Fault::Status(503));
    let mut running = start(&pair);
    running.until("ImageRepository/default/web: scan failed");
    running.until("pushed commit");
    assert_eq!(pair.written(), Some(Written::ApiAlone));
    pair.estate.registry.heal();
    running.until("ImageRepository/default/web: successful scan");
    running.until("pushed commit");
    assert_eq!(pair.written(), Some(Written::Both));
    drop(running);
    assert_eq!(pair.estate.repo.log("main").unwrap().len(), 3);
}

#[test]
fn a_password_that_is_corrected_is_used_without_a_restart() {
    need!(Part::Git, Part::GitHttpBackend);
    let mut pair = Pair::with(FakeRegistry::builder().auth(Auth::Basic("bot".into(), "new".into())));
    let options = Options { access: Access::Basic("bot".into(), "new".into()), ..Options::default() };
    pair.estate.git = GitHttp::start(&pair.estate.folder().join("git"), options).unwrap();
    source(&pair, "secretRef: {name: git},");
    pair.web("  secretRef: {name: registry}\n", "");
    let host = pair.estate.registry.host();
    let set = |password: &str| {
        let config = format!(r#"{{"auths": {{"{host}": {{"username": "bot", "password": "{password}"}}}}}}"#);
        let values = format!("stringData:\n  .dockerconfigjson: '{config}'\n");
        let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: registry}\n";
        pair.estate.object("registry.yaml", &format!("{head}{values}"));
        secret(&pair, &[("username", "bot"), ("password", password)]);
    };
    set("old");
    let mut running = start(&pair);
    running.until("ImageRepository/default/web: scan failed");
    running.until("the server wants other credentials (401)");
    set("new");
    running.until("ImageRepository/default/web: successful scan");
    while pair.written() != Some(Written::Both) {
        running.until("pushed commit");
    }
}

#[test]
fn a_push_that_is_let_in_at_last_lands_once() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    pair.estate.repo.hook("pre-receive", "echo closed >&2; exit 1").unwrap();
    let mut running = start(&pair);
    running.until("pre-receive hook declined: closed");
    // The same refusal is not told again; the third one opens the door.
    let repo = Arc::clone(&pair.estate.repo);
    pair.estate.git.before_push(|| ());
    pair.estate.git.before_push(move || std::fs::remove_file(repo.path().join("hooks/pre-receive")).unwrap());
    let before = running.until("pushed commit");
    assert!(before.contains("to branch 'main'"), "{before}");
    drop(running);
    assert_eq!((pair.written(), pair.estate.repo.log("main").unwrap().len()), (Some(Written::Both), 2));
}

#[test]
fn once_makes_three_tries_and_a_pause_that_was_asked_for_is_kept() {
    need!(Part::Git, Part::GitHttpBackend);
    let rows = [
        (Fault::Status(404), 3),
        (Fault::RateLimited(RetryAfter::Seconds(3600)), 1),
        (Fault::RateLimited(RetryAfter::Date("Wed, 21 Oct 2099 07:28:00 GMT".into())), 1),
    ];
    side_by_side(&rows, |(fault, tries)| {
        let pair = Pair::new();
        pair.estate.registry.fail_always(fault.clone());
        pair.estate.once().expect(1);
        assert_eq!(pair.estate.registry.requests().len(), *tries, "{fault:?}");
    });
}
