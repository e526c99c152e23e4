//! Git servers that refuse, vanish or are somebody else: nothing is written, nothing is lost, and the images go on.

use super::{Pair, Row, Written, check};
use crate::rows::side_by_side;
use std::sync::Arc;
use tagalong_testkit::git_http::{Access, GitHttp, Options, TestAuthority};
use tagalong_testkit::git_repo::{Change, GitRepo};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::sshd::{SshKey, Sshd, SshdOptions};

/// A row that ends without a commit, whatever the images say.
const fn failing(name: &'static str, breaks: fn(&mut Pair), says: &'static [&'static str]) -> Row {
    Row { name, breaks, args: &[], code: 1, says, written: Written::Nothing }
}

/// Writes the automation and its source, the source with more in its spec.
pub(crate) fn source(pair: &Pair, more: &str) {
    let yaml = pair.estate.automation("");
    let plain = "interval: 5m, ref:";
    assert!(yaml.contains(plain), "{yaml}");
    pair.estate
        .object("fleet.yaml", &yaml.replace(plain, &format!("interval: 5m, timeout: 5s, {more} ref:")));
}

/// Serves the repository with other settings.
fn serve(pair: &mut Pair, options: Options) {
    pair.estate.git = GitHttp::start(&pair.estate.folder().join("git"), options).unwrap();
}

/// Writes the Secret `git`.
pub(crate) fn secret(pair: &Pair, values: &[(&str, &str)]) {
    let values: String = values.iter().map(|(key, value)| format!("  {key}: {value:?}\n")).collect();
    let yaml = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: git}}\nstringData:\n{values}");
    pair.estate.object("git.yaml", &yaml);
}

#[test]
fn a_server_that_does_not_let_us_in_is_told_in_our_words() {
    check(&[
        failing(
            "no password",
            |pair| {
                serve(
                    pair,
                    Options { access: Access::Basic("bot".into(), "hunter2".into()), ..Options::default() },
                );
                source(pair, "");
            },
            &[
                "ImageUpdateAutomation/default/fleet False GitOperationFailed: failed to checkout source: the server wants other credentials (401); check the Secret's username and password or bearerToken",
                "ImagePolicy/default/web True",
            ],
        ),
        failing(
            "the wrong password",
            |pair| {
                serve(
                    pair,
                    Options { access: Access::Basic("bot".into(), "hunter2".into()), ..Options::default() },
                );
                source(pair, "secretRef: {name: git},");
                secret(pair, &[("username", "bot"), ("password", "hunter3")]);
            },
            &["failed to checkout source: the server wants other credentials (401)"],
        ),
        failing(
            "half a password",
            |pair| {
                source(pair, "secretRef: {name: git},");
                secret(pair, &[("username", "bot")]);
            },
            &[
                "SourceManagerFailed: failed configuring source manager: Secret/default/git: 'username' and 'password' must both be set",
            ],
        ),
        failing(
            "a password in the URL",
            |pair| {
                let yaml = pair.estate.automation("").replace("http://", "http://bot:hunter2@");
                pair.estate.object("fleet.yaml", &yaml);
            },
            &[
                "URLInvalid: GitRepository/default/fleet: .spec.url: holds credentials; put them into a Secret and name it in secretRef",
            ],
        ),
        failing(
            "403",
            |pair| (0..3).for_each(|_| pair.estate.git.answer_next(403)),
            &["these credentials may not read this repository (403); give them access"],
        ),
        failing(
            "read only",
            |pair| drop(pair.estate.repo.git(&["config", "http.receivepack", "false"]).unwrap()),
            &["failed to update source: these credentials may not push here (403); give them write access"],
        ),
        failing(
            "404",
            |pair| {
                let yaml = pair.estate.automation("").replace("/fleet.git", "/gone.git");
                pair.estate.object("fleet.yaml", &yaml);
            },
            &[
                "the server knows no such repository (404); check the URL, and whether the credentials may see it",
            ],
        ),
        failing(
            "503",
            |pair| (0..3).for_each(|_| pair.estate.git.answer_next(503)),
            &["the server cannot answer now (503); it is tried again later"],
        ),
    ]);
}

#[test]
fn a_server_that_is_not_there_or_is_somebody_else_gets_nothing() {
    check(&[
        failing(
            "nobody there",
            |pair| {
                let gone = GitHttp::start(&pair.estate.folder().join("git"), Options::default()).unwrap();
                let yaml = pair.estate.automation("").replace(&pair.estate.git.url(""), &gone.url(""));
                pair.estate.object("fleet.yaml", &yaml);
            },
            &["failed to checkout source: cannot connect to 127.0.0.1:", ": Connection refused"],
        ),
        failing(
            "silence",
            |pair| {
                let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                let url = format!("http://{}/", silent.local_addr().unwrap());
                let yaml = pair.estate.automation("").replace(&pair.estate.git.url(""), &url);
                pair.estate.object(
                    "fleet.yaml",
                    &yaml.replace("interval: 5m, ref:", "interval: 5m, timeout: 1s, ref:"),
                );
                // It is listened to for as long as the tests run, and never answered.
                std::mem::forget(silent);
            },
            &["failed to checkout source: "],
        ),
        failing(
            "a certificate that nobody vouches for",
            |pair| {
                let authority = TestAuthority::new().unwrap();
                serve(pair, Options { tls: Some(authority.server(false).unwrap()), ..Options::default() });
                source(pair, "");
            },
            &["failed to checkout source: TLS failed: ", "UnknownIssuer", "check ca.crt"],
        ),
        failing(
            "the wrong authority",
            |pair| {
                let (ours, theirs) = (TestAuthority::new().unwrap(), TestAuthority::new().unwrap());
                serve(pair, Options { tls: Some(theirs.server(false).unwrap()), ..Options::default() });
                source(pair, "secretRef: {name: git},");
                secret(pair, &[("ca.crt", ours.pem())]);
            },
            &["failed to checkout source: TLS failed: "],
        ),
    ]);
}

#[test]
fn a_redirect_to_another_host_carries_no_password() {
    need!(Part::Git, Part::GitHttpBackend);
    let mut pair = Pair::new();
    let access = Access::Basic("bot".into(), "hunter2".into());
    serve(&mut pair, Options { access, ..Options::default() });
    source(&pair, "secretRef: {name: git},");
    secret(&pair, &[("username", "bot"), ("password", "hunter2")]);
    let to = pair.estate.git.other_url("fleet.git/info/refs?service=git-upload-pack");
    pair.estate.git.redirect_next(&to);
    // The first try ends there; the second one finds no redirect any more.
    let ran = pair.estate.once().expect(0);
    assert!(ran.stderr.contains("the server wants other credentials (401)"), "{}", ran.stderr);
    let shown: Vec<bool> =
        pair.estate.git.take_requests().iter().map(|r| r.authorization.is_some()).collect();
    assert_eq!(shown.get(..3), Some(&[true, false, true][..]));
}

#[test]
fn a_repository_that_cannot_be_read_or_written_says_why() {
    check(&[
        failing(
            "a branch that is not there",
            |pair| {
                let yaml = pair.estate.automation("").replace("ref: {branch: main}", "ref: {branch: trunk}");
                pair.estate.object("fleet.yaml", &yaml);
            },
            &["failed to checkout source: ", "no branch \"trunk\"", "main"],
        ),
        failing(
            "push options that the server does not take",
            |pair| {
                pair.estate.repo.git(&["config", "receive.advertisePushOptions", "false"]).unwrap();
                pair.estate
                    .object("fleet.yaml", &pair.estate.automation("    push: {options: {ci.skip: \"\"}}\n"));
            },
            &["failed to update source: ", "push options"],
        ),
        failing(
            "a hook that refuses",
            |pair| {
                let script = "echo 'ask the \u{1b}[31mplatform team' >&2\nexit 1";
                pair.estate.repo.hook("pre-receive", script).unwrap();
            },
            &[
                "failed to update source: the server refused the push to refs/heads/main: pre-receive hook declined: ask the [31mplatform team",
            ],
        ),
        failing(
            "a protected branch",
            |pair| {
                let script = "test \"$1\" != refs/heads/main || { echo 'main is protected' >&2; exit 1; }";
                pair.estate.repo.hook("update", script).unwrap();
            },
            &["the server refused the push to refs/heads/main: hook declined: main is protected"],
        ),
    ]);
}

#[test]
fn a_protected_branch_stops_only_who_writes_it() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    let script = "test \"$1\" != refs/heads/main || { echo 'main is protected' >&2; exit 1; }";
    pair.estate.repo.hook("update", script).unwrap();
    let (_, other) = pair
        .estate
        .automation("    push: {branch: auto/images}\n")
        .split_once("---\n")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    pair.estate.object("other.yaml", &other.replace("metadata: {name: fleet}", "metadata: {name: other}"));
    failing("main is protected", |_| (), &["ImageUpdateAutomation/default/other True", "main is protected"])
        .check_on(&pair);
    assert!(pair.estate.repo.read("auto/images", "web.yaml").unwrap().contains(":1.1.0 #"));
}

#[test]
fn a_branch_that_is_deleted_meanwhile_is_not_made_anew() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    let tip = pair.estate.repo.rev("main").unwrap();
    pair.estate.repo.git(&["update-ref", "refs/heads/other", &tip]).unwrap();
    let repo = Arc::clone(&pair.estate.repo);
    pair.estate.git.before_push(move || drop(repo.git(&["update-ref", "-d", "refs/heads/main"]).unwrap()));
    let ran = pair.estate.once().expect(1);
    assert!(ran.stdout.contains("no branch \"main\""), "{}", ran.stdout);
    assert_eq!(pair.estate.repo.rev("main"), None);
    pair.estate.repo.fsck().unwrap();
    pair.estate.repo.git(&["update-ref", "refs/heads/main", &tip]).unwrap();
    pair.estate.once().expect(0);
    assert_eq!((pair.written(), pair.estate.repo.rev("main^")), (Some(Written::Both), Some(tip)));
}

#[test]
fn a_push_branch_that_is_deleted_meanwhile_is_begun_anew() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    pair.estate.object("fleet.yaml", &pair.estate.automation("    push: {branch: auto/images}\n"));
    pair.estate.once().expect(0);
    pair.estate.registry.push_tag("acme/web", "1.2.0");
    let repo = Arc::clone(&pair.estate.repo);
    pair.estate
        .git
        .before_push(move || drop(repo.git(&["update-ref", "-d", "refs/heads/auto/images"]).unwrap()));
    pair.estate.once().expect(0);
    assert!(pair.estate.repo.read("auto/images", "web.yaml").unwrap().contains(":1.2.0 #"));
    assert_eq!(pair.estate.repo.rev("auto/images^"), pair.estate.repo.rev("main"));
}

/// Points the automation at another repository beside the first.
fn other_repository(pair: &Pair, arguments: &[&str]) -> GitRepo {
    let repo = GitRepo::init(&pair.estate.folder().join("git/other.git"), arguments).unwrap();
    pair.estate.object("fleet.yaml", &pair.estate.automation("").replace("/fleet.git", "/other.git"));
    repo
}

#[test]
fn repositories_that_hold_nothing_we_can_write_are_refused() {
    check(&[
        failing(
            "an empty repository",
            |pair| drop(other_repository(pair, &[])),
            &["failed to checkout source: the repository is empty; push a first commit to it"],
        ),
        failing(
            "SHA-256",
            |pair| {
                let repo = other_repository(pair, &["--object-format=sha256"]);
                repo.commit("main", "first", &[Change::File("a", b"a")]).unwrap();
            },
            &[
                "the repository uses SHA-256 object names, which are not supported yet; use a SHA-1 repository",
            ],
        ),
        failing(
            "SHA-256 on this machine",
            |pair| {
                let repo = other_repository(pair, &["--object-format=sha256"]);
                repo.commit("main", "first", &[Change::File("a", b"a")]).unwrap();
                let url = pair.estate.git.url("fleet.git");
                let yaml = pair.estate.automation("").replace(&url, &repo.path().display().to_string());
                pair.estate.object("fleet.yaml", &yaml);
            },
            &[
                "the repository uses SHA-256 object names, which are not supported yet; use a SHA-1 repository",
            ],
        ),
        failing(
            "no repository on this machine",
            |pair| {
                let url = pair.estate.git.url("fleet.git");
                pair.estate.object("fleet.yaml", &pair.estate.automation("").replace(&url, "../gone.git"));
            },
            &["failed to checkout source: there is no repository at "],
        ),
        failing(
            "a branch on this machine that another writer holds",
            |pair| {
                let (url, path) = (pair.estate.git.url("fleet.git"), pair.estate.repo.path());
                std::fs::write(path.join("refs/heads/main.lock"), "").unwrap();
                let yaml = pair.estate.automation("").replace(&url, &path.display().to_string());
                pair.estate.object("fleet.yaml", &yaml);
            },
            &["failed to update source: ", "main.lock"],
        ),
    ]);
}

#[test]
fn an_ssh_server_that_is_not_the_known_one_gets_nothing() {
    need!(Part::Git, Part::GitHttpBackend, Part::Sshd, Part::SshKeygen);
    let key = SshKey::generate("-t ed25519", "").unwrap();
    let locked = SshKey::generate("-t ed25519 -a 1", "open-sesame").unwrap();
    let authorized = vec![key.public.clone(), locked.public.clone()];
    let sshd = Sshd::start(&SshdOptions { authorized, ..SshdOptions::default() }).unwrap();
    let stranger = SshKey::generate("-t ed25519", "").unwrap();
    let known = sshd.known_hosts();
    let other = known.replace(
        known.split_whitespace().nth(2).unwrap(),
        stranger.public.split_whitespace().nth(1).unwrap(),
    );
    let elsewhere = known.replace("127.0.0.1", "127.0.0.2");
    let rows: &[(&'static str, &[(&str, &str)], &'static [&'static str])] = &[
        (
            "an unknown host key",
            &[("identity", &key.private), ("known_hosts", &elsewhere)],
            &[
                "failed to checkout source: known_hosts has no key for 127.0.0.1; if SHA256:",
                "is its key, add what ssh-keyscan prints",
            ],
        ),
        (
            "a changed host key",
            &[("identity", &key.private), ("known_hosts", &other)],
            &[
                "the host key of 127.0.0.1 is SHA256:",
                "which is not the one in known_hosts; somebody may be in between, or the server got a new key",
            ],
        ),
        (
            "no known_hosts",
            &[("identity", &key.private)],
            &["Secret/default/git: key 'known_hosts' is missing; ssh needs it"],
        ),
        (
            "a key that is not let in",
            &[("identity", &stranger.private), ("known_hosts", &known)],
            &["127.0.0.1 does not let user", "add its public half there"],
        ),
        (
            "the wrong key password",
            &[("identity", &locked.private), ("password", "open-barley"), ("known_hosts", &known)],
            &["failed to checkout source: ", "password"],
        ),
        (
            "no key password",
            &[("identity", &locked.private), ("known_hosts", &known)],
            &["failed to checkout source: ", "password"],
        ),
        (
            "no key at all",
            &[("identity", "hunter2"), ("known_hosts", &known)],
            &["failed to checkout source: "],
        ),
    ];
    let check = |name, values: &[(&str, &str)], says| {
        let pair = Pair::new();
        let yaml = pair
            .estate
            .automation("")
            .replace(&pair.estate.git.url("fleet.git"), &sshd.url(pair.estate.repo.path()));
        pair.estate.object(
            "fleet.yaml",
            &yaml.replace("interval: 5m, ref:", "interval: 5m, secretRef: {name: git}, ref:"),
        );
        secret(&pair, values);
        failing(name, |_| (), says).check_on(&pair);
    };
    side_by_side(rows, |(name, values, says)| check(name, values, says));
}
